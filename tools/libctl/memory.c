/* SPDX-License-Identifier: MIT */
/*
 * memory.c - a domain's memory: XENMEM_* and pinning of PV page tables.
 */
#include "libctl/libctl.h"

#include <string.h>

#include "plat.h"

long ctl_memory_populate(domid_t domid, unsigned int order, size_t nr, xen_pfn_t *frames)
{
    struct xen_memory_reservation op;

    memset(&op, 0, sizeof(op));
    set_xen_guest_handle(op.extent_start, frames);
    op.nr_extents = nr;
    op.extent_order = order;
    op.domid = domid;
    return plat_hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (unsigned long)&op, 0, 0,
                          0);
}

int ctl_memory_set_map(domid_t domid, const struct ctl_e820 *map, unsigned int nr)
{
    struct xen_foreign_memory_map op;

    memset(&op, 0, sizeof(op));
    op.domid = domid;
    op.map.nr_entries = nr;
    set_xen_guest_handle(op.map.buffer, (void *)(uintptr_t)map);
    return plat_hypercall(__HYPERVISOR_memory_op, XENMEM_set_memory_map, (unsigned long)&op, 0, 0,
                          0);
}

int ctl_mmu_pin(domid_t domid, unsigned int level, uint64_t mfn)
{
    struct mmuext_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = MMUEXT_PIN_L1_TABLE + level - 1;
    op.arg1.mfn = mfn;
    return plat_hypercall(__HYPERVISOR_mmuext_op, (unsigned long)&op, 1, 0, domid, 0);
}
