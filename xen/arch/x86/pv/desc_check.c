/* SPDX-License-Identifier: MIT */
/*
 * desc_check.c - which descriptors a PV guest may have in its GDT and LDT.
 *
 * Pure.  Code and data segments of any shape are harmless at ring 3: the
 * privilege level is forced to 3.  Of system descriptors only the empty type
 * 0 is let through: gates would lead into ring 0, and TSS and LDT descriptors
 * are ours.
 */
#include <asm/pv.h>

#define DESC_S    (1ull << 44)
#define DESC_P    (1ull << 47)
#define DESC_TYPE (15ull << 40)
#define DESC_DPL  (3ull << 45)

bool pv_check_descriptor(uint64_t *desc)
{
    if (!(*desc & DESC_P))
        return true; /* using it faults */
    if (*desc & DESC_S) {
        *desc |= DESC_DPL;
        return true;
    }
    return !(*desc & DESC_TYPE);
}
