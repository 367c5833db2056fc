# SPDX-License-Identifier: MIT
"""Build boot images, run them on an emulator, and judge what happened.

Reading order: paths, cpio, image (what is booted), machine and console (what
runs it), cairn (a booted hypervisor with its dom0 prompt), guests (test
kernels and their verdicts), report, cli.
"""
