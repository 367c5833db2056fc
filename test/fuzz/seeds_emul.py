# SPDX-License-Identifier: MIT
"""First inputs for fuzz_emul: every opcode in each kind of code, with each ModRM.reg.

usage: seeds_emul.py FOLDER
"""

import pathlib
import sys

# The first byte of an input (set_up() in fuzz_emul.c), and what makes code 64-bit.
MODES = {"real": 0x00, "protected": 0x02, "long": 0x09}
PREFIXES = {"": b"", "rep": b"\xf3", "size": b"\x66", "lock": b"\xf0"}
MAPS = {0: b"", 1: b"\x0f"}


def seeds():
    """Name and bytes of each: the mode, then code; all else is zero."""
    for mode, how in MODES.items():
        for table, escape in MAPS.items():
            for opcode in range(256):
                # ModRM with memory and with registers, all groups in turn.
                for n, (name, prefix) in enumerate(PREFIXES.items()):
                    modrm = (opcode + 2 * n) % 8 << 3 | (0x00, 0xC1, 0x43, 0xC2)[n]
                    code = prefix + escape + bytes([opcode, modrm, 0x20, 0x01, 0x02])
                    yield f"{mode}-{table}-{opcode:02x}-{name}", bytes([how]) + code


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, data in seeds():
        (folder / f"seed-{name}").write_bytes(data)


main()
