# SPDX-License-Identifier: MIT
"""Verdicts, the table of results, the closing count, exit codes."""

import json
import pathlib
import sys
import time
from dataclasses import asdict, dataclass

# The worst counts; the numbers are the exit codes that xtf-runner uses.
EXIT_CODES = {"SUCCESS": 0, "SKIP": 3, "ERROR": 4, "FAILURE": 5, "CRASH": 6}


@dataclass
class Result:
    name: str
    verdict: str
    note: str = ""
    """Why, in a few words."""
    log: str = ""
    """Where to look."""
    output: str = ""
    """What the guest printed."""


class Report:
    """Collects results, showing each as it comes.

    combined: end with xtf-runner's table of all, for who parses that.
    prefix: starts each line, for several reports at a time.
    """

    def __init__(self, title="", combined=False, prefix=""):
        self.results = []
        self._combined = combined
        self._prefix = prefix
        if title:
            print(f"== {title}", flush=True)

    def add(self, result):
        self.results.append(result)
        print(self._prefix + _line(result), flush=True)
        if result.log and result.verdict not in ("SUCCESS", "SKIP"):
            print(f"    log: {result.log}", flush=True)

    def count(self, *verdicts):
        return sum(result.verdict in verdicts for result in self.results)

    def finish(self):
        """Print the unsuccessful ones again, or all, and the count; the exit code."""
        bad = [r for r in self.results if r.verdict not in ("SUCCESS", "SKIP")]
        if self._combined:
            print("Combined test results:")
            for result in self.results:
                print(f"{result.name:<40} {result.verdict}")
        elif bad and len(self.results) > 15:
            print("\nNot successful:")
            for result in bad:
                print(_line(result))
        print(count_line(self.count("SUCCESS"), len(bad), self.count("SKIP")), flush=True)
        return max((EXIT_CODES[r.verdict] for r in self.results), default=EXIT_CODES["ERROR"])

    def save(self, path, **how):
        """Write the results, and how they came about, as JSON."""
        rows = [asdict(result) for result in self.results]
        how["date"] = time.strftime("%Y-%m-%d")
        pathlib.Path(path).write_text(json.dumps({**how, "results": rows}, indent=1) + "\n")


def _line(result):
    note = f"  ({result.note})" if result.note else ""
    return f"{result.name:<40} {result.verdict}{note}"


def count_line(passed, failed, skipped=0):
    """The line that every suite ends with."""
    tail = f", {skipped} skipped" if skipped else ""
    return f"{passed} passed, {failed} failed{tail}"


def progress(text):
    """A line about what is going on, not about a result."""
    print(f"-- {text}", file=sys.stderr, flush=True)
