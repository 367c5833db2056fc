# SPDX-License-Identifier: MIT
"""`make run` as a person at a terminal has it."""

import os
import pty
import re
import select
import sys
import time

from cairn_runner import paths
from cairn_runner.system import Skip

ISO = paths.BUILD / "cairn.iso"


class Terminal:
    """The runner's demo on a pseudo-terminal."""

    def __init__(self):
        if not ISO.exists():
            raise Skip(f"{paths.display(ISO)} is not built")
        self.text, self.position = "", 0
        runner = str(paths.ROOT / "scripts" / "runner")
        try:
            self.pid, self.descriptor = pty.fork()
        except OSError as error:
            raise Skip(f"no pseudo-terminal here: {error}") from error
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, runner, "demo", "--iso", str(ISO)])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.pid:
            os.kill(self.pid, 15)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)

    def _receive(self, seconds):
        """Take what comes; False when the other end is gone."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.descriptor, 4096)
        except OSError:
            data = b""
        self.text += data.decode("latin-1").replace("\r", "")
        return bool(data)

    def type(self, keys, pattern, seconds=120):
        """Type keys, and wait for text that follows from them."""
        os.write(self.descriptor, keys.encode("latin-1"))
        deadline = time.monotonic() + seconds
        while not (found := re.compile(pattern).search(self.text, self.position)):
            assert time.monotonic() < deadline, f"{keys!r}: no '{pattern}': {self.text[-200:]!r}"
            assert self._receive(1), f"{keys!r}: the runner ended: {self.text[-200:]!r}"
        self.position = found.end()

    def end(self, keys, seconds=120):
        """Type keys that end it; the exit status."""
        os.write(self.descriptor, keys.encode("latin-1"))
        deadline = time.monotonic() + seconds
        while self._receive(1):
            assert time.monotonic() < deadline, f"{keys!r} does not end it: {self.text[-200:]!r}"
        pid, self.pid = self.pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_session(context):
    """History, completion, ^C, debug keys, a guest's console, power-off."""
    with Terminal() as terminal:
        terminal.type("", r"Test result: SUCCESS(?s:.)*\ndom0# $", 300)
        terminal.type("echo o''ne\r", r"\none\ndom0# ")
        terminal.type("\x1b[A\r", r"\none\ndom0# ")
        terminal.type("cat /etc/xen/de\t\r", r"\nname = \"demo\"(?s:.)*\ndom0# ")
        terminal.type("sleep 1000\r", r"sleep 1000")
        time.sleep(0.5)
        terminal.type("\x03", r"dom0# ")
        terminal.type("\x01\x01\x01", r"Serial input to Xen")
        terminal.type("h", r"'h' pressed")
        terminal.type("\x01\x01\x01", r"Serial input to DOM0")
        # What a thread of the background says stands before the line being typed.
        terminal.type("xl create /etc/xen/demo.cfg on_poweroff=coredump-destroy\r", r"Parsing")
        terminal.type("echo typ''ed", r"doing destroy\ndom0# [^\n]*ed")
        terminal.type("\r", r"\ntyped\ndom0# ")
        terminal.type("xl create -p /etc/xen/demo.cfg\r", r"Parsing.*\ndom0# ")
        terminal.type("xl console demo\r", r"xl console demo\n")
        time.sleep(0.5)
        terminal.type("\x1d", r"dom0# ")
        terminal.type("xl list\r", r"\ndemo +\d+ +15 +1 +--p---.*\ndom0# ")
        status = terminal.end("poweroff\r")
        assert status == 0 and "powering off" in terminal.text, f"exit {status}"


def test_stop_at_once(context):
    """Ctrl-\\ ends the machine, whatever it does."""
    with Terminal() as terminal:
        terminal.type("", r"\(XEN\)  Cairn", 300)
        status = terminal.end("\x1c")
        assert status == 0 and "machine stopped" in terminal.text, f"exit {status}"
