# SPDX-License-Identifier: MIT
"""`make bench`: what operations cost, beside other hypervisors.

Ticks come from the release hypervisor; VM exits, VMREADs and VMWRITEs from
the same code built to count them.  test/performance.json has the other
hypervisors' figures, our aims and the bars that fail a run.
"""

import json
import re
from dataclasses import dataclass, replace

from . import guests, paths
from .cairn import Cairn, CairnError, Setup
from .memory import wait_cleared
from .report import EXIT_CODES, count_line, progress

PEERS = paths.ROOT / "test" / "performance.json"
COLUMNS = (("haswell", "ept"), ("haswell", "shadow"), ("penryn", "shadow"))
KERNELS = ("test-hvm64-bench", "test-hvm64-bench-paging")
_LINE = re.compile(r"^bench: (\w+) (\d+)(?: ([\d.]+) ([\d.]+) ([\d.]+))?\r?$", re.MULTILINE)
_DOMAIN_MIB = 64


@dataclass
class Figure:
    op: str
    paging: str
    model: str
    ticks: int
    exits: float = None
    vmreads: float = None
    vmwrites: float = None

    @property
    def column(self):
        return self.model, self.paging


def _create(cairn, guest, words):
    """Figures that a guest prints until it ends well."""
    outcome = cairn.run(f"xl create -c {guest.cfg_in_dom0} {words}", 120)
    verdict, note = guests.verdict_of(outcome.output)
    if verdict != "SUCCESS":
        raise CairnError(f"{guest.instance}: {verdict} {note}")
    return _LINE.findall(outcome.output)


def _guest_lines(cairn, found, words):
    lines = []
    for guest in found:
        lines += _create(cairn, guest, words)
    # Another guest that yields: what `yield` costs now is two switches.
    cairn.run(f"xl create {found[0].cfg_in_dom0} {words} name=\"other\" cmdline=\"yield\"")
    lines += [("two_domains_yield", *rest) for op, *rest in _create(cairn, found[0], words) if op == "yield"]
    cairn.run("xl destroy other")
    return lines


def _column(found, spec, paging):
    """The guests' figures on one machine with one kind of paging."""
    words = f"hap={int(paging == 'ept')}"
    files = {path: data for guest in found for path, data in guest.files().items()}
    lines = {}
    for variant in ("release", "count"):
        progress(f"{variant} on {spec.label()}, {paging}")
        with Cairn(Setup(spec, variant, files=files), "bench") as cairn:
            cairn.boot()
            lines[variant] = _guest_lines(cairn, found, words)
            cairn.power_off()
    counts = {op: tuple(map(float, rest)) for op, _, *rest in lines["count"]}
    return [Figure(op, paging, spec.model, int(ticks), *counts[op]) for op, ticks, *_ in lines["release"]]


def _ticks(cairn, command, before=""):
    outcome = cairn.run(f"{before}ticks {command}".strip(), 60)
    found = re.search(r"^ticks: (\d+)", outcome.output, re.MULTILINE)
    if not found or outcome.status != 0:
        raise CairnError(f"ticks {command}: {outcome.output}")
    return int(found[1])


def _info(cairn, name):
    return int(cairn.run(f"xl info {name}").lines[0].rpartition(":")[2])


def _clearing(cairn):
    """Ticks that clearing free memory while idle has taken so far."""
    return int(re.search(r"TSC ticks of clearing them: (\d+)", cairn.run("xl debug-keys p").output)[1])


def _domains(guest, spec):
    """Boot, the control domain, life of a domain: no VM exits to count."""
    cfg, size = guest.cfg_in_dom0, f"memory={_DOMAIN_MIB}"
    progress(f"domains on {spec.label()}")
    with Cairn(Setup(spec, "release", files=guest.files()), "bench") as cairn:
        cairn.boot()
        log = cairn.log
        boot, ready = (
            1000 * int(re.search(rf"{text} (\d+) thousand TSC ticks", log)[1])
            for text in ("Start took", "ready after")
        )
        figures = {"pv_hypercall": _ticks(cairn, ""), "boot_to_dom0": boot, "boot_to_prompt": boot + ready}
        figures["resident_kib"] = _info(cairn, "xen_memory_used_kib")
        wait_cleared(cairn)
        free = _info(cairn, "free_memory_kib")
        cairn.run(f"xl create -p {cfg} {size}")
        used = (free - _info(cairn, "free_memory_kib")) // 4
        cairn.run("xl debug-keys q")
        figures["domain_pages"] = used - int(re.search(r"d[1-9]\d*: .* pages (\d+)", cairn.log)[1])
        clearing = _clearing(cairn)
        figures["destroy_64m"] = _ticks(cairn, f"xl destroy {guest.instance}")
        wait_cleared(cairn)
        figures["clear_64m"] = _clearing(cairn) - clearing
        figures["create_64m"] = _ticks(cairn, f"xl create -p {cfg} {size}")
        cairn.run(f"xl destroy {guest.instance}")
        wait_cleared(cairn)
        figures["create_until_dead"] = _ticks(cairn, f"xl create -F {cfg} {size}")
        wait_cleared(cairn)
        # After one with all but 16 MiB there are not 64 that are clean.
        most = f"memory={free // 1024 - 16}"
        cairn.run(f"xl create -p {cfg} {most}")
        figures["create_64m_dirty"] = _ticks(
            cairn, f"xl create -p {cfg} {size}", f"xl destroy {guest.instance} && ")
        cairn.power_off()
    figures["image_bytes"] = paths.hypervisor("release").stat().st_size
    return [Figure(op, "domains", spec.model, value) for op, value in figures.items()]


def _limits(row):
    """What a figure must be below: (name, value)."""
    return [(name, row[name]) for name in ("xen", "kvm", "bar") if name in row]


def _misses(row, figure):
    """A peer's figure is also met where neither leaves the guest."""
    return [
        f"{name} {value}"
        for name, value in _limits(row)
        if figure.ticks > value or (figure.ticks == value and figure.exits)
    ]


def _cell(figure):
    if not figure:
        return ""
    if figure.exits is None:
        return f"{figure.ticks}"
    return f"{figure.ticks} ({figure.exits:g} {figure.vmreads:g}/{figure.vmwrites:g})"


def _print(rows, figures):
    """The table; returns how many figures are judged, and the misses."""
    judged, bad = 0, []
    by_key = {(f.op, f.column): f for f in figures}
    header = [f"{model} {paging}" for model, paging in COLUMNS]
    print(f"\n{'op':<20}" + "".join(f"{h:>27}" for h in header) + f"{'Xen':>12}{'KVM':>12}{'aim':>10}{'bar':>6}")
    for row in rows:
        cells = []
        for column in COLUMNS:
            figure = by_key.get((row["op"], column))
            if row["on"] == "domains" and column == COLUMNS[0]:
                figure = by_key.get((row["op"], (column[0], "domains")))
            ours = row["on"] in ("any", column[1]) or (figure and figure.paging == row["on"])
            cells.append(_cell(figure) if ours else "")
            if not ours:
                continue
            judged += 1
            misses = _misses(row, figure) if figure else ["no figure"]
            if misses:
                bad.append(f"{row['op']} on {' '.join(column)}: {figure and figure.ticks}: {', '.join(misses)}")
        print(f"{row['op']:<20}" + "".join(f"{c:>27}" for c in cells)
              + f"{row.get('xen', '-'):>12}{row.get('kvm', '-'):>12}{row.get('aim', '-'):>10}{row.get('bar', '-'):>6}")
    print("\nIn brackets: VM exits, VMREADs/VMWRITEs.  Ticks are instructions on Bochs; Xen, KVM, aims: docs/performance.md")
    return judged, bad


def run(directory, spec):
    """All of it; writes build/bench.json; the exit code."""
    found = [g for g in guests.discover(directory) if g.instance in KERNELS]
    poweroff = [g for g in guests.discover(directory) if g.instance == "test-hvm64-poweroff"]
    figures = []
    for model, paging in COLUMNS:
        figures += _column(found, replace(spec, model=model), paging)
    figures += _domains(poweroff[0], spec)
    (paths.BUILD / "bench.json").write_text(json.dumps([vars(f) for f in figures], indent=1) + "\n")
    judged, bad = _print(json.loads(PEERS.read_text()), figures)
    for line in bad:
        print(f"not met: {line}")
    print(count_line(judged - len(bad), len(bad)))
    return EXIT_CODES["FAILURE"] if bad else 0
