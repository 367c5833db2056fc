# SPDX-License-Identifier: MIT
"""Random page-table programs (paging-random): the same bare, by EPT and by shadow tables.

The kernel prints a digest of memory and faults for each program.  Where digests
differ, the first such program runs again with its steps printed, and the first
step that differs is shown with the command that repeats it.
"""

import re
import shlex
from dataclasses import replace

from . import guestrun, guests, paths
from .report import Report, Result, count_line

TEST = "paging-random"
BARE = "bare"
# What `xl create` is told, by name of the column.
COLUMNS = {BARE: "", "ept": "hap=1", "shadow": "hap=0"}

_DIGESTS = re.compile(r"^digests from (\d+):((?: [0-9a-f]{8})+)\r?$", re.MULTILINE)
# The hypervisor's lines may stand within the guest's.
_HOST_LINE = re.compile(r"\(XEN\) .*\n")


class Run:
    """How to run programs: machine, hypervisor, seed."""

    def __init__(self, spec, variant, options, seed, timeout):
        self.spec, self.variant, self.options = spec, variant, options
        self.seed = seed
        self.timeout = timeout
        found = guests.discover(paths.BUILD / "guest" / TEST)
        self.guests = [guest for guest in found if not guest.variation]

    def column(self, name, words_of, report):
        """Run each guest with the words that words_of gives for it; {environment: Result}."""
        chosen = [replace(g, words=f"seed={self.seed} {words_of[g.environment]}")
                  for g in self.guests if g.environment in words_of]
        if name == BARE:
            guestrun.run_bare(chosen, self.spec, report, self.timeout)
        else:
            guestrun.run(chosen, self.spec, report, self.variant, self.options, self.timeout,
                         COLUMNS[name])
        by_name = {result.name.removeprefix("bare "): result for result in report.results}
        return {g.environment: by_name[g.instance] for g in chosen if g.instance in by_name}


def _shares(run, first, count):
    """Programs first to first + count - 1, shared out: words by environment."""
    each, more = divmod(count, len(run.guests))
    return {g.environment: f"first={first} count={each + (n < more)}"
            for n, g in enumerate(run.guests)}


def _digests(output):
    """{number of the program: digest}"""
    found = {}
    for first, words in _DIGESTS.findall(_HOST_LINE.sub("", output)):
        found.update(enumerate(words.split(), int(first)))
    return found


def _first_difference(by_column):
    """Number of the first program whose digest is not the same everywhere, or None."""
    numbers = sorted(set().union(*by_column.values()))
    for number in numbers:
        if len({digests.get(number) for digests in by_column.values()}) > 1:
            return number
    return None


def _steps(output):
    """Lines of a traced program."""
    lines = _HOST_LINE.sub("", output).replace("\r", "").split("\n")
    begin = next((n for n, line in enumerate(lines) if line.startswith("step 0:")), len(lines))
    end = next((n for n, line in enumerate(lines) if line.startswith("memory = ")), len(lines))
    return lines[begin : end + 1]


def _show_difference(traces, reference):
    """Print the first step that differs from the reference's; whether one does."""
    for name, lines in traces.items():
        other = traces[reference]
        for n in range(max(len(lines), len(other))):
            mine, its = (part[n] if n < len(part) else "(nothing)" for part in (lines, other))
            if mine == its:
                continue
            begin = max((k for k in range(n + 1) if k < len(other) and other[k].startswith("step ")),
                        default=0)
            print("\n".join(f"    {line}" for line in other[begin:n]))
            print(f"    {reference + ':':8}{its}\n    {name + ':':8}{mine}")
            return True
    return False


def _explain(run, environment, number, columns, first):
    """Run one program again with its steps, alone or after those before it."""
    for begin in dict.fromkeys((number, first)):
        words = f"first={begin} count={number - begin + 1} trace={number}"
        traces = {}
        for name in columns:
            results = run.column(name, {environment: words}, Report())
            traces[name] = _steps(results[environment].output)
        if _show_difference(traces, next(iter(columns))):
            print("    again: scripts/runner programs "
                  f"--model {run.spec.model} --seed {run.seed} --first {begin} "
                  f"--programs {number - begin + 1} --trace {number} --environment {environment}"
                  + (f" --options {shlex.quote(run.options)}" if run.options else ""))
            return
    print("    it does not repeat")


def _compare(run, first, results):
    """One result for each environment out of {column: {environment: Result}}."""
    compared = bad = 0
    for guest in run.guests:
        of = {name: found[guest.environment] for name, found in results.items()
              if guest.environment in found}
        if not of:
            continue
        digests = {name: _digests(result.output) for name, result in of.items()}
        number = _first_difference(digests)
        compared += min(map(len, digests.values()))
        if number is None and all(r.verdict == "SUCCESS" for r in of.values()):
            continue
        bad += 1
        if number is not None:
            print(f"{guest.environment}: program {number} of seed {run.seed} differs: " +
                  ", ".join(f"{name} {d.get(number)}" for name, d in digests.items()), flush=True)
            _explain(run, guest.environment, number, list(of), first)
    return compared, bad


def run(spec, args):
    """Run args.programs programs in all columns and compare; the exit code."""
    job = Run(spec, args.variant, args.options, args.seed, args.timeout or 600)
    if args.environment:
        job.guests = [g for g in job.guests if g.environment == args.environment]
    words = _shares(job, args.first, args.programs)
    if args.trace is not None:
        words = {environment: f"{text} trace={args.trace}" for environment, text in words.items()}
    results = {}
    for name in args.columns.split(","):
        results[name] = job.column(name, words, Report(f"{name}, {spec.label()}, seed {args.seed}"))
        if args.trace is not None:
            for result in results[name].values():
                print("\n".join(_steps(result.output)))
    compared, bad = _compare(job, args.first, results)
    print(f"{compared} programs of seed {args.seed} compared ({', '.join(results)}), "
          f"{bad} of {len(job.guests)} environments with differences")
    good = len(job.guests) - bad if compared == args.programs else 0
    bad = len(job.guests) - good
    print(count_line(good, bad))
    return 5 if bad else 0
