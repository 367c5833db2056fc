# SPDX-License-Identifier: MIT
"""Guests that disagree about EFER share one processor, and dom0 is among them."""

import os
import re
import time

# Each toggles SCE or NXE, or changes its paging mode, all the time.
GUESTS = (
    "test-hvm64-syscall-sce",
    "test-hvm64-nx-faults",
    "test-hvm32pae-nx-faults",
    "test-hvm32pse-nx-faults",
    "test-hvm32-efer-bits",
    "test-hvm64-mode-walk",
    "test-hvm32pae-pdpte-load",
)
TIMEOUT = 300


def _log(booted, name):
    return booted.run(f"cat /var/log/xen/console/guest-{name}.log").output


def test_side_by_side(context):
    """Guests with other SCE, NXE and modes, two of each, all at the same time.

    T47: SYSCALL works in one and is #UD in the other; T48: dom0's hypercalls
    are SYSCALLs and go on meanwhile.
    """
    booted = context.boot(context.guest_files(*GUESTS))
    names = []
    for guest in GUESTS:
        for number in (1, 2):
            names.append(f"{guest}-{number}")
            created = booted.run(f"xl create -p /etc/xen/{guest}.cfg 'name=\"{names[-1]}\"'")
            assert created.status == 0, created.output
    outcome = booted.run("; ".join(f"xl unpause {name}" for name in names[::-1]))
    assert outcome.status == 0, outcome.output
    deadline = time.monotonic() + TIMEOUT
    while any(guest in booted.run("xl list").output for guest in GUESTS):
        assert time.monotonic() < deadline, "guests did not end"
    bad = [name for name in names if "Test result: SUCCESS" not in _log(booted, name)]
    assert not bad, f"no success: {' '.join(bad)}"
    booted.power_off()


SMP_GUEST = "test-hvm64-efer-smp"


def test_two_cpus(context):
    """Two vCPUs with other NXE read one page 10^4 times each (T43); 10^5 exits each (T46).

    By EPT and shadow tables, on two CPUs; EXITS=1000000 in `make soak`.
    """
    words = f"rounds=10000 exits={int(os.environ.get('EXITS', 100000))}"
    booted = context.boot(context.guest_files(SMP_GUEST), spec=context.machine(cpus=2))
    for hap in (1, 0):
        command = f"xl create -c /etc/xen/{SMP_GUEST}.cfg 'hap={hap}' 'cmdline=\"{words}\"'"
        outcome = booted.run(command, timeout=1200)
        assert "Test result: SUCCESS" in outcome.output, outcome.output[-300:]
    booted.power_off()


def _counters(booted):
    """What debug key p prints of rebuilt contexts and of changed shadow roles."""
    output = booted.run("xl debug-keys p").output
    texts = ("paging contexts rebuilt by a change of mode", "shadow roots switched for another role")
    found = [re.search(rf"{text}: +(\d+)", output) for text in texts]
    return [int(match[1]) if match else 0 for match in found]


def _cost_of_20_inits(booted, guest, hap):
    """How much more a run with 25 extra INITs counts than one with 5."""
    costs = []
    for rounds in (5, 25):
        before = _counters(booted)
        command = f"xl create -c /etc/xen/{guest}.cfg 'hap={hap}' 'cmdline=\"rounds={rounds}\"'"
        outcome = booted.run(command, timeout=120)
        assert "Test result: SUCCESS" in outcome.output, outcome.output[-300:]
        costs.append([after - b for after, b in zip(_counters(booted), before)])
    return [many - few for many, few in zip(*costs[::-1])]


def test_init_rebuilds(context):
    """INIT rebuilds nothing if paging was off (T54), and exactly once if it was on (T55).

    Shadow roots change twice then: for INIT, and when the CPU has paging again.
    """
    guests = {f"test-{mode}-ap-init": mode for mode in ("hvm32", "hvm32pae", "hvm64")}
    booted = context.boot(context.guest_files(*guests))
    for guest, mode in guests.items():
        for hap in (0, 1):
            paged = mode != "hvm32"
            want = [20 * paged, 40 * paged * (1 - hap)]
            got = _cost_of_20_inits(booted, guest, hap)
            assert got == want, f"{mode}, hap={hap}: 20 INITs cost {got}, not {want}"
    booted.power_off()
