# SPDX-License-Identifier: MIT
"""What the documents show is what a run prints."""

import re

from cairn_runner import paths
from cairn_runner.system import Skip

ISO = paths.BUILD / "cairn.iso"
LEFT_OUT = "[...]"


def _masked(line):
    """A line without what differs between machines and builds."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)*", "#", line.rstrip())


def test_readme_transcript(context):
    """Each line of README's transcript is printed, in that order."""
    if not ISO.exists():
        raise Skip(f"{paths.display(ISO)} is not built")
    readme = (paths.ROOT / "README.md").read_text()
    transcript = re.search(r"<!-- transcript:.*\n```\n((?s:.)*?)\n```", readme)
    assert transcript, "README.md has no transcript"
    booted = context.boot(iso=ISO)
    booted.power_off()
    printed = iter([_masked(line) for line in booted.log.split("\n")])
    for line in transcript[1].split("\n"):
        assert line == LEFT_OUT or _masked(line) in printed, f"not printed (there): {line}"
