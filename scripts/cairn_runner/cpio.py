# SPDX-License-Identifier: MIT
"""Write cpio archives in the "newc" format, as dom0's ramfs reads them."""

import pathlib

_FILE = 0o100644
_DIRECTORY = 0o040755


def _entry(inode, mode, name, data):
    name = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    entry = header + name
    entry += b"\0" * (-len(entry) % 4)
    return entry + data + b"\0" * (-len(data) % 4)


def archive(files):
    """Return the archive of files, a dictionary of path -> bytes.

    Paths are absolute in the ramfs; their folders come first.  The same files
    give the same bytes: no times, owners or host inode numbers are recorded.
    """
    folders = set()
    for path in files:
        folders.update(str(p) for p in pathlib.PurePosixPath(path.lstrip("/")).parents)
    folders.discard(".")
    entries = [(folder, _DIRECTORY, b"") for folder in sorted(folders)]
    entries += [(path.lstrip("/"), _FILE, files[path]) for path in sorted(files)]
    out = [_entry(inode, mode, name, data) for inode, (name, mode, data) in enumerate(entries, 1)]
    out.append(_entry(0, 0, "TRAILER!!!", b""))
    return b"".join(out)
