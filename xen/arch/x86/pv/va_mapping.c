/* SPDX-License-Identifier: MIT */
/*
 * va_mapping.c - HYPERVISOR_update_va_mapping: the L1 entry of one address of
 * the current address space, with the flush that goes with it.
 */
#include "private.h"

/* @flags name CPUs by LOCAL, ALL or a guest pointer to a mask of vCPUs: which CPUs
 * those use is not worth finding out. */
static int flush_after(unsigned long va, unsigned long flags)
{
    unsigned long type = flags & UVMF_FLUSHTYPE_MASK, where = flags & ~UVMF_FLUSHTYPE_MASK, mask;
    cpumask_t cpus = where == UVMF_LOCAL ? 1ul << smp_processor_id() : CPU_MASK_ALL;

    if (type == UVMF_NONE)
        return 0;
    if (type != UVMF_TLB_FLUSH && type != UVMF_INVLPG)
        return -EINVAL;
    if (where != UVMF_ALL && where != UVMF_LOCAL && copy_from_guest_va(&mask, where))
        return -EFAULT;
    if (type == UVMF_TLB_FLUSH)
        tlb_flush_mask(cpus);
    else
        tlb_flush_one_mask(cpus, va);
    return 0;
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
    return rc ? rc : flush_after(va, flags);
}

long do_update_va_mapping(unsigned long va, unsigned long val, unsigned long flags)
{
    return update_va(va, val, flags, current->domain);
}

long do_update_va_mapping_otherdomain(unsigned long va, unsigned long val, unsigned long flags,
                                      unsigned long domid)
{
    long rc;
    struct domain *pg_owner __put_domain = pv_get_pg_owner(domid, &rc);

    return pg_owner ? update_va(va, val, flags, pg_owner) : rc;
}
