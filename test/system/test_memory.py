# SPDX-License-Identifier: MIT
"""Memory under stress: refused allocations, the audit, what a dead guest leaves."""

import re
import secrets

SMALL = {"hvm": "test-hvm64-example"}
MOST = 2000


def _number(booted, command, pattern):
    """The number that pattern finds in what command prints."""
    found = re.search(pattern, booted.run(command).output)
    assert found, f"{command}: no {pattern}"
    return int(found[1])


def free_kib(booted):
    return _number(booted, "xl info free_memory_kib", r"(?m)^(\d+)\s*$")


def audit_clean(booted):
    """The audit finds no difference."""
    outcome = booted.run("xl debug-keys O")
    found = re.search(r"audit: (\d+) pages, (-?\d+) differences", outcome.output)
    assert found, f"no audit: {outcome.output[-200:]}"
    assert int(found[1]) > 10000 and found[2] == "0", outcome.output[-1000:]


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
