# SPDX-License-Identifier: MIT
"""Run guest test kernels: many in one boot of Cairn, or each one bare."""

import pathlib
import re
import time

from . import image, paths
from .cairn import Cairn, CairnError, Setup
from .console import ConsoleClosed, ConsoleTimeout
from .guests import Expect, verdict_of
from .machine import Machine, MachineError
from .report import Result, progress

# A boot image holds at most so many bytes of guest files before compression,
# and so many guests, so that one host crash does not cost too much.
GROUP_BYTES = 8 << 20
GROUP_GUESTS = 32

GUEST_TIMEOUT = 180
"""Seconds of real time, unless the user says otherwise."""
BARE_TIMEOUT = 180
DOM0_TIMEOUT = 300
_NOT_HERE = re.compile(r"'\w+' is not supported here$")
"""How xl refuses a configuration that asks for what there is none of."""
ENDLESS_TIMEOUT = 120
"""A guest that is to be destroyed is ready for that at once."""


def _groups(guests):
    """Split guests into boots, each with the files its ramfs needs."""
    group, files, size = [], {}, 0
    for guest in guests:
        more = guest.files()
        added = sum(len(data) for path, data in more.items() if path not in files)
        if group and (size + added > GROUP_BYTES or len(group) >= GROUP_GUESTS):
            yield group, files
            group, files, size = [], {}, 0
            added = sum(map(len, more.values()))
        group.append(guest)
        files.update(more)
        size += added
    if group:
        yield group, files


def _capabilities(cairn):
    """What says which guests this boot can run: words of `xl info`, and of the
    hypervisor's line about VT-x if it prints one."""
    words = {}
    for line in cairn.run("xl info").lines:
        key, colon, value = line.partition(":")
        if colon:
            words[key.strip()] = value.split()
    vmx = re.search(r"^\(XEN\) VMX: (.*\(revision .*)", cairn.log, re.MULTILINE)
    return words.get("virt_caps"), words.get("xen_caps", []), vmx[1].split() if vmx else None


def _cannot(guest, capabilities):
    """Why this boot cannot run the guest, or ''."""
    virt, xen, vmx = capabilities
    if guest.inner and guest.cmdline:
        return "an inner dom0 has no command line"
    if guest.environment == "pv32pae" and "xen-3.0-x86_32p" not in xen:
        return "no 32-bit PV here"
    if virt is None:
        return ""
    if (guest.environment.startswith("hvm") or guest.inner) and not any(word.startswith("hvm") for word in virt):
        return "no HVM here"
    if guest.variation in ("hap", "shadow") and guest.variation not in virt:
        return f"no {guest.variation} here"
    if vmx is not None and guest.expect.needs and guest.expect.needs not in vmx:
        return f"no {guest.expect.needs} here, see docs/emulators.md"
    return ""


def virt_caps(spec, variant="debug", options=""):
    """Words of `xl info virt_caps` on this machine."""
    with Cairn(Setup(spec, variant, options), "caps") as cairn:
        words = _capabilities(cairn.boot())[0]
        cairn.power_off()
    return words or []


def run(
    guests, spec, report, variant="debug", options="", timeout=GUEST_TIMEOUT, arguments=""
):
    """Run guests under Cairn, many in one boot; results go to report.

    arguments are words for `xl create` after each guest's configuration.
    When the host dies or a guest does not end in time, that guest gets CRASH
    and the rest runs in a new boot.
    """
    for group, files in _groups(guests):
        while group:
            how = (variant, options, timeout, arguments)
            group = _one_boot(group, files, spec, report, how)


def _one_boot(group, files, spec, report, how):
    """Run as many of group as one boot allows; returns those left."""
    variant, options, timeout, arguments = how
    setup = Setup(spec, variant, options, files=files)
    progress(f"booting Cairn ({variant}) on {spec.label()} for {len(group)} guests")
    cairn = None
    left = list(group)
    try:
        cairn = Cairn(setup, "guest")
        log = paths.display(cairn.folder)
        cairn.boot()
        capabilities = _capabilities(cairn)
        while left:
            guest = left[0]
            result = _one_guest(cairn, guest, capabilities, timeout, arguments)
            result.log = log
            left.pop(0)
            report.add(result)
        cairn.power_off()
    except (CairnError, MachineError, image.ImageError) as error:
        log = paths.display(cairn.folder) if cairn else ""
        if len(left) == len(group) and "virt_caps" not in (cairn.log if cairn else ""):
            # It never came to the first guest: the next boot would not either.
            note = f"no boot: {error}"
            for guest in left:
                report.add(Result(guest.instance, "CRASH", note, log))
                note, log = "no boot, as above", ""
            return []
        victim = left.pop(0).instance if left else "power-off"
        report.add(Result(victim, "CRASH", str(error), log))
    finally:
        if cairn:
            cairn.close()
    return left


def _one_guest(cairn, guest, capabilities, timeout, arguments=""):
    cannot = _cannot(guest, capabilities)
    if cannot:
        return Result(guest.instance, "SKIP", cannot)
    if guest.expect.then == "destroy":
        return _destroyed_guest(cairn, guest, timeout, arguments)
    outcome = cairn.run(f"xl create -c {guest.cfg_in_dom0} {arguments}".strip(), timeout)
    verdict, note = verdict_of(outcome.output, guest.expect)
    if verdict == "CRASH" and outcome.status != 0:
        last = ([line.strip() for line in outcome.lines if line.strip()] or ["no message"])[-1]
        if _NOT_HERE.search(last):
            return Result(guest.instance, "SKIP", f"xl: {_NOT_HERE.search(last)[0]}")
        note = f"xl create exit {outcome.status}: {last}"
    cairn.check_complaints()
    return Result(guest.instance, verdict, note, output=outcome.output)


def _destroyed_guest(cairn, guest, timeout, arguments):
    """A guest that never ends: the host must stay usable, and destroy it."""
    timeout = min(timeout, ENDLESS_TIMEOUT)
    created = cairn.run(f"xl create {guest.cfg_in_dom0} {arguments}".strip(), timeout)
    if created.status != 0:
        last = [line for line in created.lines if line.strip()][-1:]
        return Result(guest.instance, "CRASH", last[0] if last else "xl create failed")
    deadline = time.monotonic() + timeout
    log = f"/var/log/xen/console/guest-{guest.instance}.log"
    while guest.expect.line not in cairn.run(f"cat {log}", timeout).output:
        if time.monotonic() > deadline:
            cairn.run(f"xl destroy {guest.instance}", timeout)
            return Result(guest.instance, "CRASH", f"it never said '{guest.expect.line}'")
    listed = guest.instance in cairn.run("xl list", timeout).output
    destroyed = cairn.run(f"xl destroy {guest.instance}", timeout).status == 0
    gone = guest.instance not in "\n".join(cairn.run("xl list", timeout).lines)
    cairn.check_complaints()
    if listed and destroyed and gone:
        return Result(guest.instance, "SUCCESS", "as expected; destroyed while running")
    return Result(guest.instance, "FAILURE", f"{listed=} {destroyed=} {gone=}")


def run_bare(guests, spec, report, timeout=BARE_TIMEOUT):
    """Run HVM kernels on the emulator itself: the oracle for the others."""
    for guest in guests:
        if guest.environment.startswith("pv"):
            report.add(Result(guest.instance, "SKIP", "PV kernels need a hypervisor"))
        elif guest.variation:
            report.add(Result(guest.instance, "SKIP", "variations need a hypervisor"))
        else:
            report.add(bare(guest.kernel, spec, timeout, None, guest.expect, guest.cmdline))


def bare(kernel, spec, timeout=BARE_TIMEOUT, echo=None, expect=Expect(), cmdline=""):
    """Boot one kernel by GRUB without hypervisor; its Result.

    A kernel that prints no verdict has done its work with the line expected of
    it, or when it ends the machine.
    """
    kernel = pathlib.Path(kernel)
    name = f"bare {kernel.name}"
    folder = paths.new_run(f"bare-{kernel.name}-{spec.label()}")
    log = paths.display(folder)
    module = image.load(kernel, cmdline)
    protocol = image.multiboot_protocol(module.data)
    if protocol is None:
        return Result(name, "SKIP", "the kernel has no multiboot header")
    iso = folder / "boot.iso"
    machine = None
    note = ""
    try:
        image.make_iso([image.Entry(kernel.name, module, protocol=protocol)], iso)
        machine = Machine(spec, iso, folder, echo)
        last = r"Test result: \w+.*\n" if expect.result else re.escape(expect.line or "\0")
        machine.console.expect(last, timeout)
        machine.wait(3)
    except ConsoleClosed:
        # It ended: a last line may lack its end, verdict_of() copes.
        pass
    except (ConsoleTimeout, MachineError) as error:
        note = str(error)
    finally:
        if machine:
            machine.kill()
        iso.unlink(missing_ok=True)
    output = machine.console.text if machine else ""
    verdict, judged = verdict_of(output, expect)
    if verdict == "CRASH" and machine and not note:
        note = (machine.complaints() or [""])[-1].strip()
    return Result(name, verdict, note or judged, log, output)


def run_as_dom0(guests, spec, report, variant="debug", options="", timeout=DOM0_TIMEOUT):
    """Boot Cairn with each PV kernel in dom0's place, one boot each."""
    for guest in guests:
        if guest.environment != "pv64":
            report.add(Result(guest.instance, "SKIP", "dom0 is a 64-bit PV guest"))
            continue
        setup = Setup(spec, variant, options, image.load(guest.kernel, guest.cmdline))
        result = dom0(setup, guest.kernel.name, timeout)
        result.name = guest.instance
        report.add(result)


def dom0(setup, name, timeout=DOM0_TIMEOUT, echo=None):
    """Boot Cairn with any PV kernel as its dom0; the verdict is on serial."""
    with Cairn(setup, f"dom0-{name}", echo) as machine:
        note = ""
        try:
            machine.expect(r"Test result: \w+.*\n|Hardware Dom0 (halted|shut down|crashed)", timeout)
            machine.wait_end(10)
            machine.check_complaints()
        except CairnError as error:
            note = str(error)
        verdict, judged = verdict_of(machine.log)
        if note and verdict == "SUCCESS":
            verdict = "CRASH"
        return Result(name, verdict, note or judged, paths.display(machine.folder))
