# SPDX-License-Identifier: MIT
"""xl save and xl restore: what comes back is what was, and lies are refused."""

import re
import struct

GUESTS = ("test-hvm32-save-restore", "test-hvm32pae-save-restore", "test-hvm64-save-restore", "test-hvm32pse-save-restore")
FILE = "/tmp/saved"

# Layout of the CPU record of xen/hvm/save.h, after 512 bytes of FPU state.
WORDS = "rax rbx rcx rdx rbp rsi rdi rsp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags cr0 cr2 cr3 cr4 dr0 dr1 dr2 dr3 dr6 dr7".split()
SEGMENTS = "cs ds es fs gs ss tr ldtr".split()
TABLES = SEGMENTS + ["idtr", "gdtr"]
MSRS = "sysenter_cs sysenter_esp sysenter_eip shadow_gs flags lstar star cstar mask efer tsc_aux tsc".split()
CR0_PE, CR0_PG, PAE = 1, 1 << 31, 1 << 5
LME, LMA, BIT13 = 1 << 8, 1 << 10, 1 << 13
FLAT = {
    **{f"{s}_limit": 0xFFFFFFFF for s in ("cs", "ds", "es", "ss")},
    **{f"{s}_ar": 0xC93 for s in ("ds", "es", "ss")},
    **{"cs_ar": 0xC9B, "tr_limit": 0x67, "tr_ar": 0x8B, "rflags": 2, "cr0": 0x11, "dr6": 0xFFFF0FF0, "dr7": 0x400},
}


def _cpu(**registers):
    """A CPU record: 32-bit flat without paging, with changes."""
    r = {**FLAT, **registers}
    pack = lambda kind, names: b"".join(struct.pack(kind, r.get(n, 0)) for n in names)
    return (
        bytes(512)
        + pack("<Q", WORDS)
        + pack("<I", [f"{s}_sel" for s in SEGMENTS])
        + pack("<I", [f"{s}_limit" for s in TABLES])
        + pack("<Q", [f"{s}_base" for s in TABLES])
        + pack("<I", [f"{s}_ar" for s in SEGMENTS])
        + pack("<Q", MSRS)
        + bytes(16)
    )


def _record(kind, payload, vcpu=0):
    return struct.pack("<HHI", kind, vcpu, len(payload)) + payload


def _context(*records, tsc_khz=0):
    header = struct.pack("<IIQII", 0x54381286, 1, 0, 0, tsc_khz)
    return _record(1, header) + b"".join(records) + _record(0, b"")


def _file(context):
    """A saved domain as docs/save-format.md describes it: all its memory is zero."""
    config = b'name="lie"\ntype="hvm"\nmemory=4\nkernel="/none"\n'
    # store and console: page, then port; identity page table, TSS for real mode
    params = {1: 0xFEFFC, 2: 1, 17: 0xFEFFF, 18: 2, 12: 0xFEFFE000, 37: 0x1000FEFFD000}
    head = struct.pack("<8sIIIIIIQ", b"CairnSav", 1, 40, len(params), len(config), len(context), 0, 0)
    body = b"".join(struct.pack("<QQ", *p) for p in params.items())
    return head + body + b"".join(part + bytes(-len(part) % 8) for part in (config, context))


def _id(booted, name):
    # The answer comes last: lines of the hypervisor's can tear the command's echo apart.
    found = re.findall(r"^\d+$", booted.run(f"xl domid {name}").output, re.M)
    return int(found[-1]) if found else None


def _save_and_restore(booted, guest, settings, between=None):
    name = f"{guest}-{re.sub('[^a-z0-9]', '', settings)}"
    created = booted.run(f"xl create /etc/xen/{guest}.cfg name={name} cmdline=wait {settings}")
    assert created.status == 0, created.output
    first = _id(booted, name)
    ready = f"/local/domain/{first}/data/ready"
    for _ in range(100):
        if re.search("^1$", booted.run(f"sleep 0.1; xenstore-read {ready}").output, re.M):
            break
    else:
        raise AssertionError(f"{name} is not ready")
    saved = booted.run(f"xl save {name} {FILE}", timeout=60)
    assert saved.status == 0, saved.output
    assert _id(booted, name) is None, "saved, and still there"
    if between:
        booted.run(f"xl create -c /etc/xen/{between}.cfg", timeout=60)
    restored = booted.run(f"xl restore {FILE} && rm {FILE}", timeout=60)
    assert restored.status == 0, restored.output
    second = _id(booted, name)
    assert second == first + (2 if between else 1), f"domain {second} after {first}"
    booted.run(f"xenstore-write /local/domain/{second}/data/go 1")
    for _ in range(100):
        if _id(booted, name) is None:
            break
        booted.run("sleep 0.1")
    log = booted.run(f"cat /var/log/xen/console/guest-{name}.log").output
    assert "Test result: SUCCESS" in log, log[-600:]
    before, after = (re.search(rf"{when}: (.*?)\r?$", log, re.M)[1] for when in ("before", "after"))
    assert before == after, f"{before} became {after}"
    return after


def test_state(context):
    """T56: LME with paging off, latched PDPTEs, timers, an NMI being handled: all as before; with EPT and shadow."""
    other = "test-hvm64-selftest"  # see emulators.md, NMI blocking
    booted = context.boot(context.guest_files(other, *GUESTS))
    hap = "hap" in booted.run("xl info virt_caps").output
    for paging in ("hap=1", "hap=0") if hap else ("hap=0",):
        for name in GUESTS:
            _save_and_restore(booted, name, paging, between=other)
    booted.power_off()


def test_devices(context):
    """The PC's devices come back as they were, and their timers go on."""
    booted = context.boot(context.guest_files("test-hvm64-save-devices", "test-hvm32pae-save-devices"))
    _save_and_restore(booted, "test-hvm64-save-devices", "")
    _save_and_restore(booted, "test-hvm32pae-save-devices", "hap=0")
    booted.power_off()


def test_vcpus(context):
    """Two vCPUs on two CPUs: each has its own registers back, and time is one; with EPT and shadow."""
    booted = context.boot(context.guest_files("test-hvm64-smp"), spec=context.machine(cpus=2))
    for paging in ("hap=1", "hap=0"):
        _save_and_restore(booted, "test-hvm64-smp", f"{paging} vcpus=2")
    booted.power_off()


def test_tsc(context):
    """Where TSCs can be scaled a guest has the frequency of its configuration and file; elsewhere it is refused."""
    name = "test-hvm64-tsc"
    spec = context.machine(model="skylake_x")
    files = context.guest_files(name)
    files["/tmp/lie"] = _file(_context(_record(2, _cpu()), tsc_khz=5000))
    booted = context.boot(files, spec=spec)
    host = "".join(re.search(r"TSC: (\d+)\.(\d{3}) MHz by PIT", booted.log).groups())
    wanted = {"tsc_khz=5000": "5000", "tsc_khz=25000 hap=0": "25000", "tsc_khz=5000 tsc_mode=\"native\"": host}
    for settings, khz in wanted.items():
        found = _save_and_restore(booted, name, settings)
        assert f"TSC {khz} kHz, the host's {host} kHz" in found, found
    assert booted.run("xl restore -p /tmp/lie && xl destroy lie").status == 0
    booted.power_off()
    booted = context.boot(files, spec=spec, options="vmx-mask=tsc-scaling")
    refused = booted.run(f"xl create /etc/xen/{name}.cfg tsc_khz=5000")
    assert refused.status == 1 and "TSC cannot run at 5000 kHz" in refused.output, refused.output
    _save_and_restore(booted, name, "tsc_khz=0")
    refused = booted.run("xl restore -p /tmp/lie")
    assert refused.status == 1 and "refuses the saved registers" in refused.output, refused.output
    assert "a TSC of 5000 kHz" in booted.log
    booted.power_off()


def test_checkpoint(context):
    """save -c lets the domain run on; saved twice, it can be restored twice; save of dom0 is refused."""
    name = GUESTS[0]
    booted = context.boot(context.guest_files(name))
    assert booted.run(f"xl create -p /etc/xen/{name}.cfg name={name} cmdline=wait").status == 0
    assert booted.run(f"xl save -c {name} {FILE}").status == 0
    assert "already" in booted.run(f"xl restore {FILE}").output
    assert booted.run(f"xl save -p {name} {FILE}").status == 0
    assert booted.run(f"xl destroy {name} && xl restore -p {FILE} && xl destroy {name}").status == 0
    assert booted.run("xl save 0 /tmp/none").status == 1
    assert booted.run(f"xl save {name} /tmp/none").status == 1
    booted.power_off()


def test_impossible_states(context):
    """T57: states that no processor can be in are refused, each with one line, and no domain is left."""
    good = _context(_record(2, _cpu()))
    paged = {"cr0": CR0_PG | 0x11, "cr4": PAE}
    pdptes = struct.pack("<QQQQII", 0x1001, 0, 0, 0, 16, 0)
    bad_pdptes = struct.pack("<QQQQII", 0x1003, 0, 0, 0, 16, 0)
    lies = {
        "lma": (_context(_record(2, _cpu(**paged, efer=LME))), "refuses the saved registers"),
        "pg": (_context(_record(2, _cpu(efer=LME | LMA))), "refuses the saved registers"),
        "bit13": (_context(_record(2, _cpu(efer=BIT13))), "refuses the saved registers"),
        "nope": (_context(_record(2, _cpu(cr0=CR0_PG | 0x10))), "refuses the saved registers"),
        "pdpte": (_context(_record(2, _cpu(**paged)), _record(0x0C01, bad_pdptes)), "refuses the saved registers"),
        "vcpu": (_context(_record(2, _cpu(), vcpu=7)), "refuses the saved registers"),
        "pit": (_context(_record(2, _cpu()), _record(10, b"\xff" * 56)), "refuses the saved registers"),
        "pins": (_context(_record(2, _cpu()), _record(0x0C02, bytes(67) + b"\x30" + bytes(116))), "refuses the saved registers"),
        "end": (good[:-8], "refuses the saved registers"),
    }
    files = {f"/tmp/{name}": _file(lie) for name, (lie, _) in lies.items()}
    files["/tmp/good"] = _file(good)
    files["/tmp/pae"] = _file(_context(_record(2, _cpu(**paged)), _record(0x0C01, pdptes)))
    files["/tmp/wires"] = _file(_context(_record(2, _cpu()), _record(0x0C02, bytes(67) + b"\x2f" + bytes(116))))
    files["/tmp/lme"] = _file(_context(_record(2, _cpu(efer=LME))))
    files["/tmp/short"] = _file(good)[:-1]
    lies["short"] = (None, "its end is missing")
    booted = context.boot(files)
    for name in ("good", "pae", "wires", "lme"):  # what is refused below differs from these by one thing
        outcome = booted.run(f"xl restore -p /tmp/{name} && xl destroy lie")
        assert outcome.status == 0, f"{name}: {outcome.output}"
    for name, (_, words) in lies.items():
        outcome = booted.run(f"xl restore -p /tmp/{name}")
        errors = re.findall(r"^xl: error: .*$", outcome.output, re.M)
        assert outcome.status == 1 and len(errors) == 1 and words in errors[0], f"{name}: {outcome.output}"
        assert _id(booted, "lie") is None, f"{name}: a domain is left"
    booted.power_off()
