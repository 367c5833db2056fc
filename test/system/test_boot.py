# SPDX-License-Identifier: MIT
"""From GRUB to dom0's prompt, on machines with, with less and without VT-x."""

import re

from cairn_runner import paths
from cairn_runner.cairn import CairnError
from cairn_runner.system import Skip

EXAMPLE = "test-hvm64-example"


def _check_boot(context, **how):
    booted = context.boot(context.guest_files(EXAMPLE), **how)
    assert re.search(r"^\(XEN\) .*Cairn", booted.log, re.M), "no hypervisor banner"
    assert re.search(r"^Cairn dom0", booted.log, re.M), "no dom0 banner"
    info = booted.run("xl info")
    assert info.status == 0, f"xl info: {info.output}"
    listed = booted.run("xl list")
    assert re.search(r"^Domain-0\s+0\s", listed.output, re.M), "xl list has no Domain-0"
    return booted, info.output


def _check_hvm(context, **how):
    booted, info = _check_boot(context, **how)
    assert re.search(r"^virt_caps\s*:.*\bhvm\b", info, re.M), "virt_caps has no hvm"
    assert re.search(r"^\(XEN\) .*(VMX|VT-x)", booted.log, re.M), "no VMX feature line"
    outcome = booted.run(f"xl create -c /etc/xen/{EXAMPLE}.cfg")
    assert outcome.status == 0 and "Test result: SUCCESS" in outcome.output, outcome.output[-300:]
    booted.power_off()


def _check_no_hvm(context, reason, **how):
    """dom0 comes up, and says why there are no HVM guests."""
    booted, info = _check_boot(context, **how)
    caps = re.search(r"^virt_caps\s*:(.*)", info, re.M)
    assert caps and not re.search(r"\bhvm\b", caps[1]), "virt_caps promises hvm"
    assert re.search(reason, info, re.I), "xl info does not say why there is no HVM"
    outcome = booted.run(f"xl create /etc/xen/{EXAMPLE}.cfg")
    assert outcome.status == 1, f"xl create exits {outcome.status}"
    assert re.search(reason, outcome.output, re.I), f"no reason given: {outcome.output[-300:]}"
    assert EXAMPLE not in "\n".join(booted.run("xl list").lines), "a domain is left behind"
    booted.power_off()


def test_debug(context):
    """The debug build boots, runs a guest and powers off."""
    _check_hvm(context, variant="debug")


def test_release(context):
    """The release build does the same."""
    _check_hvm(context, variant="release")


def test_ubsan(context):
    """What is undefined in C is reported, once a place, and fails the run; a plain boot has none."""
    if not paths.hypervisor("ubsan").exists():
        raise Skip("make xen-ubsan has not been run")
    context.boot(variant="ubsan").power_off()
    booted = context.boot(variant="ubsan", options="ubsan=64")
    kinds = re.findall(r"(?m)^\(XEN\) UBSan: common/ubsan\.c:\d+:\d+: (.*) \(0x", booted.log)
    assert set(kinds) == {"index", "size or null", "shift", "value outside its type"}, kinds
    try:
        booted.power_off()
    except CairnError as error:
        assert "UBSan" in str(error), error
    else:
        raise AssertionError("the runner took no notice")


def test_counters(context):
    """No event has been counted that cannot have happened yet."""
    booted = context.boot()
    output = booted.run("xl debug-keys p").output
    assert "hypercalls:" in output and "shadow" not in output, output
    booted.power_off()


def test_budgets(context):
    """What we promise not to take: memory, time to boot, size of the image."""
    size = paths.hypervisor("release").stat().st_size
    assert size < 300 << 10, f"the release hypervisor has {size} bytes"
    for variant in ("release", "debug"):
        _check_budgets(context, variant)


def _check_budgets(context, variant):
    booted, info = _check_boot(context, variant=variant)
    # A tick is an instruction at ips=10000000; each part prints its own figure.
    for text, limit in ((r"^\(XEN\) Start took", 20_000), (r"^Cairn dom0: ready after", 15_000)):
        ticks = re.search(rf"{text} (\d+) thousand TSC ticks", booted.log, re.M)
        assert ticks, f"{variant}: no line '{text}'"
        assert int(ticks[1]) < limit, f"{variant}: {ticks[0]}"
    used = dict(re.findall(r"^(xen|dom0)_memory_used_kib\s*:\s*(\d+)", info, re.M))
    total = int(used["xen"]) + int(used["dom0"])
    assert total < 24 << 10, f"{variant}: {used}"
    booted.power_off()


def test_memory_sizes(context):
    """Boots with little and with much memory, to a screen beside the serial line, too."""
    for memory in (128, 2048):
        booted, _ = _check_boot(
            context, spec=context.machine(memory=memory), options="console=com1,vga"
        )
        booted.power_off()


def test_no_vtx_tcg(context):
    """QEMU without VT-x: dom0 is usable, HVM creation says why not."""
    _check_no_hvm(context, r"VT-?x|VMX", spec=context.machine(emulator="tcg"))


def test_no_vtx_bochs(context):
    """An older Intel processor without VT-x."""
    _check_no_hvm(context, r"VT-?x|VMX", spec=context.machine(model="prescott"))


def test_no_vtx_amd(context):
    """An AMD processor."""
    _check_no_hvm(context, r"VT-?x|VMX", spec=context.machine(model="venice"))


def test_no_ept(context):
    """VT-x of the first generation: no EPT, and HVM guests all the same."""
    files = context.guest_files("test-hvm64-example")
    booted = context.boot(files, spec=context.machine(model="penryn"))
    caps = booted.run("xl info virt_caps").output.split()
    assert "shadow" in caps and "hap" not in caps, caps
    ended = booted.run("xl create -c /etc/xen/test-hvm64-example.cfg")
    assert "Test result: SUCCESS" in ended.output, ended.output
    booted.power_off()


def test_no_long_mode(context):
    """A 32-bit processor: one clear line, and a halt."""
    booted = context.start(spec=context.machine(model="core_duo_t2400_yonah"))
    booted.expect(r"(?i)(long mode|64-bit)", 60)


def test_no_modules(context):
    """A dom0 module that is no kernel: a panic that names it, no reboot."""
    from cairn_runner.image import Module

    booted = context.start(dom0=Module("dom0.elf", b"not an ELF file" * 300))
    try:
        booted.expect(r"^dom0# ", 60)
    except CairnError as error:
        assert re.search(r"Panic on CPU", str(error)), str(error)
        assert re.search(r"(?i)\bELF\b", booted.log), "the panic does not say what is wrong"
    else:
        raise AssertionError("it booted")
