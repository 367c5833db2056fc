# SPDX-License-Identifier: MIT
"""One processor in the place of others: vmx-mask= and vmx=, each with a guest that tests much."""

import re

from cairn_runner.system import Skip

GUESTS = ("test-hvm64-selftest", "test-hvm32-selftest")

# mask: what the feature line must not have, or None
MASKS = {
    "efer-switch": r"2nd gen",
    "pat-switch": r"PAT-switch",
    "unrestricted-guest": r"unrestricted-guest",
    "unrestricted-guest,efer-switch": r"unrestricted-guest|2nd gen",
    "vpid": r"VPID",
    "virtual-nmi": r"virtual-NMI",
    "preemption-timer": r"preemption-timer",
    "invpcid": r"INVPCID",
    "rdtscp": r"RDTSCP",
    "wbinvd-exit": r"WBINVD-exit",
    "ept-1g": r"EPT-1G",
    "ept-2m": r"EPT-1G|EPT-2M",
    "ept-ad": r"EPT-A/D",
    "invept-single,invvpid-single": None,
}

# mask: what the log must say; T58, T59
CONTRADICTIONS = {
    "efer-entry": r"inconsistent entry/exit pair EFER not used",
    "efer-exit": r"inconsistent entry/exit pair EFER not used",
    "pat-entry": r"inconsistent entry/exit pair PAT not used",
    "pat-exit": r"inconsistent entry/exit pair PAT not used",
    "vpid-control": r"not believed: VPID capabilities",
}


def _boot(context, options):
    files = {}
    for guest in GUESTS:
        files.update(context.guest_files(guest))
    booted = context.boot(files, options=options)
    line = re.search(r"^\(XEN\) VMX:(?: (?!not)\S+)+ \(revision \S+\)", booted.log, re.M)
    return booted, line[0] if line else ""


def _run_guests(booted, mask):
    for guest in GUESTS:
        outcome = booted.run(f"xl create -c /etc/xen/{guest}.cfg")
        assert "Test result: SUCCESS" in outcome.output, f"{mask}: {guest}: {outcome.output[-300:]}"
    booted.power_off()


def test_masks(context):
    """Without each feature in turn guests run, and the feature line tells."""
    for mask, gone in MASKS.items():
        booted, line = _boot(context, f"vmx-mask={mask}")
        assert line, f"{mask}: no feature line"
        assert not gone or not re.search(gone, line), f"{mask}: {line}"
        _run_guests(booted, mask)


def test_contradictions(context):
    """A processor that shows half a feature: the other half is not used (T58, T59)."""
    for mask, said in CONTRADICTIONS.items():
        booted, line = _boot(context, f"vmx-mask={mask}")
        assert re.search(said, booted.log), f"{mask}: not in the log: {said}"
        assert mask[:4] != "efer" or "1st gen" in line, f"{mask}: {line}"
        _run_guests(booted, mask)


def test_bad_list(context):
    """A wrong EFER in a guest's MSR list ends that guest alone (T65)."""
    victim = "test-hvm64-spin-cli"
    files = {**context.guest_files(victim), **context.guest_files(*GUESTS)}
    booted = context.boot(files, variant="debug", options="vmx-mask=efer-switch")
    assert booted.run(f"xl create /etc/xen/{victim}.cfg").status == 0
    assert booted.run("xl debug-keys L; sleep 1").status == 0
    assert re.search(r"enters with EFER image 400", booted.log), "nothing was injected"
    assert re.search(r"entry failed, reason 34 .*qualification 1", booted.log), "no failed entry"
    _run_guests(booted, "after the failure")


def test_no_list(context):
    """Where no MSR list switches EFER the key that breaks one does nothing."""
    booted, line = _boot(context, "")
    if "2nd gen" not in line:
        raise Skip("EFER is switched by MSR lists")
    assert "no guest's EFER is in a list" in booted.run("xl debug-keys L").output
    _run_guests(booted, "after the key")


def test_ept_control(context):
    """EPT capabilities without EPT are ignored, and said so (T59)."""
    booted, line = _boot(context, "vmx-mask=ept-control")
    assert re.search(r"not believed: EPT capabilities", booted.log), "not in the log"
    assert line and "EPT" not in line, line
    booted.power_off()


def test_strict(context):
    """vmx=strict refuses what contradicts itself; dom0 comes up all the same."""
    for mask in ("efer-exit", "ept-control"):
        booted, _ = _boot(context, f"vmx=strict vmx-mask={mask}")
        assert re.search(r"VMX: disabled: ", booted.log), f"{mask}: VMX is used"
        booted.power_off()
    booted, line = _boot(context, "vmx=strict")
    assert line, "a good processor is refused"
    _run_guests(booted, "strict")
