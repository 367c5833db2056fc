# SPDX-License-Identifier: MIT
"""Hostile hypercalls: the host lives, nothing is lost, and every operation was really reached."""

import os
import re

from cairn_runner import paths
from cairn_runner.memory import audit_clean, usage


# (guest, calls): 10^5 in all; `make soak` does SOAK times as many.
RUNS = [
    ("hvm64-hypercall-fuzz", 60000),
    ("hvm32pae-hypercall-fuzz", 20000),
    ("hvm32-hypercall-fuzz", 20000),
    ("pv64-hypercall-fuzz-pv", 30000),
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

# What cannot answer in three ways, and why.  One that does is a mistake here.
NO_ROOM = "0, or there is no room for the answer"
FEWER = {
    "set_timer_op": "every time is one: past, future, none",
    "XENMEM_maximum_ram_page": "a number; only bits of a list's progress are refused",
    "XENMEM_machine_memory_map": "dom0's",
    "XENVER_version": "a number",
    "XENVER_pagesize": "a number",
    **dict.fromkeys(
        [
            "XENVER_extraversion",
            "XENVER_compile_info",
            "XENVER_capabilities",
            "XENVER_changeset",
            "XENVER_platform_parameters",
            "XENVER_guest_handle",
            "XENVER_commandline",
        ],
        NO_ROOM,
    ),
    "XENVER_build_id": "the image has none",
    "CONSOLEIO_read": "dom0's; a count is looked at before that",
    "GNTTABOP_transfer": "not offered; a count is looked at before that",
    "GNTTABOP_swap_grant_ref": "not offered; a count is looked at before that",
    "stack_switch": "takes anything: what cannot be a stack is found when it is used",
    "set_callbacks": "0, or an address is none",
    "fpu_taskswitch": "yes or no",
    "get_debugreg": "a number, or there is no such register",
    "update_descriptor": "0, or frame or descriptor is refused",
    "VMASST_CMD_enable": "there is no type for HVM guests",
    "VMASST_CMD_disable": "there is no type for HVM guests",
    "VCPUOP_down": "0, or there is no such vCPU",
    "VCPUOP_stop_periodic_timer": "0, or there is no such vCPU",
    "SCHEDOP_yield": "takes nothing",
    "SCHEDOP_block": "takes nothing",
    "SCHEDOP_shutdown": "with a good reason it does not come back",
    "HVMOP_flush_tlbs": "0, or an argument where there is none",
    "HVMOP_get_mem_type": "not offered",
    "HVMOP_altp2m": "not offered",
}


def _offered():
    """Names of the hypercalls, from the table of them, but iret: it does not come back."""
    table = (paths.ROOT / "xen/common/hypercall.c").read_text()
    offered = re.findall(r"\bX\((\w+), (?:ANY|HVM|PV),", table)
    assert len(offered) > 10, "the table of hypercalls looks otherwise"
    return [call for call in offered if call != "iret"]


def _number(name, header):
    text = (paths.BUILD / "abi/xen" / header).read_text(errors="replace")
    found = re.search(rf"#define\s+{name}\s+(\d+)\b", text)
    assert found, f"{name} is not in {header}"
    return int(found[1])


def _operations():
    """(name, hypercall, operation) of all that the sources handle."""
    sources = "".join(p.read_text() for p in sorted((paths.ROOT / "xen").rglob("*.c")))
    for call in _offered():
        nr = _number(f"__HYPERVISOR_{call}", "xen.h")
        if call not in OPERATIONS:
            yield call, nr, 0
            continue
        prefix, header = OPERATIONS[call]
        # Labels, indices of tables, comparisons; elsewhere operations of an operation are capitals.
        first = "[A-Z]" if call == "mmuext_op" else "[a-z]"
        names = set(re.findall(rf"(?:\bcase |\[|== )({prefix}{first}\w+)(?=:|\]|\)| )", sources))
        assert names, f"no operations of {call} found"
        for name in sorted(names):
            yield name, nr, _number(name, header)


def _seen(text):
    """{(hypercall, operation): results} of what the guests printed."""
    seen = {}
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
        if not results or (len(results) < WANTED and name not in FEWER):
            complaints.append(f"{name}: only {sorted(results)}")
        if len(results) >= WANTED and name in FEWER:
            complaints.append(f"{name} can do it: {sorted(results)}")
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
    _check_cover(text)
    booted.power_off()
