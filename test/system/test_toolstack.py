# SPDX-License-Identifier: MIT
"""What `xl` promises, as a user would try it."""

import json
import re

from cairn_runner import paths

EXAMPLE = "test-hvm64-example"
INFO = ("test-hvm64-start-info", "test-hvm32pae-start-info")
ENDLESS = "test-hvm64-spin-cli"
CFG = f"/etc/xen/{EXAMPLE}.cfg"


def _names(booted):
    """Names of the domains, in order."""
    lines = [line.split() for line in booted.run("xl list").lines]
    return [words[0] for words in lines if words and words[0] != "Name"]


def _ok(booted, command, pattern=""):
    """Run a command that must succeed and print something that matches."""
    outcome = booted.run(command)
    assert outcome.status == 0, f"{command}: exit {outcome.status}: {outcome.output[-200:]}"
    assert re.search(pattern, outcome.output, re.M), f"{command}: {outcome.output[-300:]!r}"
    return outcome.output


def test_create_forms(context):
    """Options and overrides of create; prefixes; the other small commands."""
    booted = context.boot(context.guest_files(EXAMPLE, *INFO))
    ended = r"Test result: SUCCESS\n(\(XEN\).*\n)*Domain {} \(id \d+\) shut down: reason poweroff$"
    _ok(booted, f"xl cr -qc {CFG}", ended.format(EXAMPLE))
    _ok(booted, f"xl create -c {CFG} name=other memory=32", ended.format("other"))
    pvh = f"type=pvh kernel=/guest/{EXAMPLE} name=direct memory=8"
    _ok(booted, f"xl create -c {pvh}", ended.format("direct"))
    for guest in INFO:
        said = f"type=pvh kernel=/guest/{guest} cmdline=pvh name=info memory=8 maxvcpus=3"
        _ok(booted, f"xl create -c {said}", ended.format("info"))
    _ok(booted, f"xl create -F {CFG}", rf"^Domain {EXAMPLE} \(id \d+\) shut down: reason poweroff$")
    config = json.loads(_ok(booted, f"xl create -n {CFG} memory=64 'cmdline=\"a b\"'"))
    assert config["b_info"]["target_memkb"] == 64 << 10 and config["b_info"]["cmdline"] == "a b"
    _ok(booted, f"xl create -p {CFG}")
    listed = json.loads(_ok(booted, "xl list -l"))
    assert [d["config"]["c_info"]["name"] for d in listed] == ["Domain-0", EXAMPLE]
    number = _ok(booted, f"xl domid {EXAMPLE}").strip()
    assert _ok(booted, f"xl domname {number}").strip() == EXAMPLE
    _ok(booted, "xl vcpu-list", rf"^{EXAMPLE}\s+{number}\s+0\s")
    _ok(booted, f"xl unpause {number}; xl console {EXAMPLE}", r"^Test result: SUCCESS$")
    assert booted.run("xl d").status == 2, "an ambiguous prefix is accepted"
    assert _names(booted) == ["Domain-0"]
    booted.power_off()


def test_two_guests(context):
    """Two endless guests and dom0 share the processor; each can be ended."""
    other = "test-hvm32-spin-cli"
    booted = context.boot(context.guest_files(ENDLESS, other))
    for name in (ENDLESS, other):
        _ok(booted, f"xl create /etc/xen/{name}.cfg")
    assert _names(booted) == ["Domain-0", ENDLESS, other]
    _ok(booted, "xl debug-keys q", r"^\(XEN\) d2: HVM")
    _ok(booted, f"xl shutdown -wF {ENDLESS}")
    assert _names(booted) == ["Domain-0", other]
    _ok(booted, f"xl destroy {other}")
    assert _names(booted) == ["Domain-0"]
    booted.power_off()


def test_console_detach(context):
    """Ctrl-], or another key that was chosen, leaves a guest's console."""
    booted = context.boot(context.guest_files(ENDLESS))
    _ok(booted, f"xl create /etc/xen/{ENDLESS}.cfg")
    for option, key in (("", "\x1d"), ("-e x", "x"), ("-e ^T", "\x14")):
        booted.console.send(f"xl console {option} {ENDLESS}\n")
        booted.console.drain(1)
        booted.console.send(key)
        booted.expect(r"^dom0# $", 20)
    assert ENDLESS in _names(booted)
    booted.power_off()


def test_reboot_loop_ends(context):
    """A guest that only reboots is restarted some times, not for ever."""
    name = "test-hvm64-triple-fault"
    booted = context.boot(context.guest_files(name))
    output = _ok(booted, f"xl create -F /etc/xen/{name}.cfg on_reboot=restart", r"not again$")
    assert 2 <= output.count("shut down: reason reboot\nDomain") <= 10, output
    assert _names(booted) == ["Domain-0"]
    booted.power_off()


def test_preserve(context):
    """A crashed guest that is to be preserved stays until it is destroyed."""
    name = "test-hvm64-crash"
    booted = context.boot(context.guest_files(name))
    _ok(booted, f"xl create -c /etc/xen/{name}.cfg on_crash=preserve", r"reason crash$")
    _ok(booted, "xl list -v", rf"^{name}\s+1\s+\d+\s+1\s+----c-.*\bcrash$")
    _ok(booted, "xl debug-keys v", r"^\(XEN\)\s+GUEST_RIP")
    _ok(booted, f"xl destroy {name}")
    assert _names(booted) == ["Domain-0"]
    booted.power_off()


def test_messages(context):
    """xl dmesg shows the hypervisor's messages, and -c forgets them."""
    booted = context.boot()
    _ok(booted, "xl dmesg", r"^\(XEN\)  Cairn \d")
    _ok(booted, "xl debug-keys h", r"^\(XEN\) 'h' pressed")
    _ok(booted, "xl dmesg -c", r"'h' pressed")
    assert booted.run("xl dmesg").output.strip() == ""
    booted.power_off()


def test_pv_guest(context):
    """A PV kernel as an ordinary guest: dom0's own, which is refused the console."""
    files = {
        "/etc/xen/pv.cfg": b'name="pv"\ntype="pv"\nmemory=24\nkernel="/guest/dom0.elf"\non_crash="destroy"\n',
        "/guest/dom0.elf": paths.DOM0.read_bytes(),
    }
    booted = context.boot(files)
    refused = r"^\(d1\) dom0: console: cannot start: error -1\n(\(XEN\).*\n)*.*: reason crash$"
    _ok(booted, "xl create -c /etc/xen/pv.cfg", refused)
    booted.power_off()


def test_reboot(context):
    """`reboot` at dom0's prompt starts the machine again."""
    booted = context.boot(spec=context.machine(reset_on_triple_fault=True))
    booted.console.send("reboot\n")
    booted.expect(r"^\(XEN\) Hardware Dom0 shut down \(reboot\): rebooting", 20)
    booted.expect(r"^\(XEN\)  Cairn \d", 60)
    booted.boot()
    booted.power_off()
