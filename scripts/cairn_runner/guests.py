# SPDX-License-Identifier: MIT
"""Guest test kernels: find them, choose among them, judge what they print.

Any folder in XTF's layout will do, ours or a built or installed XTF: below
it, one folder a test with info.json, kernels test-ENV-NAME, and xl
configurations test-ENV-NAME[~VARIATION].cfg.
"""

import json
import pathlib
import re
from dataclasses import dataclass

ENVIRONMENTS = ("hvm64", "hvm32pae", "hvm32pse", "hvm32", "pv64", "pv32pae")

# A verdict comes with CR LF, and with a prefix when the hypervisor prints it.
_VERDICT = re.compile(r"Test result: (SUCCESS|SKIP|ERROR|FAILURE)\b( with warnings)?")
# What a test says when the emulator, not the thing under test, is wrong.
_ALLOWED = re.compile(r"^ *allowed: ", re.MULTILINE)
ALLOWED = "allowed by docs/emulators.md"
_SHUT_DOWN = re.compile(
    r"^Domain \S+ \(id \d+\) shut down: reason (\S+)"
    r"|^\(XEN\) Hardware Dom0 (?:shut down \()?(\w+)", re.MULTILINE
)
_DOM0_REASONS = {"halted": "poweroff", "crashed": "crash"}
_CMDLINE_IN_CFG = re.compile(r"""^[ \t]*cmdline[ \t]*=[ \t]*(["'])(.*?)\1""", re.MULTILINE)
_FILES_IN_CFG = re.compile(
    r"""^[ \t]*(?:kernel|firmware_override|ramdisk)[ \t]*=[ \t]*(["'])(.+?)\1""", re.MULTILINE
)

# Cairn as a guest, with a PV kernel for its dom0: a processor with what only we emulate.
_INNER = "/inner/cairn"
_INNER_CFG = f"""name="{{}}"
type="hvm"
memory=128
kernel="{_INNER}"
ramdisk="/inner/{{}}"
cmdline="console=e9 noreboot dom0_max_vcpus=2"
on_reboot="destroy"
"""

# Who speaks, before a line that did not come from the guest by its own console.
_PREFIX = re.compile(r"^\(d\d+\) ")
_REASON_LENGTH = 100


class GuestError(Exception):
    """The folder or the selection is wrong; the text says how."""


@dataclass(frozen=True)
class Expect:
    """How a guest is meant to end; "expect" in info.json says otherwise."""

    result: str = "SUCCESS"
    """Its verdict; None: it prints none."""
    shutdown: str = "poweroff"
    """Its reason to shut down; None: any, or it never does."""
    line: str = ""
    """Text that must appear."""
    then: str = ""
    """'destroy': it goes on for ever and is destroyed after that line."""
    needs: str = ""
    """A feature of VT-x, by the hypervisor's word, without which it is skipped."""

    @property
    def normal(self):
        return self == Expect()


@dataclass(frozen=True)
class Guest:
    """One test instance: a kernel with one configuration."""

    instance: str
    name: str
    environment: str
    variation: str
    category: str
    folder: pathlib.Path
    expect: Expect = Expect()
    paging: str = ""
    """'hap' or 'shadow': say so in the configuration."""
    words: str = ""
    """For the kernel, in place of the configuration's command line."""
    inner: pathlib.Path | None = None
    """The hypervisor in whose HVM guest it runs, as dom0 of that."""

    @property
    def kernel(self):
        return self.folder / f"test-{self.environment}-{self.name}"

    @property
    def cfg(self):
        return self.folder / f"{self.instance}.cfg"

    @property
    def cfg_in_dom0(self):
        return f"/etc/xen/{self.instance}.cfg"

    @property
    def cmdline(self):
        """The kernel's command line: words, or what the configuration has."""
        if self.words:
            return self.words
        found = _CMDLINE_IN_CFG.search(self.cfg.read_text(errors="replace"))
        return found[2] if found else ""

    def files(self):
        """What dom0 must hold to start it: path -> bytes.

        Each file that the configuration names is at the path named there; it
        is taken from the test's folder, wherever that is now.
        """
        try:
            cfg = self.cfg.read_bytes()
            if self.inner:
                cfg = _INNER_CFG.format(self.instance, self.kernel.name).encode()
            if self.paging and self.environment.startswith("hvm") and not self.variation:
                cfg += f"\nhap={int(self.paging == 'hap')}\n".encode()
            if self.words:
                cfg += f'\ncmdline="{self.words}"\n'.encode()
            found = {self.cfg_in_dom0: cfg}
            for _, path in _FILES_IN_CFG.findall(cfg.decode(errors="replace")):
                name = pathlib.PurePosixPath(path).name
                file = self.inner if path == _INNER else self.folder / name
                found[path] = file.read_bytes()
        except OSError as error:
            raise GuestError(f"{self.instance}: {error.strerror}: {error.filename}") from error
        return found


def discover(directory):
    """All test instances below directory, in order of name."""
    directory = pathlib.Path(directory).resolve()
    if not directory.is_dir():
        raise GuestError(f"{directory}: no such folder")
    found = []
    for info_path in sorted(directory.rglob("info.json")):
        try:
            info = json.loads(info_path.read_text())
            name, category = info["name"], info.get("category", "")
            environments, variations = info["environments"], info.get("variations") or [""]
            expect = Expect(**info.get("expect", {}))
        except (ValueError, KeyError, TypeError) as error:
            raise GuestError(f"{info_path}: not a test description ({error})") from error
        for environment in sorted(environments, key=_environment_order):
            for variation in variations:
                tail = f"~{variation}" if variation else ""
                instance = f"test-{environment}-{name}{tail}"
                identity = (instance, name, environment, variation, category)
                guest = Guest(*identity, info_path.parent, expect)
                if guest.kernel.exists() or guest.cfg.exists():
                    found.append(guest)
    if not found:
        raise GuestError(f"{directory}: no built tests (info.json with kernels) found")
    return found


def _environment_order(environment):
    return ENVIRONMENTS.index(environment) if environment in ENVIRONMENTS else 99


def select(guests, words):
    """The guests that words choose, as xtf-runner does it.

    A word is a category, an environment, 'pv' or 'hvm', or a test's name with
    or without 'test-', environment and variation.  Words of one kind add up;
    different kinds restrict each other.  No words: all.
    """
    categories, environments, names = set(), set(), []
    for word in words:
        if any(guest.category == word for guest in guests):
            categories.add(word)
        elif word in ENVIRONMENTS:
            environments.add(word)
        elif word in ("pv", "hvm"):
            environments.update(e for e in ENVIRONMENTS if e.startswith(word))
        else:
            chosen = [guest for guest in guests if word in _names(guest)]
            if not chosen:
                raise GuestError(f"nothing is called '{word}'")
            names += chosen
    return [
        guest
        for guest in guests
        if (not categories or guest.category in categories)
        and (not environments or guest.environment in environments)
        and (not names or guest in names)
    ]


def _names(guest):
    base = f"{guest.environment}-{guest.name}"
    bases = (guest.name, base, f"test-{base}")
    tail = f"~{guest.variation}" if guest.variation else ""
    return {*bases, *(b + tail for b in bases)}


def _reason(output):
    """What a guest said last, as a rule why it is not a SUCCESS."""
    for line in reversed(output.split("\n")):
        line = _PREFIX.sub("", line.strip())
        if re.search(r"\w", line) and not line.startswith("(XEN) "):
            return line[:_REASON_LENGTH]
    return ""


def verdict_of(output, expect=Expect()):
    """What a guest's console output says: (verdict, note).

    The last verdict printed counts, and a guest that ended otherwise than it
    is meant to did not succeed, whatever it printed.
    """
    found = list(_VERDICT.finditer(output))
    end = _SHUT_DOWN.search(output)
    reason = (end[1] or _DOM0_REASONS.get(end[2], end[2])) if end else ""
    ending = f"shut down: {reason}" if end else "no end seen"
    verdict, warnings = found[-1].groups() if found else (None, None)
    if expect.line and expect.line not in output:
        return "FAILURE", f"it never said '{expect.line}'; {ending}"
    if expect.result is None:
        if verdict in ("SUCCESS", None):
            verdict = "SUCCESS"
    elif verdict is None:
        before = output[: end.start()] if end else output
        return "CRASH", f"no result; {ending}; last words: {_reason(before)}"
    if reason and expect.shutdown and reason != expect.shutdown:
        return "CRASH", f"{ending}, expected: {expect.shutdown}"
    if expect.normal:
        notes = ["with warnings"] if warnings else []
        if verdict != "SUCCESS":
            first = output.find("Test result: ")
            notes += [_reason(output[: output.rfind("\n", 0, first) + 1]), ending]
        allowed = len(_ALLOWED.findall(output))
        notes += [f"{allowed} {ALLOWED}"] if allowed else []
        return verdict, ", ".join(notes)
    return verdict, f"as expected; {ending}" if reason else "as expected"
