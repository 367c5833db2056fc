# SPDX-License-Identifier: MIT
"""Xenstore between dom0 and guests; shutting down by asking."""

import re

GUEST = "test-hvm64-xenstore"
CFG = f"/etc/xen/{GUEST}.cfg cmdline=wait-shutdown"
ENDLESS = "test-hvm64-spin-cli"
READY = "control/feature-poweroff"
HOSTILE = "test-hvm32-xenstore-hostile"


def _ok(booted, command, pattern=""):
    """Run a command that must succeed and print something that matches."""
    outcome = booted.run(command)
    assert outcome.status == 0, f"{command}: exit {outcome.status}: {outcome.output[-200:]}"
    assert re.search(pattern, outcome.output, re.M), f"{command}: {outcome.output[-300:]!r}"
    return outcome.output


def _number(booted, name):
    """The domain's number, None when it is not there."""
    outcome = booted.run(f"xl domid {name}")
    found = re.search(r"^\d+$", outcome.output, re.M)
    return int(found[0]) if outcome.status == 0 and found else None


def _wait_ready(booted, number):
    """Until the guest has announced that it listens."""
    for _ in range(100):
        if re.search("^1$", booted.run(f"sleep 0.1; xenstore-read /local/domain/{number}/{READY}").output, re.M):
            return
    raise AssertionError(f"domain {number} does not announce {READY}")


def _start(booted, options=""):
    """A guest that waits to be asked; returns its number."""
    _ok(booted, f"xl create {CFG} {options}")
    number = _number(booted, GUEST)
    _wait_ready(booted, number)
    return number


def test_shutdown(context):
    """xl shutdown -w asks a guest, which answers and powers off."""
    booted = context.boot(context.guest_files(GUEST))
    _start(booted)
    _ok(booted, f"xl shutdown -w {GUEST}")
    assert _number(booted, GUEST) is None
    _ok(booted, f"cat /var/log/xen/console/guest-{GUEST}.log", r"^asked to poweroff\r?$")
    assert not booted.run("xenstore-list /vm").output.strip(), "nodes are left"
    booted.power_off()


def test_reboot(context):
    """xl reboot -w asks a guest, which is made again; -a asks all."""
    booted = context.boot(context.guest_files(GUEST))
    first = _start(booted)
    # In a test guest's configuration a reboot destroys it.
    _ok(booted, "xl reboot -wa")
    assert _number(booted, GUEST) is None
    second = _start(booted, "on_reboot=restart")
    assert second == first + 1
    _ok(booted, f"xl reboot -w {GUEST}")
    assert _number(booted, GUEST) == second + 1
    _ok(booted, f"cat /var/log/xen/console/guest-{GUEST}.log", r"^asked to reboot\r?$")
    _ok(booted, f"xl destroy {GUEST}")
    booted.power_off()


def test_deaf_guests(context):
    """A guest that does not listen stays, unless -F says what to do then."""
    booted = context.boot(context.guest_files(ENDLESS))
    _ok(booted, f"xl create /etc/xen/{ENDLESS}.cfg")
    refused = booted.run(f"xl shutdown {ENDLESS}")
    assert refused.status == 1 and "-F" in refused.output, refused.output
    assert _number(booted, ENDLESS) == 1
    _ok(booted, f"xl shutdown -wF {ENDLESS}")
    assert _number(booted, ENDLESS) is None
    # A PVH kernel is asked; this one does not look, and the wait can be ended.
    _ok(booted, f"xl create type=pvh kernel=/guest/{ENDLESS} name=deaf memory=8")
    booted.console.send("xl shutdown -w deaf\n")
    booted.console.drain(1)
    booted.console.send("\x03")
    booted.expect(r"^dom0# $", 20)
    _ok(booted, "xenstore-read /local/domain/2/control/shutdown", r"^poweroff$")
    _ok(booted, "xl destroy deaf")
    booted.power_off()


def test_hostile_guest(context):
    """One guest abuses its ring, said once; another is asked meanwhile and answers."""
    booted = context.boot(context.guest_files(GUEST, HOSTILE))
    _start(booted)
    # One line, as what the server says of it would spoil a prompt.
    _ok(booted, f"xl create /etc/xen/{HOSTILE}.cfg; sleep 2; xl shutdown -w {GUEST}", "domain 2 is ignored")
    output = _ok(booted, f"xl create -c /etc/xen/{HOSTILE}.cfg name=again", "^Test result: SUCCESS")
    assert output.count("xenstore: domain 3 is ignored") == 1, output
    booted.power_off()


def test_commands(context):
    """The xenstore commands of dom0's shell."""
    booted = context.boot()
    _ok(booted, "xenstore-read /local/domain/0/name domid", r"^Domain-0\n0$")
    _ok(booted, "xenstore-write /a/b 'two words' /a/c 2 && xenstore-ls /a", r'^b = "two words"\nc = "2"$')
    _ok(booted, "xenstore-ls -fp /a", r'^/a/c = "2"   \(n0\)$')
    _ok(booted, "xenstore-list /a", r"^b\nc$")
    _ok(booted, "xenstore-rm /a && xenstore-list /", r"^local\ntool\nvm$")
    assert booted.run("xenstore-exists /a").status == 1
    assert "no such entry" in booted.run("xenstore-read /a").output
    assert booted.run("xenstore-write /a").status == 2
    booted.power_off()
