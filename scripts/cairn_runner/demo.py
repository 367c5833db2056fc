# SPDX-License-Identifier: MIT
"""The boot image with its demo guest, and `make run`."""

import contextlib
import os
import re
import select
import sys
import termios
import tty

from . import cairn, guests, image, paths
from .cairn import Cairn, CairnError, Setup
from .report import progress

ETC = paths.ROOT / "dom0" / "etc"
DEMO_TEST = "example"
QUIT_KEY = b"\x1c"  # Ctrl-\, since Ctrl-] leaves a guest's console

# What dom0's /etc/rc shows of its two guests, in this order.
TOUR = r"(?s)Test result: SUCCESS.*Test result: SUCCESS.*shut down: reason poweroff"


def initrd_files():
    """What the boot image's ramfs holds: path -> bytes.

    dom0/etc as /etc, and the example guest of each environment with its
    configuration.
    """
    files = {}
    for path in sorted(ETC.rglob("*")):
        if path.is_file():
            files[f"/etc/{path.relative_to(ETC)}"] = path.read_bytes()
    for guest in guests.discover(paths.BUILD / "guest" / DEMO_TEST):
        files.update(guest.files())
    return files


def make_iso(output):
    """Write the boot image: the release build starts unless one chooses."""
    dom0 = image.load(paths.DOM0)
    initrd = image.load(paths.BUILD / "initrd.cpio")
    entries = []
    for variant in ("release", "debug"):
        path = paths.hypervisor(variant)
        kernel = image.load(path, image.DEFAULT_OPTIONS)
        entries.append(image.Entry(f"Cairn ({variant})", kernel, [dom0, initrd]))
    image.make_iso(entries, output)


def _show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def run(spec, args):
    """Boot the image: interactive on a terminal, else the demo alone."""
    iso = args.iso or paths.BUILD / "cairn.iso"
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    setup = Setup(spec, iso=os.path.abspath(iso))
    progress(f"booting {paths.display(iso)} in {spec.emulator}, model {spec.label()}")
    if interactive:
        progress("Ctrl-\\ ends the machine at once; `poweroff` does it properly; Ctrl-A three")
        progress("times switches the console between dom0 and the hypervisor's debug keys")
    with Cairn(setup, "demo", None if interactive else _show) as machine:
        try:
            if interactive:
                return _interact(machine)
            machine.boot()
            seen = re.search(TOUR, machine.log)
            machine.power_off()
            # The machine's last words may have no line end.
            print(flush=True)
            if not seen:
                raise CairnError("the demo guests did not do what they should")
        except CairnError as error:
            raise CairnError(f"{error} (log: {paths.display(machine.folder)})") from error
    return 0


@contextlib.contextmanager
def _raw_terminal(descriptor):
    saved = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, saved)


def _interact(machine):
    """Join the user's terminal and the machine's console until one ends."""
    console, keyboard = machine.console, sys.stdin.fileno()
    with _raw_terminal(keyboard):
        while not console.closed:
            ready = select.select([console, keyboard], [], [])[0]
            if console in ready:
                os.write(sys.stdout.fileno(), console.receive(0))
            if keyboard in ready:
                keys = os.read(keyboard, 1024)
                if not keys or QUIT_KEY in keys:
                    break
                _type(console, keys)
    print()
    if not console.closed:
        progress("machine stopped")
    elif not re.search(cairn.POWER_OFF, machine.log):
        raise CairnError("the machine ended without power-off")
    return 0


def _type(console, keys):
    """Send keys as fast as the machine's UART takes them."""
    for start in range(0, len(keys), 8):
        try:
            console.send_raw(keys[start : start + 8])
        except OSError:
            console.closed = True
            return
        if len(keys) > 8:
            os.write(sys.stdout.fileno(), console.receive(0.1))
