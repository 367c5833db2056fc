/* SPDX-License-Identifier: MIT */
/*
 * va_mapping.c - HYPERVISOR_update_va_mapping: the L1 entry of one address of
 * the current address space, with the flush that goes with it.
 */
#include "private.h"

#include <asm/page_type.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/mm.h>

/* Which CPUs @flags names: a guest pointer to a vCPU mask, LOCAL or ALL. */
static int flush_targets(unsigned long flags, unsigned long *cpus)
{
    unsigned long where = flags & ~UVMF_FLUSHTYPE_MASK, mask;

    *cpus = where == UVMF_LOCAL ? 1ul << smp_processor_id() : CPU_MASK_ALL;
    if (where == UVMF_ALL || where == UVMF_LOCAL)
        return 0;
    return copy_from_guest_va(&mask, where);
}

static int flush_after(unsigned long va, unsigned long flags)
{
    unsigned long cpus;
    int rc;

    switch (flags & UVMF_FLUSHTYPE_MASK) {
    case UVMF_NONE:
        return 0;
    case UVMF_TLB_FLUSH:
        rc = flush_targets(flags, &cpus);
        if (!rc)
            tlb_flush_mask(cpus);
        return rc;
    case UVMF_INVLPG:
        rc = flush_targets(flags, &cpus);
        if (!rc)
            tlb_flush_one_mask(cpus, va);
        return rc;
    default:
        return -EINVAL;
    }
}

static long update_va(unsigned long va, unsigned long val, unsigned long flags,
                      struct domain *pg_owner)
{
    struct vcpu *v = current;
    struct domain *d = v->domain;
    struct page_info *table;
    int rc = -EINVAL;

    if (!pv_address_ok(va))
        return -EINVAL;
    spin_lock(&d->arch.paging_lock);
    pte_t *entry = pv_walk_l1(v, va, &table);
    if (entry)
        rc = pv_mod_l1_entry(d, pg_owner, entry, (pte_t){val}, false);
    spin_unlock(&d->arch.paging_lock);
    if (rc)
        return rc;
    return flush_after(va, flags);
}

long do_update_va_mapping(unsigned long va, unsigned long val, unsigned long flags)
{
    return update_va(va, val, flags, current->domain);
}

long do_update_va_mapping_otherdomain(unsigned long va, unsigned long val, unsigned long flags,
                                      unsigned long domid)
{
    long rc;
    struct domain *pg_owner = pv_get_pg_owner(domid, &rc);

    if (!pg_owner)
        return rc;
    rc = update_va(va, val, flags, pg_owner);

    put_domain(pg_owner);
    return rc;
}
