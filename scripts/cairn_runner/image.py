# SPDX-License-Identifier: MIT
"""Compose GRUB boot images (ISO, BIOS) out of a kernel and its modules."""

import gzip
import pathlib
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field

GRUB_FOLDER = "/usr/lib/grub/i386-pc"
# Only what grub.cfg below uses: a full GRUB would be nine times the size,
# and reading the CD costs an emulated machine about 38 instructions a byte.
GRUB_MODULES = "normal multiboot multiboot2 gzio iso9660 biosdisk keystatus test"

DEFAULT_OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all noreboot"


class ImageError(Exception):
    """The image cannot be made; the text says why."""


@dataclass
class Module:
    """One boot module: where its bytes come from, and its command line."""

    name: str
    data: bytes
    cmdline: str = ""


@dataclass
class Entry:
    """One line of the GRUB menu."""

    title: str
    kernel: Module
    modules: list = field(default_factory=list)
    protocol: str = "multiboot2"


def load(path, cmdline="", name=None):
    """A Module out of a file."""
    path = pathlib.Path(path)
    try:
        return Module(name or path.name, path.read_bytes(), cmdline)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def multiboot_protocol(data):
    """Which GRUB command boots this kernel: 'multiboot2', 'multiboot' or None.

    The headers are 8-byte aligned in the first 32 KiB, respectively 4-byte
    aligned in the first 8 KiB; each holds a sum that must come out as zero.
    """
    for offset in range(0, min(len(data), 32768) - 16, 8):
        words = struct.unpack_from("<4I", data, offset)
        if words[0] == 0xE85250D6 and sum(words) & 0xFFFFFFFF == 0:
            return "multiboot2"
    for offset in range(0, min(len(data), 8192) - 12, 4):
        words = struct.unpack_from("<3I", data, offset)
        if words[0] == 0x1BADB002 and sum(words) & 0xFFFFFFFF == 0:
            return "multiboot"
    return None


def _grub_cfg(entries):
    lines = [
        "# The first entry starts at once; hold Shift for the menu.",
        "if keystatus --shift; then set timeout=-1; else set timeout=0; fi",
        "set default=0",
    ]
    for entry in entries:
        module_command = "module2" if entry.protocol == "multiboot2" else "module"
        lines.append(f'menuentry "{entry.title}" {{')
        lines.append(f"  {entry.protocol} /boot/{entry.kernel.name} {entry.kernel.cmdline}".rstrip())
        for module in entry.modules:
            lines.append(f"  {module_command} /boot/{module.name} {module.cmdline}".rstrip())
        lines.append("}")
    return "\n".join(lines) + "\n"


def make_iso(entries, output):
    """Write a bootable ISO with these menu entries to output.

    Kernels and modules are compressed (GRUB inflates them): an emulated CD is
    slow.  A file named by several entries is stored once.
    """
    if shutil.which("grub-mkrescue") is None:
        raise ImageError("grub-mkrescue is missing: run scripts/setup")
    with tempfile.TemporaryDirectory(prefix="cairn-iso.") as folder:
        boot = pathlib.Path(folder, "boot")
        (boot / "grub").mkdir(parents=True)
        for entry in entries:
            for module in [entry.kernel, *entry.modules]:
                (boot / module.name).write_bytes(gzip.compress(module.data, 9, mtime=0))
        (boot / "grub" / "grub.cfg").write_text(_grub_cfg(entries))
        command = ["grub-mkrescue", "-d", GRUB_FOLDER, f"--install-modules={GRUB_MODULES}"]
        command += ["--fonts=", "--locales=", "--themes=", "-o", str(output), folder]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise ImageError(f"grub-mkrescue failed:\n{result.stderr.strip()}")
