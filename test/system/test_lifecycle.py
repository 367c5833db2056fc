# SPDX-License-Identifier: MIT
"""Guests come and go, by themselves and by force; nothing is lost."""

import os
import re

from cairn_runner import paths
from cairn_runner.memory import audit_clean, usage

EXAMPLE = "test-hvm64-example"
ENDLESS = "test-hvm64-spin-cli"
ROUNDS = int(os.environ.get("ROUNDS", "100"))


def _state(booted, name):
    """The state column of `xl list`, '' when the domain is not there."""
    found = re.search(rf"^{name}\s+\d+\s+\d+\s+\d+\s+(\S+)", booted.run("xl list").output, re.M)
    return found[1] if found else ""


KINDS = {
    "ept": f"/etc/xen/{EXAMPLE}.cfg hap=1",
    "shadow": "/etc/xen/test-hvm32-example.cfg hap=0",
    "pvh": "/etc/xen/pvh.cfg",
    "pv": "/etc/xen/pv.cfg",
    "smp": "/etc/xen/test-hvm64-smp.cfg",
}
AT_ONCE = 8


def _rounds(booted, number):
    """Make so many guests of all kinds, some of which run; at most eight live at a time."""
    alive = []
    for n in range(number + AT_ONCE):
        if n >= AT_ONCE:
            booted.run(f"xl destroy {alive.pop(0)}")
        if n < number:
            kind = list(KINDS)[n % len(KINDS)]
            how = "-q" if n % 3 == 0 else "-p"
            outcome = booted.run(f"xl create {how} {KINDS[kind]} 'name=\"{kind}{n}\"'")
            assert outcome.status == 0, f"round {n}: {outcome.output[-300:]}"
            alive.append(f"{kind}{n}")
    booted.run("sleep 0.5")
    left = booted.run("xl list").output
    assert len(left.strip().splitlines()) == 2, left


def test_hundred_rounds(context):
    """100 (ROUNDS) rounds of create and destroy, guests of all kinds, eight at once in 256 MiB:
    free memory and heap equal, to the byte."""
    files = context.guest_files(EXAMPLE, "test-hvm32-example", "test-hvm64-smp")
    files["/guest/dom0.elf"] = paths.DOM0.read_bytes()
    files["/etc/xen/pv.cfg"] = b'type="pv"\nmemory=24\nkernel="/guest/dom0.elf"\non_crash="destroy"\n'
    pvh = files[f"/etc/xen/{EXAMPLE}.cfg"].replace(b'"hvm"', b'"pvh"')
    files["/etc/xen/pvh.cfg"] = pvh.replace(b"firmware_override", b"kernel")
    booted = context.boot(files, spec=context.machine(memory=256))
    # The first rounds may make the toolstack allocate what it keeps.
    _rounds(booted, 2 * AT_ONCE)
    before = usage(booted)
    _rounds(booted, ROUNDS)
    assert usage(booted) == before, f"{before} before, {usage(booted)} after"
    audit_clean(booted)
    booted.power_off()


def test_pause_and_destroy(context):
    """A guest that never yields is paused, goes on, and is destroyed."""
    booted = context.boot(context.guest_files(ENDLESS))
    assert booted.run(f"xl create /etc/xen/{ENDLESS}.cfg").status == 0
    assert "p" not in _state(booted, ENDLESS)
    assert booted.run(f"xl pause {ENDLESS}").status == 0
    assert "p" in _state(booted, ENDLESS)
    assert booted.run(f"xl unpause {ENDLESS}").status == 0
    assert "p" not in _state(booted, ENDLESS)
    assert booted.run(f"xl destroy {ENDLESS}").status == 0
    assert not _state(booted, ENDLESS), "still listed"
    booted.power_off()


def test_log_of_a_short_life(context):
    """The log of a guest that died at once has all that it said."""
    booted = context.boot(context.guest_files(EXAMPLE))
    assert booted.run(f"xl create -c /etc/xen/{EXAMPLE}.cfg").status == 0
    log = booted.run(f"cat /var/log/xen/console/guest-{EXAMPLE}.log")
    assert "Test result: SUCCESS" in log.output, log.output[-200:]
    booted.power_off()


def test_poweroff_with_guests(context):
    """dom0 powers off while a guest runs."""
    booted = context.boot(context.guest_files(ENDLESS))
    assert booted.run(f"xl create /etc/xen/{ENDLESS}.cfg").status == 0
    booted.power_off()


def test_debug_keys(context):
    """Ctrl-A three times reaches the hypervisor's keys and comes back."""
    booted = context.boot()
    booted.console.send("\x01\x01\x01")
    booted.expect(r"(?i)^\(XEN\).*input", 20)
    booted.console.send("h")
    booted.expect(r"(?i)^\(XEN\).*key", 20)
    booted.console.send("\x01\x01\x01")
    booted.console.drain(2)
    booted.console.send("\n")
    booted.expect(r"^dom0# $", 30)
    booted.power_off()
