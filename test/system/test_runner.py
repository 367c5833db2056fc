# SPDX-License-Identifier: MIT
"""The runner judges guests as xtf-runner does, and better: in time, by their end."""

import contextlib
import dataclasses
import io
import json
import re
import types
from unittest import mock

from cairn_runner import guestrun, guests, matrix, paths
from cairn_runner.guests import Expect, verdict_of
from cairn_runner.report import Report, Result

DOWN = "Domain g (id 1) shut down: reason poweroff\n"

# What a guest printed: the verdict, and a pattern of the note.
OUTPUTS = [
    (f"Test result: SUCCESS\r\n{DOWN}", "SUCCESS", r"^$"),
    (f"Test result: SUCCESS with warnings\r\n{DOWN}", "SUCCESS", r"with warnings"),
    (f"(d1) Test result: SUCCESS\n{DOWN}", "SUCCESS", r"^$"),
    (f"Skip: no FEP\r\n\r\nTest result: SKIP\r\n{DOWN}", "SKIP", r"^Skip: no FEP, .*poweroff"),
    (f"(d7) Error 5\n(XEN) d7: x\nTest result: ERROR\n{DOWN}", "ERROR", r"^Error 5, "),
    (f"Fail: 1\nTest result: FAILURE\n{DOWN}", "FAILURE", r"^Fail: 1, "),
    # The last verdict counts, and the end must fit.
    (f"Test result: SKIP\nTest result: FAILURE\n{DOWN}", "FAILURE", r"poweroff"),
    ("Test result: SUCCESS\n" + DOWN.replace("poweroff", "crash"), "CRASH", r"shut down: crash"),
    ("****\nPANIC: x\n****\n" + DOWN.replace("poweroff", "crash"), "CRASH", r"shut down: crash; .*PANIC: x"),
    ("Test result: SUCCESSFUL\n" + DOWN, "CRASH", r"no result"),
    ("", "CRASH", r"no result; no end seen"),
    # As dom0.
    ("(XEN) (d0) Test result: SUCCESS\n(XEN) Hardware Dom0 halted: powering off\n", "SUCCESS", r"^$"),
    ("Bad: 2\nTest result: FAILURE\n(XEN) Hardware Dom0 halted: x\n", "FAILURE", r"Bad: 2, .*poweroff"),
    ("Test result: SUCCESS\n(XEN) Hardware Dom0 crashed: why\n", "CRASH", r"shut down: crash"),
    ("(XEN) Hardware Dom0 shut down (reboot): rebooting\n", "CRASH", r"shut down: reboot"),
]


def test_verdicts(context):
    """Output of a guest to verdict and note."""
    for output, verdict, pattern in OUTPUTS:
        got, note = verdict_of(output)
        assert got == verdict and re.search(pattern, note), f"{output!r}: {got} {note!r}"


def _finish(verdicts, file):
    report = Report(combined=True)
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        for number, verdict in enumerate(verdicts):
            report.add(Result(f"test-hvm64-{number}", verdict, "why"))
        status = report.finish()
    report.save(file, machine="here")
    return status, text.getvalue()


def test_exit_codes(context):
    """The worst verdict is the exit status; the table is xtf-runner's."""
    file = paths.new_run(context.name) / "results.json"
    order = [("SUCCESS", 0), ("SKIP", 3), ("ERROR", 4), ("FAILURE", 5), ("CRASH", 6)]
    for i, (worse, code) in enumerate(order):
        for better, _ in order[: i + 1]:
            for verdicts in ((worse, better), (better, worse)):
                status, text = _finish(verdicts, file)
                assert status == code, f"{verdicts}: {status}"
                table = text.split("Combined test results:\n")[1].split("\n")
                assert table[:2] == [f"test-hvm64-{n}".ljust(40) + f" {v}" for n, v in enumerate(verdicts)]
                saved = json.loads(file.read_text())
                assert [row["verdict"] for row in saved["results"]] == list(verdicts)


def test_bad_ends(context):
    """No end in time, a crash and a reboot are CRASH with their reason; the rest runs on."""
    names = ("crash", "spin-cli", "triple-fault", "example")
    found = [context.guest(f"test-hvm64-{name}") for name in names]
    # As any other XTF test: nothing is known of how they are meant to end.
    found = [dataclasses.replace(guest, expect=Expect()) for guest in found]
    report = Report()
    with contextlib.redirect_stdout(io.StringIO()):
        guestrun.run(found, context.spec, report, context.variant, timeout=10)
        status = report.finish()
    got = {result.name[len("test-hvm64-") :]: result for result in report.results}
    assert [got[name].verdict for name in names] == ["CRASH"] * 3 + ["SUCCESS"], got
    assert "shut down: crash" in got["crash"].note, got["crash"].note
    assert re.search(r"timed out: .*spin-cli.* 10 s", got["spin-cli"].note), got["spin-cli"].note
    assert "shut down: reboot" in got["triple-fault"].note, got["triple-fault"].note
    assert status == 6


def test_refusals(context):
    """What xl refuses because there is none of it is a SKIP; what is wrong is a CRASH."""
    report = Report()
    with contextlib.redirect_stdout(io.StringIO()):
        for words in ("viridian='[\"base\"]'", "vcpus=0"):
            found = [context.guest("test-hvm64-example")]
            guestrun.run(found, context.spec, report, context.variant, arguments=words)
    got = [(result.verdict, result.note) for result in report.results]
    assert got[0] == ("SKIP", "xl: 'viridian' is not supported here"), got
    assert got[1][0] == "CRASH" and "vcpus" in got[1][1], got


def _matrix(context, folder, words, **changes):
    """A matrix with one test in two environments; the machine penryn does not boot."""

    def caps(spec, *_):
        if spec.model == "penryn":
            raise OSError("no image")
        return ["hvm", "hap", "shadow"]

    def guest(found, spec, report, variant, options, timeout, arguments):
        hap = arguments == "hap=1"
        report.add(Result("test-hvm64-a", changes["hap"] if hap else "SUCCESS"))
        report.add(Result("test-hvm32-a", "SKIP" if hap else "SUCCESS", guests.ALLOWED))

    args = types.SimpleNamespace(variant="debug", paging="auto", timeout=None, jobs=2, select=["a"],
                                 add=changes.get("add", False))
    text = io.StringIO()
    replaced = mock.patch.multiple(guestrun, virt_caps=caps, run=guest)
    with replaced, contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        status = matrix.run([], matrix.places(words, context.spec), [], args, folder)
    return status, text.getvalue()


def test_matrix(context):
    """A column that breaks costs itself only, skips do not fail, --add replaces cells."""
    folder = paths.new_run(context.name)
    status, text = _matrix(context, folder, ["penryn", "haswell*4:x=1"], hap="FAILURE")
    assert status == 6 and "\n2 passed, 2 failed, 1 skipped\n" in text, text
    assert "haswell 4 cpus x=1 ept: test-hvm64-a: FAILURE" in text, text
    assert "penryn: test-host-boot: CRASH OSError: no image" in text, text
    status, text = _matrix(context, folder, ["haswell*4:x=1"], hap="SUCCESS", add=True)
    assert status == 6 and "\n3 passed, 1 failed, 1 skipped\n" in text, text
    status, text = _matrix(context, folder, ["haswell*4:x=1"], hap="SUCCESS")
    assert status == 0 and "\n| a | ok* | ok* |\n" in text, text
    status, text = _matrix(context, folder, ["haswell*4:x=1"], hap="SKIP")
    assert status == 0 and "\n| a | -* | ok* |\n" in text, text
    assert (folder / "matrix.md").read_text() in text
