# SPDX-License-Identifier: MIT
"""Emulated machines: Bochs (VT-x in software), QEMU TCG, QEMU/KVM.

A machine boots an ISO, has one serial line, and never outlives the runner.
"""

import ctypes
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

from . import paths
from .console import Console, ConsoleClosed

# Short names of Bochs CPU models that matter here; any model Bochs knows may
# be named in full.
MODELS = {
    "penryn": "core2_penryn_t9600",
    "lynnfield": "corei5_lynnfield_750",
    "arrandale": "corei5_arrandale_m520",
    "sandybridge": "corei7_sandy_bridge_2600k",
    "ivybridge": "corei7_ivy_bridge_3770k",
    "haswell": "corei7_haswell_4770",
    "broadwell": "broadwell_ult",
    "skylake_x": "corei7_skylake_x",
    "cannonlake": "corei3_cnl",
    "icelake": "corei7_icelake_u",
    "prescott": "p4_prescott_celeron_336",
    "venice": "athlon64_venice",
}

EMULATORS = ("bochs", "tcg", "kvm", "auto")

_BOCHSRC = """\
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, gameport=0, iodebug=1
config_interface: textconfig
display_library: term
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault={reset}, ignore_bad_msrs=0
clock: sync=none, time0=1700000000
pci: enabled=1, chipset=i440fx
vga: extension=vbe, update_freq=5, realtime=0
com1: enabled=1, mode=socket-server, dev=127.0.0.1:{port}
port_e9_hack: enabled=1
log: bochs.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
ata1: enabled=0
boot: cdrom
"""

# What in Bochs' log means that the processor refused or gave up something...
_COMPLAINTS = re.compile(r"VMFAIL|VMENTER FAIL|VMABORT|>>PANIC<<")
# ...except the ways in which a machine is meant to end.
_NORMAL_ENDS = re.compile(
    r"ACPI control: soft power off|Shutdown port: shutdown requested|quit_sim called"
)


class MachineError(Exception):
    """The machine cannot be started; the text says why."""


@dataclass
class Spec:
    """What kind of machine to start."""

    emulator: str = "bochs"
    model: str = "haswell"
    memory: int = 512
    """MiB"""
    cpus: int = 1
    ips: int = 10_000_000
    """Bochs: instructions that make a second of the machine's time."""
    reset_on_triple_fault: bool = False
    debugger: tuple = ()
    """Bochs: commands of its debugger, one for each interrupt()."""

    def label(self):
        """A word for tables and file names."""
        return self.model if self.emulator == "bochs" else self.emulator


def nested_vmx_offered():
    """Whether KVM here gives guests VT-x: (True, '') or (False, reason)."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        return False, f"/dev/kvm: {error.strerror}"
    nested = pathlib.Path("/sys/module/kvm_intel/parameters/nested")
    if not nested.exists():
        return False, "KVM is not on an Intel processor with VT-x"
    if nested.read_text().strip() not in ("Y", "1"):
        return False, "kvm_intel has nested=0"
    return True, ""


def resolve(spec):
    """Settle 'auto' and check that the emulator asked for can be used."""
    if spec.emulator == "auto":
        spec.emulator = "kvm" if nested_vmx_offered()[0] else "bochs"
    if spec.emulator == "kvm":
        offered, reason = nested_vmx_offered()
        if not offered:
            raise MachineError(f"no nested VMX from KVM here: {reason}")
    return spec


def _free_port():
    """A port nobody listens on, and a socket that reserves it among runners.

    An abstract Unix socket named after the port keeps other runners off it
    until the emulator has bound it, and vanishes with this process.
    """
    for _ in range(500):
        port = random.randrange(20000, 32000)
        guard = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            guard.bind(f"\0cairn-console-{port}")
            probe.bind(("0.0.0.0", port))
            return port, guard
        except OSError:
            guard.close()
        finally:
            probe.close()
    raise MachineError("no free TCP port for the serial console")


def _die_with_parent():
    """In the child: its own session, and SIGKILL when the runner ends."""
    os.setsid()
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Machine:
    """A running emulator with an open serial console."""

    def __init__(self, spec, iso, folder, echo=None, start_timeout=60):
        self.spec = resolve(spec)
        self.folder = pathlib.Path(folder)
        self.started = time.monotonic()
        port, self._guard = _free_port()
        command = self._bochs(iso, port) if spec.emulator == "bochs" else self._qemu(iso, port)
        environment = dict(os.environ, TERM="dumb")
        self._output = open(self.folder / "emulator.out", "wb")
        try:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )
        except OSError as error:
            raise MachineError(f"cannot start {command[0]}: {error.strerror}") from error
        try:
            self.console = Console.connect(
                port,
                self.started + start_timeout,
                lambda: self.process.poll() is None,
                self.folder / "serial.log",
                echo,
            )
        except ConsoleClosed as error:
            self.kill()
            detail = self._last_words()
            raise MachineError(f"{error}: {detail}") from error
        except BaseException:
            self.kill()
            raise

    def _bochs(self, iso, port):
        spec = self.spec
        text = _BOCHSRC.format(
            memory=spec.memory,
            model=MODELS.get(spec.model, spec.model),
            cpus=spec.cpus,
            ips=spec.ips,
            reset=int(spec.reset_on_triple_fault),
            port=port,
            iso=iso,
        )
        (self.folder / "bochsrc").write_text(text)
        # Debian's Bochs has the debugger: "c" starts the machine, and "q" ends
        # Bochs when the machine stops at a reset.
        script = "".join(f"c\n{command}\n" for command in spec.debugger)
        (self.folder / "commands").write_text(script + "c\nq\n")
        return ["bochs", "-q", "-f", "bochsrc", "-rc", "commands"]

    def _qemu(self, iso, port):
        spec = self.spec
        accelerator, cpu = {"tcg": ("tcg", "max"), "kvm": ("kvm", "host")}[spec.emulator]
        return [
            "qemu-system-x86_64",
            *("-accel", accelerator, "-cpu", cpu, "-m", str(spec.memory), "-smp", str(spec.cpus)),
            *("-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"),
            *("-chardev", f"socket,id=com1,host=127.0.0.1,port={port},server=on,wait=on"),
            *("-serial", "chardev:com1", "-cdrom", str(iso), "-boot", "d"),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
        ]

    def _last_words(self):
        """The last line the emulator printed or logged, and where."""
        for name in ("emulator.out", "bochs.log"):
            path = self.folder / name
            lines = path.read_text(errors="replace").split("\n") if path.exists() else []
            lines = [line.strip() for line in lines if re.search(r"\w", line)]
            if lines:
                return f"{lines[-1]} ({paths.display(path)})"
        return f"see {paths.display(self.folder)}"

    def interrupt(self):
        """Stop Bochs for its debugger's next command, then it goes on."""
        self.process.send_signal(signal.SIGINT)

    def alive(self):
        return self.process.poll() is None

    def wait(self, seconds):
        """Wait for the emulator to end by itself; whether it did."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.console.closed:
                self.console.receive(0.2)
            if not self.alive():
                return True
            if self.console.closed:
                time.sleep(0.05)
        return not self.alive()

    def kill(self):
        """End the emulator, and whatever it started, if it still runs."""
        if getattr(self, "process", None) and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        if getattr(self, "console", None):
            if not self.console.closed:
                self.console.drain(0.5)
            self.console.close()
        self._output.close()
        self._guard.close()

    def complaints(self, announced=()):
        """Lines of Bochs' log that tell of refused VMX work or a dead machine.

        announced are patterns for lines that this run was meant to cause.
        """
        log = self.folder / "bochs.log"
        if not log.exists():
            return []
        expected = [re.compile(pattern) for pattern in announced] + [_NORMAL_ENDS]
        lines = log.read_text(errors="replace").splitlines()
        found = [line for line in lines if _COMPLAINTS.search(line)]
        return [line for line in found if not any(e.search(line) for e in expected)]
