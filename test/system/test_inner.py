# SPDX-License-Identifier: MIT
"""Cairn as a HVM guest of Cairn, with a PV test kernel as its dom0."""

import dataclasses

from cairn_runner import paths
from cairn_runner.guests import verdict_of

FAULTING = "test-pv64-cpuid-faulting-pv"
OTHERS = ("test-pv64-example", "test-pv64-pv-faults")


def test_pv_kernels(context):
    """The processor in there has no VT-x, but faults CPUID, as no emulator's does."""
    hypervisor = paths.hypervisor(context.variant)
    inner = [dataclasses.replace(context.guest(name), inner=hypervisor) for name in (FAULTING, *OTHERS)]
    booted = context.boot({path: data for guest in inner for path, data in guest.files().items()})
    for guest in inner:
        outcome = booted.run(f"xl create -c {guest.cfg_in_dom0}")
        assert verdict_of(outcome.output, guest.expect)[0] == "SUCCESS", outcome.output[-600:]
        assert "VMX: disabled: the processor has no VMX" in outcome.output, outcome.output[-3000:]
    booted.power_off()
