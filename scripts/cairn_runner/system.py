# SPDX-License-Identifier: MIT
"""System tests: whole boots, toolstack sessions, hostile guests, bad input.

Each test/system/test_*.py holds functions test_*(context); a function that
returns has passed, AssertionError fails it, Skip skips it, CairnError means
that the host died or hung.  The first line of its docstring is shown.
"""

import importlib.util
import traceback

from . import guests, image, paths
from .cairn import Cairn, CairnError, Setup
from .console import ConsoleClosed, ConsoleTimeout
from .machine import MachineError, Spec
from .report import Report, Result

FOLDER = paths.ROOT / "test" / "system"


class Skip(Exception):
    """The test does not apply here; the text says why."""


class Context:
    """What a system test gets: a way to boot, and files to boot with."""

    def __init__(self, spec, variant, name):
        self.spec = spec
        self.variant = variant
        self.name = name
        self.boots = []

    def machine(self, **changes):
        """The machine asked for, with changes (see Spec)."""
        return Spec(**{**vars(self.spec), **changes})

    def start(self, files=None, spec=None, **setup):
        """Start a Cairn without waiting for anything; closed after the test."""
        setup.setdefault("variant", self.variant)
        booted = Cairn(Setup(spec or self.spec, files=files or {}, **setup), self.name)
        self.boots.append(booted)
        return booted

    def boot(self, files=None, spec=None, **setup):
        """Boot to dom0's prompt."""
        return self.start(files, spec, **setup).boot()

    def guest(self, name):
        """One of our guest tests, by its instance name."""
        folder = paths.BUILD / "guest"
        for guest in guests.discover(folder):
            if guest.instance == name:
                return guest
        raise Skip(f"{name} is not built")

    def guest_files(self, *names):
        """Files that dom0 needs to start these guest tests."""
        files = {}
        for name in names:
            files.update(self.guest(name).files())
        return files

    def close(self):
        for booted in self.boots:
            booted.close()

    @property
    def log(self):
        return " ".join(paths.display(booted.folder) for booted in self.boots)


def _load(path):
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def tests():
    """All system tests: [(name, function)]."""
    found = []
    for path in sorted(FOLDER.glob("test_*.py")):
        module = _load(path)
        for name, function in vars(module).items():
            if name.startswith("test_") and callable(function):
                found.append((f"{path.stem[5:]}.{name[5:]}", function))
    return found


def _run_one(name, function, spec, variant):
    context = Context(spec, variant, f"system-{name}")
    try:
        function(context)
        verdict, note = "SUCCESS", ""
    except Skip as error:
        verdict, note = "SKIP", str(error)
    except AssertionError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        verdict, note = "FAILURE", str(error) or f"line {frame.lineno}: {frame.line}"
    except CairnError as error:
        verdict, note = "CRASH", str(error)
    except (ConsoleClosed, ConsoleTimeout, MachineError, image.ImageError, guests.GuestError) as error:
        verdict, note = "ERROR", str(error)
    except Exception as error:  # the test itself is wrong
        traceback.print_exc()
        verdict, note = "ERROR", f"{type(error).__name__}: {error}"
    finally:
        context.close()
    return Result(name, verdict, note, context.log)


def run(words, spec, variant):
    """Run the system tests whose names contain one of words (all if none)."""
    chosen = [(n, f) for n, f in tests() if not words or any(word in n for word in words)]
    report = Report(f"{len(chosen)} system tests on {spec.label()} ({variant})")
    for name, function in chosen:
        report.add(_run_one(name, function, spec, variant))
    return report.finish()
