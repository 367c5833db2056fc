# SPDX-License-Identifier: MIT
"""What a user can get wrong: each case ends with one clear line, and exit 1."""

import re

GOOD = "test-hvm64-example"

_BASE = 'name="bad"\ntype="hvm"\nmemory=16\nvcpus=1\n'
_KERNEL = f'firmware_override="/guest/{GOOD}"\n'

# name: (configuration or None for no file, exit status, pattern of the message)
CASES = {
    "no-cfg": (None, 1, r"no-cfg\.cfg.*(No such file|not found)"),
    "no-kernel-file": (_BASE + 'firmware_override="/guest/none"\n', 1, r"/guest/none"),
    "no-kernel-key": (_BASE, 1, r"kernel|firmware"),
    "truncated-elf": (_BASE + 'firmware_override="/bad/truncated"\n', 1, r"(?i)elf|truncated|beyond"),
    "not-elf": (_BASE + 'firmware_override="/bad/text"\n', 1, r"(?i)elf|kernel"),
    "empty-kernel": (_BASE + 'firmware_override="/bad/empty"\n', 1, r"(?i)elf|empty|kernel"),
    "no-name": (_BASE.replace('name="bad"\n', "") + _KERNEL, 1, r"name"),
    "syntax": (_BASE + "vcpus = = 1\n" + _KERNEL, 1, r"syntax\.cfg:5:\d+: "),
    "open-string": (_BASE + 'firmware_override="/guest\n', 1, r"open-string\.cfg:5:\d+: "),
    "wrong-type": (_BASE.replace("memory=16", 'memory="much"') + _KERNEL, 1, r":3:\d+: .*memory|memory"),
    "negative": (_BASE.replace("memory=16", "memory=-1") + _KERNEL, 1, r"memory|:3:\d+:"),
    "no-memory": (_BASE.replace("memory=16", "memory=0") + _KERNEL, 1, r"memory"),
    "too-much-memory": (_BASE.replace("memory=16", "memory=4000") + _KERNEL, 1, r"(?i)memory"),
    "huge-memory": (_BASE.replace("memory=16", "memory=99999999") + _KERNEL, 1, r"(?i)memory"),
    "no-vcpus": (_BASE.replace("vcpus=1", "vcpus=0") + _KERNEL, 1, r"(?i)vcpu"),
    "many-vcpus": (_BASE.replace("vcpus=1", "vcpus=4096") + _KERNEL, 1, r"(?i)vcpu"),
    "some-vcpus": (_BASE.replace("vcpus=1", "vcpus=100") + _KERNEL, 1, r"try fewer vcpus"),
    "unknown-type": (_BASE.replace('"hvm"', '"hvmm"') + _KERNEL, 1, r"unknown-type\.cfg:2:\d+: .*type"),
    "viridian": (_BASE + "viridian=['base', 'stimer']\n" + _KERNEL, 1, r":5:1: 'viridian' is not supported"),
}


def _files(context):
    files = context.guest_files(GOOD)
    kernel = context.guest(GOOD).kernel.read_bytes()
    files["/bad/truncated"] = kernel[: len(kernel) // 2]
    files["/bad/text"] = b"This is no kernel.\n" * 40
    files["/bad/empty"] = b""
    for name, (cfg, _, _) in CASES.items():
        if cfg is not None:
            files[f"/bad/{name}.cfg"] = cfg.encode()
    return files


def _free_memory(booted):
    return "".join(booted.run("xl info free_memory_kib").lines).strip()


def test_configurations(context):
    """Wrong configurations and kernels are refused, and leave nothing."""
    booted = context.boot(_files(context))
    before = _free_memory(booted)
    wrong = []
    for name, (_, status, pattern) in CASES.items():
        outcome = booted.run(f"xl create /bad/{name}.cfg")
        text = "\n".join(outcome.lines)
        if outcome.status != status or not re.search(pattern, text):
            wrong.append(f"{name}: exit {outcome.status}: {text.strip()[:120]!r}")
    assert not wrong, "; ".join(wrong)
    assert "bad" not in "\n".join(booted.run("xl list").lines), "a domain is left behind"
    assert _free_memory(booted) == before, "memory is lost"
    booted.power_off()


def test_keys_that_warn(context):
    """An unknown key and what Cairn does not have are warnings; the guest starts."""
    files = context.guest_files(GOOD)
    more = "colour=1\nviridian=1\nnestedhvm=1\n"
    files["/bad/unknown.cfg"] = (_BASE + more + _KERNEL).encode()
    booted = context.boot(files)
    outcome = booted.run("xl create -c /bad/unknown.cfg")
    assert outcome.status == 0, outcome.output[-200:]
    for line, key in ((5, "colour"), (6, "viridian"), (7, "nestedhvm")):
        said = re.search(rf"unknown\.cfg:{line}:\d+: .*{key}", outcome.output)
        assert said, f"{key}: {outcome.output[:400]}"
    booted.power_off()


def test_usage(context):
    """Wrong command lines: exit 2 for usage, 1 for what does not exist."""
    booted = context.boot()
    for command, status in {
        "xl frobnicate": 2,
        "xl create": 2,
        "xl create -Q x": 2,
        "xl destroy": 2,
        "xl destroy nobody": 1,
        "xl pause 77": 1,
        "xl console nobody": 1,
        "xl help": 0,
        "xl destroy 0": 1,
        "no-such-command": 127,
    }.items():
        outcome = booted.run(command)
        assert outcome.status == status, f"{command}: exit {outcome.status}, not {status}"
        assert "\n".join(outcome.lines).strip(), f"{command}: no message"
    booted.power_off()


def test_same_name_twice(context):
    """A second guest of the same name is refused; the first one stays."""
    booted = context.boot(context.guest_files(GOOD))
    assert booted.run(f"xl create -p /etc/xen/{GOOD}.cfg").status == 0
    again = booted.run(f"xl create -p /etc/xen/{GOOD}.cfg")
    assert again.status == 1 and GOOD in again.output, again.output[-200:]
    assert len(re.findall(rf"^{GOOD}\s", booted.run("xl list").output, re.M)) == 1
    assert booted.run(f"xl destroy {GOOD}").status == 0
    booted.power_off()
