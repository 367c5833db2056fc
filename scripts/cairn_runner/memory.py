# SPDX-License-Identifier: MIT
"""Is all memory accounted for, and has all of it come back?  For system tests."""

import re
import time


def audit_clean(booted):
    """The audit finds no difference."""
    outcome = booted.run("xl debug-keys O")
    found = re.search(r"audit: (\d+) pages, (-?\d+) differences", outcome.output)
    assert found, f"no audit: {outcome.output[-200:]}"
    assert int(found[1]) > 10000 and found[2] == "0", outcome.output[-1000:]


def wait_cleared(booted, seconds=120):
    """Wait until no free page is left to clear, which the hypervisor does while idle."""
    deadline = time.monotonic() + seconds
    while (left := int(booted.run("xl info scrub_memory_kib").lines[0].rpartition(":")[2])) > 0:
        assert time.monotonic() < deadline, f"{left} KiB of free memory not cleared after {seconds} s"
        time.sleep(0.1)


def usage(booted):
    """Free KiB and bytes of the small heap, by debug key 'm'."""
    found = re.search(r"free (\d+) KiB.*heap (\d+) bytes", booted.run("xl debug-keys m").output)
    assert found, "debug key m"
    return int(found[1]), int(found[2])
