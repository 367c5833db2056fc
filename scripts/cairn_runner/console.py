# SPDX-License-Identifier: MIT
"""The serial line of an emulated machine: wait for text, send text."""

import re
import select
import socket
import time

# Text is sent in pieces no longer than a UART's FIFO, each given time to be
# taken: an emulated UART has no flow control that reaches us.
_CHUNK = 8
_CHUNK_WAIT = 0.25

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[@-~]|[()][A-Z0-9]|[@-Z\\-_=>78])")


class ConsoleTimeout(Exception):
    """The text did not come in time."""


class ConsoleClosed(Exception):
    """The machine went away while text was awaited."""


def plain(text):
    """The text as a person sees it: no escape sequences, plain line ends."""
    return _ESCAPES.sub("", text).replace("\r", "")


class Console:
    """One end of a serial line; the machine has the other.

    Everything received is kept in .text (see plain()) and, unchanged, in the
    log.  Waiting looks only at what no earlier wait has consumed.
    """

    def __init__(self, sock, log_path, echo=None):
        self._sock = sock
        self._log = open(log_path, "wb")
        self._raw = b""
        self._echo = echo
        self.text = ""
        self.position = 0
        self.closed = False

    @classmethod
    def connect(cls, port, deadline, alive, log_path, echo=None):
        """Connect to the emulator's serial port as soon as it listens."""
        while True:
            try:
                sock = socket.create_connection(("127.0.0.1", port), timeout=5)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(None)
                return cls(sock, log_path, echo)
            except OSError as error:
                if not alive():
                    raise ConsoleClosed("the emulator ended before it opened its console") from error
                if time.monotonic() > deadline:
                    raise ConsoleTimeout("the emulator does not open its console") from error
                time.sleep(0.02)

    def fileno(self):
        return self._sock.fileno()

    def close(self):
        self._sock.close()
        self._log.close()
        self.closed = True

    def receive(self, wait):
        """Take what arrives within wait seconds; returns new bytes or b''."""
        if self.closed or not select.select([self._sock], [], [], max(0, wait))[0]:
            return b""
        try:
            data = self._sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return b""
        self._log.write(data)
        self._log.flush()
        self._keep(data)
        return data

    def _keep(self, data):
        # Hold back an unfinished escape sequence or character for next time.
        self._raw += data
        cut = len(self._raw)
        escape = self._raw.rfind(b"\x1b", max(0, cut - 16))
        if escape >= 0 and not _ESCAPES.match(self._raw[escape:].decode("latin-1")):
            cut = escape
        piece = plain(self._raw[:cut].decode("latin-1"))
        self._raw = self._raw[cut:]
        self.text += piece
        if self._echo and piece:
            self._echo(piece)

    def expect(self, pattern, timeout, failures=()):
        """Wait for pattern (a regular expression) and return its match.

        failures are patterns whose appearance before the match ends the wait
        with ConsoleClosed.  Raises ConsoleTimeout after timeout seconds.
        """
        wanted = re.compile(pattern, re.MULTILINE)
        bad = [re.compile(failure, re.MULTILINE) for failure in failures]
        deadline = time.monotonic() + timeout
        while True:
            match = wanted.search(self.text, self.position)
            if match:
                self.position = match.end()
                return match
            for failure in bad:
                found = failure.search(self.text, self.position)
                if found:
                    self.drain(1.5)
                    line = self.text[self.text.rfind("\n", 0, found.start()) + 1 :].split("\n")[0]
                    raise ConsoleClosed(line.strip())
            if self.closed:
                raise ConsoleClosed("the machine went away")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise ConsoleTimeout(f"no '{pattern}' within {timeout:.0f} s")
            self.receive(min(remaining, 1.0))

    def drain(self, seconds):
        """Take whatever still comes, until quiet for a moment or time is up."""
        deadline = time.monotonic() + seconds
        while not self.closed and time.monotonic() < deadline:
            if not self.receive(0.3) and not self.closed:
                return

    def send(self, text):
        """Send text, in pieces, each one's echo awaited for a short while."""
        data = text.encode()
        for start in range(0, len(data), _CHUNK):
            try:
                self._sock.sendall(data[start : start + _CHUNK])
            except OSError as error:
                self.closed = True
                raise ConsoleClosed("the machine went away") from error
            self.receive(_CHUNK_WAIT)

    def send_raw(self, data):
        self._sock.sendall(data)
