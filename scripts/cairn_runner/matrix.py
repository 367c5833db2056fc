# SPDX-License-Identifier: MIT
"""Guest tests in many configurations: a table of test by column.

A column is a machine with hypervisor options, and a way to run there: bare, or
under Cairn with each kind of paging that it offers on that machine.
"""

from dataclasses import dataclass, replace

from . import guestrun, guests
from .cairn import CairnError
from .machine import MachineError
from .report import EXIT_CODES, Report, Result, count_line

# Word of virt_caps -> what the table calls it, and xl's words to choose it.
PAGINGS = {"hap": ("ept", "hap=1"), "shadow": ("shadow", "hap=0")}

_CELLS = {"SUCCESS": "ok", "SKIP": "skip", "ERROR": "ERROR", "FAILURE": "FAIL", "CRASH": "CRASH"}


@dataclass(frozen=True)
class Place:
    """Where to run: a machine, and the hypervisor's options."""

    spec: object
    options: str = ""

    @property
    def label(self):
        return f"{self.spec.label()} {self.options}".strip()


def places(words, spec, options=""):
    """Words MODEL or MODEL:OPTIONS as places."""
    found = []
    for word in words:
        model, _, more = word.partition(":")
        found.append(Place(replace(spec, model=model), f"{options} {more}".strip()))
    return found


def _columns(found, places_, bare, variant):
    """(label, function that fills a report) of each column."""
    for place in places_:
        if bare and not place.options:
            yield f"{place.label} bare", lambda report, p=place: guestrun.run_bare(
                found, p.spec, report
            )
        try:
            words = guestrun.virt_caps(place.spec, variant, place.options)
        except (CairnError, MachineError) as error:
            message = str(error)
            yield place.label, lambda report, m=message: report.add(Result("boot", "CRASH", m))
            continue
        for word in PAGINGS:
            if word in words:
                name, arguments = PAGINGS[word]
                fitting = [g for g in found if g.variation not in PAGINGS or g.variation == word]
                yield f"{place.label} {name}", lambda report, p=place, f=fitting, a=arguments: (
                    guestrun.run(f, p.spec, report, variant, p.options, arguments=a)
                )


def _table(columns):
    """Print the table; columns are (label, results by name)."""
    names = sorted({name for _, results in columns for name in results}, key=_row_order)
    width = max((len(name) for name in names), default=4)
    print("\nColumns:")
    for number, (label, _) in enumerate(columns, 1):
        print(f"{number:4}  {label}")
    print(f"\n{'':{width}}" + "".join(f"{n:>7}" for n in range(1, len(columns) + 1)))
    for name in names:
        cells = []
        for _, results in columns:
            result = results.get(name)
            star = "*" if result and guests.ALLOWED in result.note else ""
            cells.append(f"{_CELLS[result.verdict] + star if result else '-':>7}")
        print(f"{name:{width}}" + "".join(cells))
    print("\n*: with differences that are known of the emulator, see docs/emulators.md")


def _row_order(name):
    """By test first, so that its environments stand together."""
    _, _, rest = name.partition("-")
    environment, _, test = rest.partition("-")
    return test, environment


def run(found, places_, bare=True, variant="debug"):
    """Run all; print each column as it comes, then the table; the exit code."""
    columns = []
    for label, fill in _columns(found, places_, bare, variant):
        report = Report(label)
        fill(report)
        by_name = {result.name.removeprefix("bare "): result for result in report.results}
        columns.append((label, by_name))
    _table(columns)
    results = [result for _, by_name in columns for result in by_name.values()]
    bad = 0
    for label, by_name in columns:
        for result in by_name.values():
            if result.verdict not in ("SUCCESS", "SKIP"):
                bad += 1
                print(f"{label}: {result.name}: {result.verdict} {result.note} ({result.log})")
    passed = sum(result.verdict == "SUCCESS" for result in results)
    print(count_line(passed, bad, len(results) - passed - bad))
    return max((EXIT_CODES[result.verdict] for result in results), default=EXIT_CODES["ERROR"])
