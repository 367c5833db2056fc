# SPDX-License-Identifier: MIT
"""Hostile hypercalls: the host lives, nothing is lost, and every operation was really reached."""

import os
import re

from cairn_runner import image, paths
from cairn_runner.memory import audit_clean, usage


# (guest, calls): 10^5 in all; `make soak` does SOAK times as many.
RUNS = [
    ("hvm64-hypercall-fuzz", 60000),
    ("hvm32pae-hypercall-fuzz", 20000),
    ("hvm32-hypercall-fuzz", 20000),
    ("pv64-hypercall-fuzz-pv", 50000),
]
SOAK = int(os.environ.get("SOAK", "1"))
WANTED = 3

# hypercall: (prefix of its operations' names, public header).
OPERATIONS = {
    "memory_op": ("XENMEM_", "memory.h"),
    "xen_version": ("XENVER_", "version.h"),
    "console_io": ("CONSOLEIO_", "xen.h"),
    "grant_table_op": ("GNTTABOP_", "grant_table.h"),
    "vm_assist": ("VMASST_CMD_", "xen.h"),
    "vcpu_op": ("VCPUOP_", "vcpu.h"),
    "sched_op": ("SCHEDOP_", "sched.h"),
    "event_channel_op": ("EVTCHNOP_", "event_channel.h"),
    "hvm_op": ("HVMOP_", "hvm/hvm_op.h"),
    "mmuext_op": ("MMUEXT_", "xen.h"),
    "callback_op": ("CALLBACKOP_", "callback.h"),
    "physdev_op": ("PHYSDEVOP_", "physdev.h"),
    "sysctl": ("XEN_SYSCTL_", "sysctl.h"),
    "domctl": ("XEN_DOMCTL_", "domctl.h"),
}

# What cannot answer in three ways: the ways there are, and why there are no more.
_ANSWER = ({"0", "14"}, "nothing of it is the caller's but the place of the answer")
_VCPU = ({"0", "2"}, "names a vCPU that there is, or not")
_TYPE = ({"0", "22"}, "names a type that there is, or not")
_NOTHING = ({"0"}, "takes nothing, or anything")
_ABSENT = ({"95"}, "not offered")
FEWER = {
    "set_timer_op": ({"0"}, "every time is one: past, future, none"),
    "XENMEM_maximum_ram_page": ({"+", "22"}, "takes nothing; bits of a list's progress are refused"),
    "XENVER_version": ({"+"}, "takes nothing"),
    "XENVER_pagesize": ({"+", "22"}, "takes nothing, and says so"),
    "XENVER_extraversion": _ANSWER,
    "XENVER_compile_info": _ANSWER,
    "XENVER_capabilities": _ANSWER,
    "XENVER_changeset": _ANSWER,
    "XENVER_platform_parameters": _ANSWER,
    "XENVER_guest_handle": _ANSWER,
    "XENVER_commandline": _ANSWER,
    "stack_switch": ({"0"}, "takes anything: what cannot be a stack is found when it is used"),
    "set_callbacks": ({"0", "22"}, "an address is none"),
    "fpu_taskswitch": _NOTHING,
    "update_descriptor": ({"0", "22"}, "frame and descriptor are refused alike"),
    "VMASST_CMD_enable": _TYPE,
    "VMASST_CMD_disable": _TYPE,
    "VCPUOP_down": _VCPU,
    "VCPUOP_stop_periodic_timer": _VCPU,
    "SCHEDOP_yield": _NOTHING,
    "SCHEDOP_block": _NOTHING,
    "HVMOP_flush_tlbs": ({"0", "22"}, "takes nothing, and says so"),
    "HVMOP_altp2m": _ABSENT,
}


def _offered():
    """Names of the hypercalls, from the table of them."""
    table = (paths.ROOT / "xen/include/cairn/hypercall.h").read_text()
    offered = re.findall(r"\bX\((\w+), (?:ANY|HVM|PV),", table)
    assert len(offered) > 10, "the table of hypercalls looks otherwise"
    return offered


def _number(name, header):
    text = (paths.BUILD / "abi/xen" / header).read_text(errors="replace")
    found = re.search(rf"#define\s+{name}\s+(\d+)\b", text)
    assert found, f"{name} is not in {header}"
    return int(found[1])


def _source(path):
    """Text of a file; what a macro makes an index of a table is added as such."""
    text = path.read_text()
    for macro, prefix in re.findall(r"#define (\w+)\(\w+, \w+\) \[(\w+_)##", text):
        text += "".join(f"[{prefix}{name}]" for name in re.findall(rf"(?m)^ +{macro}\((\w+),", text))
    return text


def _operations():
    """(name, hypercall, operation) of all that the sources handle."""
    sources = "".join(_source(p) for p in sorted((paths.ROOT / "xen").rglob("*.c")))
    for call in _offered():
        nr = _number(f"__HYPERVISOR_{call}", "xen.h")
        if call not in OPERATIONS:
            yield call, nr, 0
            continue
        prefix, header = OPERATIONS[call]
        # Labels, indices of tables, comparisons; elsewhere operations of an operation are capitals.
        first = "[A-Z]" if call == "mmuext_op" else "[a-z]"
        names = set(re.findall(rf"(?:\bcase |\[|== )({prefix}{first}\w+)(?=:|\]|\)| )", sources))
        for ends in re.findall(rf"\[({prefix}\w+)\.\.\. ({prefix}\w+)\]", sources):
            ends = [_number(end, header) for end in ends]
            text = (paths.BUILD / "abi/xen" / header).read_text()
            every = re.findall(rf"#define ({prefix}\w+)\s+(\d+)\b", text)
            names |= {name for name, number in every if ends[0] <= int(number) <= ends[1]}
        assert names, f"no operations of {call} found"
        for name in sorted(names):
            yield name, nr, _number(name, header)


def _seen(text):
    """{(hypercall, operation): results} of what the guests printed, and that they ended."""
    ended = text.count("shut down: reason poweroff")
    seen = {(_number("__HYPERVISOR_sched_op", "xen.h"), 2): {"the end"} if ended else set()}
    for _, nr, first, last, results in re.findall(
        r"cover (32|64) (\d+) (\d+)-(\d+):([ +s\d]*)", text
    ):
        for sub in range(int(first), int(last) + 1):
            seen.setdefault((int(nr), sub), set()).update(results.split())
    return seen


def _check_cover(text):
    seen, complaints, operations = _seen(text), [], list(_operations())
    for name, nr, sub in operations:
        results = seen.get((nr, sub), set())
        if name in FEWER and results != FEWER[name][0]:
            complaints.append(f"{name}: {sorted(results)}, known are {sorted(FEWER[name][0])}")
        if name not in FEWER and len(results) < WANTED:
            complaints.append(f"{name}: only {sorted(results)}")
    for name in FEWER:
        if name not in [operation for operation, _, _ in operations]:
            complaints.append(f"{name} is not handled anywhere")
    assert not complaints, "; ".join(complaints)
    print(f"    {len(operations)} operations, {len(operations) - len(FEWER)} with three results or more")


def _fuzz(booted, kernel, calls):
    """One guest's run: what it printed."""
    name = f"test-{kernel}"
    outcome = booted.run(f"xl create -c /etc/xen/{name}.cfg", 120 * SOAK)
    assert "Test result: SUCCESS" in outcome.output, f"{name}: {outcome.output[-600:]}"
    assert f"calls {calls}:" in outcome.output, f"{name}: other than {calls} calls"
    return outcome.output


def test_hostile_guests(context):
    """Guests make 10^5 hostile hypercalls: host alive, audit clean, all memory back."""
    files = context.guest_files(*(f"test-{kernel}" for kernel, _ in RUNS))
    for kernel, calls in RUNS:
        files[f"/etc/xen/test-{kernel}.cfg"] += (
            f'\ncmdline="calls={calls * SOAK} seed={SOAK}"\n'.encode()
        )
    small = "test-hvm64-example"
    files.update(context.guest_files(small))
    booted = context.boot(files)
    # What the first creation makes the toolstack keep is not a loss.
    booted.run(f"xl create -c /etc/xen/{small}.cfg")
    before, text = usage(booted), ""
    for kernel, calls in RUNS:
        text += _fuzz(booted, kernel, calls * SOAK)
        audit_clean(booted)
        assert usage(booted) == before, f"{kernel}: {before} before, {usage(booted)} after"
    booted.power_off()
    _check_cover(text + _in_dom0(context))


def _in_dom0(context):
    """What the PV guest prints as dom0, where it makes calls that are dom0's."""
    kernel = paths.BUILD / "guest/hypercall-fuzz-pv/test-pv64-hypercall-fuzz-pv"
    booted = context.start(dom0=image.load(kernel, "seed=1"))
    booted.expect(r"Test result: SUCCESS", 120)
    return booted.log
