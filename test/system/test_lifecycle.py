# SPDX-License-Identifier: MIT
"""Guests come and go, by themselves and by force; nothing is lost."""

import os
import re

EXAMPLE = "test-hvm64-example"
ENDLESS = "test-hvm64-spin-cli"
ROUNDS = int(os.environ.get("ROUNDS", "100"))


def _free_pages(booted):
    """Free memory to the page, as `xl info` gives it."""
    outcome = booted.run("xl info free_memory_kib")
    kib = [line for line in outcome.lines if line.strip().isdigit()]
    assert outcome.status == 0 and kib, "xl info gives no free_memory_kib"
    return int(kib[0]) // 4


def _state(booted, name):
    """The state column of `xl list`, '' when the domain is not there."""
    found = re.search(rf"^{name}\s+\d+\s+\d+\s+\d+\s+(\S+)", booted.run("xl list").output, re.M)
    return found[1] if found else ""


def test_hundred_rounds(context):
    """100 (ROUNDS) rounds of create and destroy: free memory equal, to the page."""
    booted = context.boot(context.guest_files(EXAMPLE))
    # The first round may make the toolstack allocate what it keeps.
    booted.run(f"xl create -p /etc/xen/{EXAMPLE}.cfg && xl destroy {EXAMPLE}")
    before = _free_pages(booted)
    for number in range(ROUNDS):
        how = f"xl create -p /etc/xen/{EXAMPLE}.cfg && xl destroy {EXAMPLE}"
        if number % 10 == 9:
            how = f"xl create -c /etc/xen/{EXAMPLE}.cfg"
        outcome = booted.run(how)
        assert outcome.status == 0, f"round {number}: {outcome.output[-200:]}"
    after = _free_pages(booted)
    assert before == after, f"{before} pages free before, {after} after"
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
