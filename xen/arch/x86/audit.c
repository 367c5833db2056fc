/* SPDX-License-Identifier: MIT */
/* audit.c - where x86 domains hold references to frames.  See cairn/audit.h. */

#include <cairn/domain.h>
#include <cairn/lib.h>

#include "mm/ept.h"

#define MAX_LINES 10

void arch_audit_refs(struct domain *d, audit_fn fn, void *ctx)
{
    /* An HVM domain's p2m holds none: its RAM is its own by allocation, and
     * what it maps by grants is counted with the grants. */
    if (!d->is_hvm)
        pv_audit_refs(d, fn, ctx);
}

struct map_audit {
    struct domain *d;
    unsigned long differences;
};

/* May @d's map show it this frame as this? */
static bool frame_is_right(const struct domain *d, mfn_t mfn, uint64_t gfn, enum p2m_type type)
{
    const struct page_info *pg;

    if (!mfn_valid(mfn))
        return false;
    pg = mfn_to_page(mfn);
    if (!(pg->count_info & PGC_count_mask))
        return false;
    switch (type) {
    case P2M_grant:
    case P2M_grant_ro:
        return !(pg->count_info & PGC_xen_heap);
    case P2M_shared_xen:
        return (pg->count_info & PGC_xen_heap) && pg->owner == d->domain_id &&
               get_gpfn_from_mfn(mfn) == gfn;
    default:
        return !(pg->count_info & PGC_xen_heap) && pg->owner == d->domain_id &&
               get_gpfn_from_mfn(mfn) == gfn;
    }
}

static void check_leaf(void *ctx, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    struct map_audit *m = ctx;

    for (unsigned long i = 0; i < 1ul << order; i++) {
        if (frame_is_right(m->d, mfn_add(mfn, i), gfn + i, type) || m->differences++ >= MAX_LINES)
            continue;
        printk(XENLOG_ERR "audit: d%u sees frame %lx at %lx as %u, which is not so\n",
               m->d->domain_id, mfn_x(mfn) + i, gfn + i, type);
    }
}

unsigned long arch_audit_map(struct domain *d)
{
    struct map_audit m = {.d = d};

    if (d->is_hvm) {
        spin_lock(&d->arch.p2m.lock);
        ept_walk(&d->arch.p2m, check_leaf, &m);
        spin_unlock(&d->arch.p2m.lock);
    }
    return m.differences;
}

bool arch_audit_place(struct domain *d, const struct page_info *pg)
{
    unsigned long gfn = get_gpfn_from_mfn(page_to_mfn(pg));

    if (!d->is_hvm || gfn == INVALID_M2P_ENTRY || domain_is_dying(d))
        return true;
    return mfn_eq(p2m_lookup(d, _gfn(gfn), NULL), page_to_mfn(pg));
}
