# SPDX-License-Identifier: MIT
"""A booted Cairn: one run from GRUB to power-off, driven at dom0's prompt."""

import pathlib
import re
import time
from dataclasses import dataclass, field

from . import cpio, image, paths
from .console import ConsoleClosed, ConsoleTimeout
from .machine import Machine, Spec

PROMPT = r"^dom0# $"
# What the hypervisor prints when it gives up.
PANICS = (r"^\(XEN\) Panic on CPU",)
POWER_OFF = "Hardware Dom0 halted: powering off"

BOOT_TIMEOUT = 300
COMMAND_TIMEOUT = 120


class CairnError(Exception):
    """The boot failed or the host died; the text says what was seen."""


@dataclass
class Setup:
    """What to boot and on what."""

    spec: Spec = field(default_factory=Spec)
    variant: str = "debug"
    options: str = ""
    """Hypervisor options after the usual ones."""
    dom0: image.Module = None
    """The dom0 kernel; our own when None."""
    dom0_cmdline: str = ""
    files: dict = field(default_factory=dict)
    """What dom0's ramfs holds: path -> bytes."""
    iso: pathlib.Path = None
    """Boot this image instead of composing one."""
    announced: tuple = ()
    """Patterns for lines in the emulator's log that are meant to appear."""
    keep_image: bool = False


@dataclass
class Outcome:
    """What a dom0 command printed, and its exit status."""

    status: int
    output: str

    @property
    def lines(self):
        """Lines of output without the hypervisor's own messages."""
        return [line for line in self.output.split("\n") if not line.startswith("(XEN) ")]


def compose(setup, output):
    """Write the boot image that setup describes."""
    options = f"{image.DEFAULT_OPTIONS} {setup.options}".strip()
    kernel = image.load(paths.hypervisor(setup.variant), options, "cairn.elf")
    dom0 = setup.dom0 or image.load(paths.DOM0, setup.dom0_cmdline)
    initrd = image.Module("initrd.cpio", cpio.archive(setup.files))
    image.make_iso([image.Entry("Cairn", kernel, [dom0, initrd])], output)


class Cairn:
    """A running machine with Cairn on it.  Use as a context manager."""

    def __init__(self, setup, name, echo=None):
        self.setup = setup
        self.folder = paths.new_run(f"{name}-{setup.spec.label()}")
        self._count = 0
        self._composed = None
        iso = setup.iso
        if iso is None:
            iso = self._composed = self.folder / "boot.iso"
            compose(setup, iso)
        self.machine = Machine(setup.spec, iso, self.folder, echo)
        self.console = self.machine.console

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Stop the machine, whatever it is doing, and tidy up."""
        self.machine.kill()
        if self._composed and not self.setup.keep_image:
            self._composed.unlink(missing_ok=True)

    @property
    def log(self):
        """Everything that came over the serial line so far."""
        return self.console.text

    def expect(self, pattern, timeout=COMMAND_TIMEOUT, what=""):
        """Wait for text; CairnError when it does not come or the host dies.

        what is the end that is waited for, in words.
        """
        try:
            return self.console.expect(pattern, timeout, PANICS)
        except (ConsoleClosed, ConsoleTimeout) as error:
            reason = self.complaints()
            detail = f"; emulator: {reason[-1]}" if reason else ""
            if isinstance(error, ConsoleClosed):
                raise CairnError(f"host died: {error}{detail}") from error
            reason = f"{what} not within {timeout:.0f} s" if what else error
            raise CairnError(f"timed out: {reason}{detail}") from error

    def boot(self, timeout=BOOT_TIMEOUT):
        """Wait for dom0's prompt; returns self."""
        self.expect(PROMPT, timeout)
        return self

    def run(self, command, timeout=COMMAND_TIMEOUT):
        """Run one line at dom0's prompt; returns its Outcome."""
        self._count += 1
        mark = f"end-{self._count}:rc"
        start = self.console.position
        try:
            self.console.send(f"{command}; echo {mark}=$?\n")
        except ConsoleClosed as error:
            raise CairnError(f"host died: {error}") from error
        found = self.expect(rf"{mark}=(\d+)\n", timeout, f"the end of '{command}'")
        output = self.console.text[start : found.start()]
        # The first line is the echo of what was typed.
        output = output.partition("\n")[2]
        self.expect(PROMPT, timeout)
        return Outcome(int(found[1]), output)

    def power_off(self, timeout=COMMAND_TIMEOUT):
        """Type poweroff and wait for the machine to go; CairnError if not."""
        try:
            self.console.send("poweroff\n")
        except ConsoleClosed as error:
            raise CairnError(f"host died: {error}") from error
        if not self.wait_end(timeout):
            raise CairnError("timed out: the machine is still on after poweroff")
        if POWER_OFF not in self.log:
            raise CairnError("the hypervisor did not announce the power-off")
        self.check_complaints()

    def wait_end(self, timeout):
        """Wait until the emulator has ended; whether it has."""
        deadline = time.monotonic() + timeout
        return self.machine.wait(max(0.0, deadline - time.monotonic()))

    def complaints(self):
        return self.machine.complaints(self.setup.announced)

    def check_complaints(self):
        """CairnError when the emulator logged refused VMX work or a panic, or
        an audit by the hypervisor, or its sanitizer, found something wrong."""
        found = self.complaints()
        if found:
            raise CairnError(f"emulator: {found[0]}")
        found = re.search(r"^\(XEN\) ((shadow audit|UBSan): .*)", self.log, re.MULTILINE)
        if found:
            raise CairnError(found[1])
