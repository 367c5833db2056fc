# SPDX-License-Identifier: MIT
"""Guests that disagree about EFER share one processor, and dom0 is among them."""

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
