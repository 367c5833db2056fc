# SPDX-License-Identifier: MIT
"""How long the hypervisor keeps a CPU at a time, in the worst cases that we know."""

import re

from cairn_runner import paths
from cairn_runner.memory import audit_clean
from cairn_runner.system import Skip

LIMIT = 2_000_000
WORST = "test-hvm64-worst-case"
NARROW = "test-hvm32-worst-case"
PARTS = {"grants": LIMIT, "events": LIMIT // 4, "memory": LIMIT, "tables": LIMIT}


def _stretch(booted):
    """The longest stretch since it was last asked for, and what it was."""
    output = booted.run("xl debug-keys l").output
    found = [(int(ticks), what) for what, ticks in re.findall(r"^\(XEN\)   (.*): (\d+)$", output, re.M)]
    assert len(found) == 5, output
    return max(found)


def _case(booted, label, command, wanted="", limit=LIMIT):
    """Run @command in dom0; what it took must be below @limit."""
    _stretch(booted)
    outcome = booted.run(command, timeout=400)
    assert outcome.status == 0 and wanted in outcome.output, f"{label}: {outcome.output[-600:]}"
    ticks, what = _stretch(booted)
    print(f"    {label}: {ticks} ({what})")
    return [] if ticks < limit else [f"{label}: {ticks} ({what})"]


def _largest(booted, path, words, spare=24):
    """Create and destroy a guest with all memory that is free but for some MiB."""
    mib = int(booted.run("xl info free_memory_kib").lines[0]) // 1024 - spare
    name = " ".join([path.rpartition("/")[2], f"{mib} MiB", words])
    over = _case(booted, f"create {name}", f"xl create -p {path} memory={mib} name=\"big\" {words}")
    return over + _case(booted, f"destroy {name}", "xl destroy big")


def test_worst_cases(context):
    """No worst case keeps a CPU for two million instructions."""
    if context.variant != "debug" or context.spec.emulator != "bochs":
        raise Skip("only a debug build counts, only Bochs counts instructions")
    files = context.guest_files(WORST, NARROW)
    files["/guest/dom0.elf"] = paths.DOM0.read_bytes()
    files["/etc/xen/pv.cfg"] = b'name="pv"\ntype="pv"\nkernel="/guest/dom0.elf"\n'
    path = f"/etc/xen/{WORST}.cfg"
    booted = context.boot(files, spec=context.machine(memory=1024))
    over = []
    for hap in (1, 0):
        for part, limit in PARTS.items():
            command = f"xl create -c {path} hap={hap} cmdline=\"{part}\""
            over += _case(booted, f"{part} hap={hap}", command, "Test result: SUCCESS", limit)
        command = f'xl create -c /etc/xen/{NARROW}.cfg hap={hap} cmdline="memory"'
        over += _case(booted, f"memory, 32-bit hap={hap}", command, "Test result: SUCCESS")
        over += _largest(booted, path, f"hap={hap}")
    over += _largest(booted, path, "hap=0 shadow_memory=256", 264)
    over += _largest(booted, "/etc/xen/pv.cfg", "")
    audit_clean(booted)
    assert not over, "; ".join(over)
    booted.power_off()
