# SPDX-License-Identifier: MIT
"""Where things are: the source tree, build products, logs of runs."""

import os
import pathlib
import re
import shutil
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
LOGS = BUILD / "logs"

KEPT_RUNS = 60
"""Folders of older runs are removed when there are more than this..."""
KEPT_SECONDS = 3600
"""...but not while they may be in use by a run beside this one."""

RUN_NAME = re.compile(r"\d{8}-\d{6}-")
"""What new_run() names a folder; others in LOGS are somebody else's."""


def hypervisor(variant):
    """The hypervisor's ELF file; variant is 'debug' or 'release'."""
    return BUILD / f"cairn-{variant}.elf"


DOM0 = BUILD / "dom0.elf"


def new_run(name):
    """Make and return the folder for one run's files."""
    LOGS.mkdir(parents=True, exist_ok=True)
    runs = sorted((p for p in LOGS.iterdir() if RUN_NAME.match(p.name)), key=lambda p: p.stat().st_mtime)
    now = time.time()
    for old in (run for run in runs[:-KEPT_RUNS] if run.stat().st_mtime < now - KEPT_SECONDS):
        shutil.rmtree(old, ignore_errors=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        run = LOGS / f"{stamp}-{name}{f'-{number}' if number else ''}"
        try:
            run.mkdir()
            return run
        except FileExistsError:
            continue
    raise OSError(f"no free name for a run in {LOGS}")


def display(path):
    """The path as a person would type it from here."""
    try:
        return str(pathlib.Path(path).relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(path)
