/* SPDX-License-Identifier: MIT */
/*
 * acpi.h - the ACPI tables of PVH domains: by them a kernel knows which
 * processors there are.  Pure.
 */
#ifndef TOOLS_LIBXL_ACPI_H
#define TOOLS_LIBXL_ACPI_H

#include <stdint.h>

/*
 * acpi_build - fill @page, 4096 bytes that the guest sees at @paddr, with the
 * RSDP first and what it leads to: XSDT, FADT, MADT and a DSDT without objects.
 * @vcpus of @maxvcpus, at most 128, are enabled.
 */
void acpi_build(uint8_t *page, uint64_t paddr, unsigned int vcpus, unsigned int maxvcpus);

#endif
