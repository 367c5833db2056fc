# SPDX-License-Identifier: MIT
"""Guest tests in many configurations: a table of test by column.

A column is a machine with hypervisor options, and a way to run there: bare, or
under Cairn with each kind of paging that it offers on that machine.  Columns
are independent: what breaks one costs its own cells only.  build/matrix.json
has every result, written after each column; build/matrix.md is the table.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace

from . import guestrun, guests, paths
from .machine import MODELS
from .report import EXIT_CODES, Report, Result, count_line, progress

# Word of virt_caps -> what the table calls it, and xl's words to choose it.
PAGINGS = {"hap": ("ept", "hap=1"), "shadow": ("shadow", "hap=0")}

# Tools and measurements, which say nothing about a column.
UTILITY = "utility"

TIMEOUT = 240
"""Seconds for one guest: columns share the processors."""

_CELLS = {"SUCCESS": "ok", "SKIP": "-", "ERROR": "ERROR", "FAILURE": "FAIL", "CRASH": "CRASH"}


@dataclass(frozen=True)
class Place:
    """Where to run: a machine, and the hypervisor's options."""

    spec: object
    options: str = ""

    @property
    def label(self):
        cpus = f"{self.spec.cpus} cpus" if self.spec.cpus > 1 else ""
        return " ".join(word for word in (self.spec.label(), cpus, self.options) if word)


def places(words, spec, options=""):
    """Words MODEL[*CPUS][:OPTIONS] as places."""
    found = []
    for word in words:
        machine, _, more = word.partition(":")
        model, _, cpus = machine.partition("*")
        there = replace(spec, model=model, cpus=int(cpus or spec.cpus))
        found.append(Place(there, f"{options} {more}".strip()))
    return found


def _bare(place, found, how):
    label = f"{place.label} bare"
    report = Report(label, prefix=f"{label}: ")
    guestrun.run_bare(found, place.spec, report, how["timeout"])
    return {label: report.results}


def _guests(place, found, how):
    """The columns of a machine under Cairn: name -> results."""
    columns = {}
    words = guestrun.virt_caps(place.spec, how["variant"], place.options)
    for word, (name, arguments) in PAGINGS.items():
        if word not in words or how["paging"] not in ("auto", word):
            continue
        label = f"{place.label} {name}"
        report = columns[label] = Report(label, prefix=f"{label}: ")
        fitting = [g for g in found if g.variation not in PAGINGS or g.variation == word]
        guestrun.run(fitting, place.spec, report, how["variant"], place.options, how["timeout"],
                     arguments)
    return {label: report.results for label, report in columns.items()}


def _column(fill, place, found, how):
    """What fill finds at place; whatever goes wrong there is a result, too."""
    try:
        return fill(place, found, how)
    except Exception as error:  # pylint: disable=broad-except
        return {place.label: [Result("test-host-boot", "CRASH", f"{type(error).__name__}: {error}")]}


def _row_order(name):
    """By test first, so that its environments stand together."""
    _, _, rest = name.partition("-")
    environment, _, test = rest.partition("-")
    return test, guests.ENVIRONMENTS.index(environment) if environment in guests.ENVIRONMENTS else 9


def _column_order(label):
    """By age of the machine; bare first, then as it comes in the alphabet."""
    model = label.split()[0]
    return list(MODELS).index(model) if model in MODELS else 99, not label.endswith("bare"), label


def _cell(results):
    """One word for a test's environments in a column: the worst, '-' if none ran."""
    if not results:
        return "-"
    verdict = max((r["verdict"] for r in results), key=lambda v: (v != "SKIP", EXIT_CODES[v]))
    return _CELLS[verdict] + ("*" if any(guests.ALLOWED in r["note"] for r in results) else "")


def _table(columns):
    """The table in Markdown, one row a test."""
    columns = {label: columns[label] for label in sorted(columns, key=_column_order)}
    lines = [f"{number}. {label}" for number, label in enumerate(columns, 1)]
    lines += ["", "| test | " + " | ".join(map(str, range(1, len(columns) + 1))) + " |"]
    lines += ["|---" * (len(columns) + 1) + "|"]
    for test in sorted({_row_order(name)[0] for cells in columns.values() for name in cells}):
        row = [[r for name, r in cells.items() if _row_order(name)[0] == test]
               for cells in columns.values()]
        lines.append(f"| {test} | " + " | ".join(map(_cell, row)) + " |")
    return "\n".join(lines) + "\n"


def _save(columns, folder):
    """Both files, so that what is done is not lost."""
    whole = {"date": time.strftime("%Y-%m-%d"), "columns": columns}
    (folder / "matrix.json").write_text(json.dumps(whole, indent=1) + "\n")
    (folder / "matrix.md").write_text(_table(columns))


def _load(folder):
    """The columns of the last run, or none."""
    try:
        return json.loads((folder / "matrix.json").read_text())["columns"]
    except (OSError, ValueError, KeyError):
        return {}


def _finish(columns):
    """Print the table, what is not good and the count; the exit code."""
    print(f"\n{_table(columns)}\n*: with differences that are known of the emulator, see "
          "docs/emulators.md\n")
    results = [(label, r) for label, cells in columns.items() for r in cells.values()]
    for label, r in results:
        if r["verdict"] not in ("SUCCESS", "SKIP"):
            print(f"{label}: {r['name']}: {r['verdict']} {r['note']} ({r['log']})")
    verdicts = [r["verdict"] for _, r in results]
    passed, skipped = verdicts.count("SUCCESS"), verdicts.count("SKIP")
    print(count_line(passed, len(verdicts) - passed - skipped, skipped))
    return max((EXIT_CODES[v] for v in verdicts if v != "SKIP"), default=EXIT_CODES["ERROR"])


def run(found, where, bare, args, folder=paths.BUILD):
    """Run found at places where, and bare on the models in bare; the exit code.

    args: variant, paging, timeout, jobs, and add: keep the cells of the last
    run that this one does not do again.
    """
    if not args.select:
        found = [guest for guest in found if guest.category != UTILITY]
    how = {"variant": args.variant, "paging": args.paging, "timeout": args.timeout or TIMEOUT}
    work = [(_guests, place) for place in where] + [(_bare, place) for place in bare]
    columns = _load(folder) if args.add else {}
    with ThreadPoolExecutor(args.jobs) as pool:
        doing = {pool.submit(_column, fill, place, found, how): place for fill, place in work}
        for done in as_completed(doing):
            columns.pop(doing[done].label, None)
            for label, results in done.result().items():
                cells = columns.setdefault(label, {})
                for result in results:
                    result.name = result.name.removeprefix("bare ")
                    cells[result.name] = {k: v for k, v in asdict(result).items() if k != "output"}
                progress(f"{label}: {len(results)} guests done")
            _save(columns, folder)
    return _finish(columns)
