# SPDX-License-Identifier: MIT
"""Memory under stress: refused allocations, the audit, what a dead guest leaves."""

import re
import secrets
import time

from cairn_runner.memory import audit_clean, usage, wait_cleared
from cairn_runner.system import Skip

SMALL = {"hvm": "test-hvm64-example"}
MOST = 2000


def _number(booted, command, pattern):
    """The number that pattern finds in what command prints."""
    found = re.search(pattern, booted.run(command).output)
    assert found, f"{command}: no {pattern}"
    return int(found[1])


def free_kib(booted):
    return _number(booted, "xl info free_memory_kib", r"(?m)^(\d+)\s*$")


def _small_guest(context, memory=8):
    """Files of the example guest with little memory, and its configuration's path."""
    files = context.guest_files(SMALL["hvm"])
    path = f"/etc/xen/{SMALL['hvm']}.cfg"
    text = files[path].decode()
    files[path] = re.sub(r"(?m)^memory\s*=.*$", f"memory={memory}", text).encode()
    return files, path


def test_audit_finds_planted_errors(context):
    """The audit is clean with and without a guest, and finds what is planted."""
    files, path = _small_guest(context)
    booted = context.boot(files)
    audit_clean(booted)
    assert booted.run(f"xl create -p {path}").status == 0
    audit_clean(booted)
    assert "2 errors planted, 2 found" in booted.run("xl debug-keys o").output
    assert booted.run(f"xl destroy {SMALL['hvm']}").status == 0
    audit_clean(booted)
    booted.power_off()


def _overhead_kib(booted, path, settings):
    """What a domain takes beyond its own pages."""
    before = free_kib(booted)
    assert booted.run(f"xl create -p {path} {settings}").status == 0, settings
    used = before - free_kib(booted)
    booted.run("xl debug-keys q")
    pages = re.findall(r"d[1-9]\d*: .* pages (\d+)", booted.log)
    assert booted.run(f"xl destroy {SMALL['hvm']}").status == 0
    assert free_kib(booted) == before, settings
    return used - 4 * int(pages[-1])


def test_fixed_overhead(context):
    """What a domain costs beyond its memory is what docs/design.md states, and does not depend on its size."""
    files, path = _small_guest(context)
    booted = context.boot(files)
    # What the first creation makes the toolstack keep is not a domain's.
    _overhead_kib(booted, path, "")
    small, large, many = (_overhead_kib(booted, path, f"memory={m} vcpus={n}") for m, n in ((8, 1), (64, 1), (8, 8)))
    shadow = [_overhead_kib(booted, path, f"hap=0 memory={m} shadow_memory=2") for m in (8, 64)]
    print(f"    8 MiB {small} KiB, 64 MiB {large}, 8 vCPUs {many}, by shadow {shadow}")
    assert small == large <= 56
    assert many - small <= 7 * 16
    assert shadow[0] == shadow[1] <= 2048 + 40
    booted.power_off()


def test_refused_allocations(context):
    """Creating a domain with allocation 1, 2, ... last refused: clean each time."""
    files, path = _small_guest(context)
    booted = context.boot(files)
    name = SMALL["hvm"]
    # What the first creation makes the toolstack keep is not a loss.
    booted.run(f"xl create -p {path} && xl destroy {name}")
    before = free_kib(booted)
    refused = tolerated = 0
    for number in range(1, MOST):
        booted.run(f"xl debug-keys {number}F")
        outcome = booted.run(f"xl create -p {path}")
        report = booted.run("xl debug-keys F").output
        assert "allocations, " in report, report
        if outcome.status == 0:
            assert booted.run(f"xl destroy {name}").status == 0
        if "none refused" in report:
            assert outcome.status == 0, f"{number}: {outcome.output[-300:]}"
            break
        if outcome.status == 0:
            tolerated += 1
        else:
            refused += 1
            assert "error" in outcome.output, f"{number}: no message: {outcome.output[-300:]}"
        assert name not in booted.run("xl list").output, f"{number}: still listed"
        assert free_kib(booted) == before, f"{number}: {before} KiB free before, {free_kib(booted)} after"
        if number % 8 == 0:
            audit_clean(booted)
    else:
        raise AssertionError(f"more than {MOST} allocations")
    audit_clean(booted)
    assert refused, "nothing was ever refused"
    print(f"    {number - 1} allocations: {refused} refused, {tolerated} done without")
    booted.power_off()


# Where the hypervisor sees all RAM (asm/config.h); Bochs' debugger dumps linear
# memory, and while dom0 idles the processor is on the hypervisor's tables.
DIRECTMAP = 0xFFFF830000000000
MARKED = "test-hvm64-marker"
GOLDEN = 0x9E3779B97F4A7C15


def _marker_guest(context, words):
    """Files of the marker guest with these words on its command line."""
    files = context.guest_files(MARKED)
    path = f"/etc/xen/{MARKED}.cfg"
    text = re.sub(r"(?m)^(memory|cmdline)\s*=.*\n", "", files[path].decode())
    files[path] = f'{text}memory=24\ncmdline="{words}"\n'.encode()
    return files, path


def _wait_for_file(path, size, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_size >= size:
            return path.read_bytes()
        time.sleep(0.2)
    raise AssertionError(f"the emulator wrote no {path.name}")


def test_nothing_is_left_in_ram(context):
    """A dead guest's marker is nowhere in RAM, as the emulator sees it, once free memory is cleared."""
    if context.spec.emulator != "bochs":
        raise Skip("only Bochs shows its memory")
    seed = secrets.randbits(64) | 1
    marker = (seed * GOLDEN % (1 << 64)).to_bytes(8, "little")
    start, size = 1 << 20, (126 << 20)
    dump = [f'writemem "{name}" {DIRECTMAP + start:#x} {size}' for name in ("alive", "dead")]
    files, path = _marker_guest(context, f"fill {seed:x} 16")
    booted = context.boot(files, spec=context.machine(memory=128, debugger=tuple(dump)))
    assert booted.run(f"xl create {path}").status == 0
    for _ in range(60):
        if "filled" in booted.run(f"cat /var/log/xen/console/guest-{MARKED}.log").output:
            break
    assert booted.run(f"xl pause {MARKED}").status == 0
    time.sleep(1)
    booted.machine.interrupt()
    alive = _wait_for_file(booted.folder / "alive", size, 180).count(marker)
    # And perhaps once more, in a register that the hypervisor has saved.
    assert alive >= (12 << 20) // 8, f"{alive} words seen while the guest lives"
    assert booted.run(f"xl destroy {MARKED}").status == 0
    wait_cleared(booted)
    time.sleep(1)
    booted.machine.interrupt()
    dead = _wait_for_file(booted.folder / "dead", size, 180).count(marker)
    for name in ("alive", "dead"):
        (booted.folder / name).unlink()
    assert dead == 0, f"{dead} words left"
    booted.power_off()


def test_nothing_reaches_the_next_guest(context):
    """A guest with nearly all memory, made before it is cleared, finds no marker of a dead one."""
    seed = secrets.randbits(64) | 1
    fill, path = _marker_guest(context, f"fill {seed:x} 16")
    look = _marker_guest(context, f"look {seed:x} 16")[0][path]
    booted = context.boot({**fill, "/etc/xen/look.cfg": look})
    wait_cleared(booted)
    assert booted.run(f"xl create {path}").status == 0
    for _ in range(60):
        if "filled" in booted.run(f"cat /var/log/xen/console/guest-{MARKED}.log").output:
            break
    # Of the dead guest's 24 MiB only 8 can be left out.
    mib = free_kib(booted) // 1024 + 8
    look = f"xl create -c /etc/xen/look.cfg memory={mib} 'cmdline=\"look {seed:x} {mib}\"'"
    outcome = booted.run(f"xl destroy {MARKED} && xl info scrub_memory_kib && {look}", 300)
    assert "Test result: SUCCESS" in outcome.output, outcome.output[-300:]
    dirty = int(re.search(r"(?m)^(\d+)\s*$", outcome.output)[1])
    assert dirty > 16 << 10, f"only {dirty} KiB were still to be cleared"
    booted.power_off()


def test_mappings_left_behind(context):
    """Guests that end with grants mapped, ports open, given-back pages pinned: all is undone."""
    names = ["test-hvm64-grant", "test-hvm32-grant", "test-hvm64-events", "test-pv64-pv-attacks"]
    booted = context.boot(context.guest_files(*names))
    booted.run(f"xl create -c /etc/xen/{names[0]}.cfg")
    before = usage(booted)
    for name in names:
        outcome = booted.run(f"xl create -c /etc/xen/{name}.cfg")
        assert "Test result: SUCCESS" in outcome.output, outcome.output[-500:]
        audit_clean(booted)
        assert usage(booted) == before, f"{name}: {before} before, {usage(booted)} after"
    booted.power_off()
