/* SPDX-License-Identifier: MIT */
/*
 * grant.c - where the two kinds of guests differ in grant mappings: a PV
 * guest's are entries of its page tables (pv/grant.c), an HVM guest's are
 * places of its physical memory.
 *
 * An HVM guest maps over an empty place or over RAM of its own, which is given
 * up as by XENMEM_add_to_physmap; never over another grant.
 */
#include "../../common/grant_private.h"

#include <asm/current.h>
#include <asm/p2m.h>
#include <asm/page_type.h>
#include <asm/pv.h>
#include <cairn/physmap.h>

int16_t arch_grant_check_flags(const struct domain *d, uint32_t flags)
{
    const uint32_t pv_only = GNTMAP_device_map | GNTMAP_application_map | GNTMAP_contains_pte;

    return d->is_hvm && (flags & pv_only) ? GNTST_general_error : GNTST_okay;
}

static enum p2m_type mapping_type(uint32_t flags)
{
    return flags & GNTMAP_readonly ? P2M_grant_ro : P2M_grant;
}

static int16_t hvm_grant_map(struct domain *rd, struct page_info *pg, gfn_t gfn, uint32_t flags)
{
    bool writable = !(flags & GNTMAP_readonly);
    int rc;

    if (writable ? get_page_and_type(pg, rd, PGT_writable_page) : !get_page(pg, rd))
        return GNTST_general_error;
    rc = physmap_map_foreign(current->domain, gfn, page_to_mfn(pg), mapping_type(flags));
    if (!rc)
        return GNTST_okay;
    if (writable)
        put_page_and_type(pg);
    else
        put_page(pg);
    return GNTST_general_error;
}

int16_t arch_grant_map(struct domain *rd, struct page_info *pg, uint64_t host_addr, uint32_t flags)
{
    if (!current->domain->is_hvm)
        return pv_grant_map(rd, page_to_mfn(pg), host_addr, flags);
    return hvm_grant_map(rd, pg, _gfn(host_addr >> PAGE_SHIFT), flags);
}

int16_t arch_grant_unmap(mfn_t mfn, uint64_t host_addr, uint64_t new_addr, uint32_t flags)
{
    struct domain *d = current->domain;
    gfn_t gfn = _gfn(host_addr >> PAGE_SHIFT);
    enum p2m_type type;

    if (!d->is_hvm)
        return pv_grant_unmap(mfn, host_addr, new_addr, flags);
    if (new_addr || !mfn_eq(p2m_lookup(d, gfn, &type), mfn) || type != mapping_type(flags))
        return GNTST_general_error;
    return p2m_set(d, gfn, INVALID_MFN, 0, P2M_none) ? GNTST_general_error : GNTST_okay;
}

void arch_grant_flush(struct domain *d)
{
    /* For an HVM guest p2m_set() has done it. */
    if (!d->is_hvm)
        tlb_flush_mask(CPU_MASK_ALL);
}

#define CACHE_LINE 64u /* the smallest of the processors we run on */

void arch_grant_cache_flush(mfn_t mfn, unsigned int offset, unsigned int len)
{
    char *page = mfn_to_virt(mfn);

    for (unsigned int at = offset & ~(CACHE_LINE - 1); at < offset + len; at += CACHE_LINE)
        __asm__ volatile("clflush %0" : "+m"(page[at]));
    __asm__ volatile("mfence" ::: "memory");
}
