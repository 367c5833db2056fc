/* SPDX-License-Identifier: MIT */
/*
 * memory_exchange.c - XENMEM_exchange: pages of a PV domain for others, mostly
 * to get contiguous ones or ones at low addresses.
 *
 * Works in chunks of the larger of the two extents; nr_exchanged in the
 * argument is the progress.  Promises: a chunk is exchanged as a whole or not
 * at all, unless the caller's own list faults; only pages that nothing uses
 * are given up.
 */
#include "memory_private.h"

#include <cairn/lib.h>
#include <cairn/physmap.h>
#include <cairn/softirq.h>

#define CHUNK_MAX (1u << MAX_EXTENT_ORDER)

/* One chunk's frames: pages given up, and first pages of new extents. */
struct chunk {
    uint32_t in[CHUNK_MAX], out[CHUNK_MAX];
    unsigned int nr_in, nr_out;
};

/* Owned, referenced by nobody but the allocation and us, in no use as a type. */
static bool is_idle(const struct page_info *pg)
{
    return pg->count_info == (PGC_allocated | 2) &&
           !(pg->type_info & (PGT_count_mask | PGT_pinned | PGT_partial));
}

static int claim_page(struct domain *d, struct chunk *c, unsigned long mfn)
{
    struct page_info *pg;

    if (!mfn_valid(_mfn(mfn)))
        return -EINVAL;
    pg = mfn_to_page(_mfn(mfn));
    if (!get_page(pg, d))
        return -EINVAL;
    /* Also if the list names a page twice. */
    if (!is_idle(pg)) {
        put_page(pg);
        return -EINVAL;
    }
    c->in[c->nr_in++] = mfn;
    return 0;
}

static int claim_chunk(struct domain *d, struct chunk *c, const struct xen_memory_reservation *in,
                       unsigned long first, unsigned long nr)
{
    for (unsigned long i = 0; i < nr; i++) {
        xen_pfn_t mfn;

        if (copy_from_guest_offset(&mfn, in->extent_start, first + i, 1))
            return -EFAULT;
        for (unsigned long k = 0; k < 1ul << in->extent_order; k++) {
            int rc = claim_page(d, c, mfn + k);

            if (rc)
                return rc;
        }
    }
    return 0;
}

static int alloc_chunk(struct domain *d, struct chunk *c, const struct xen_memory_reservation *out,
                       unsigned long nr)
{
    for (unsigned long i = 0; i < nr; i++) {
        struct page_info *pg =
            alloc_domheap_pages(d, out->extent_order, memory_memf(out) | MEMF_exchange);

        if (!pg)
            return -ENOMEM;
        c->out[c->nr_out++] = mfn_x(page_to_mfn(pg));
    }
    return 0;
}

static void undo_chunk(struct chunk *c, unsigned int out_order)
{
    while (c->nr_out--)
        for (unsigned long k = 0; k < 1ul << out_order; k++)
            put_page_alloc_ref(mfn_to_page(_mfn(c->out[c->nr_out] + k)));
    while (c->nr_in--)
        put_page(mfn_to_page(_mfn(c->in[c->nr_in])));
}

/* From here on the domain has the new pages instead of the old ones. */
static int commit_chunk(struct domain *d, struct chunk *c, const struct xen_memory_reservation *out,
                        unsigned long first)
{
    for (unsigned int i = 0; i < c->nr_in; i++) {
        struct page_info *pg = mfn_to_page(_mfn(c->in[i]));

        set_gpfn_from_mfn(_mfn(c->in[i]), INVALID_M2P_ENTRY);
        put_page_alloc_ref(pg);
        put_page(pg);
    }
    for (unsigned int i = 0; i < c->nr_out; i++) {
        xen_pfn_t gpfn, mfn = c->out[i];

        if (copy_from_guest_offset(&gpfn, out->extent_start, first + i, 1))
            return -EFAULT;
        if (physmap_add(d, _gfn(gpfn), _mfn(mfn), out->extent_order))
            return -EINVAL;
        if (copy_to_guest_offset(out->extent_start, first + i, &mfn, 1))
            return -EFAULT;
    }
    return 0;
}

static int exchange_chunk(struct domain *d, struct chunk *c, const struct xen_memory_exchange *x)
{
    unsigned int order = max(x->in.extent_order, x->out.extent_order);
    unsigned long nr_in = 1ul << (order - x->in.extent_order),
                  nr_out = 1ul << (order - x->out.extent_order);
    unsigned long first_out = x->nr_exchanged / nr_in * nr_out;
    int rc;

    c->nr_in = c->nr_out = 0;
    rc = claim_chunk(d, c, &x->in, x->nr_exchanged, nr_in);
    if (!rc)
        rc = alloc_chunk(d, c, &x->out, nr_out);
    if (rc) {
        undo_chunk(c, x->out.extent_order);
        return rc;
    }
    return commit_chunk(d, c, &x->out, first_out);
}

static int check_exchange(const struct xen_memory_exchange *x)
{
    const struct xen_memory_reservation *in = &x->in, *out = &x->out;
    unsigned int per_chunk;

    if (in->extent_order > MAX_EXTENT_ORDER || out->extent_order > MAX_EXTENT_ORDER)
        return -EPERM;
    if (in->domid != out->domid || x->nr_exchanged > in->nr_extents)
        return -EINVAL;
    if (in->nr_extents > ~0ul >> in->extent_order || out->nr_extents > ~0ul >> out->extent_order)
        return -EINVAL;
    if (in->nr_extents << in->extent_order != out->nr_extents << out->extent_order)
        return -EINVAL;
    /* Progress is counted in whole chunks. */
    per_chunk = 1u << (max(in->extent_order, out->extent_order) - in->extent_order);
    return x->nr_exchanged % per_chunk || in->nr_extents % per_chunk ? -EINVAL : 0;
}

static long exchange_all(struct domain *d, struct xen_memory_exchange *x, struct chunk *c)
{
    unsigned int order = max(x->in.extent_order, x->out.extent_order);

    while (x->nr_exchanged < x->in.nr_extents) {
        long rc = exchange_chunk(d, c, x);

        if (rc)
            return rc;
        x->nr_exchanged += 1ul << (order - x->in.extent_order);
        if (x->nr_exchanged < x->in.nr_extents && preempt_check())
            return -ERESTART;
    }
    return 0;
}

long memory_exchange(struct domain *caller, void *arg)
{
    struct xen_memory_exchange *x = arg;
    struct chunk *c;
    long rc = check_exchange(x);

    if (rc)
        return rc;

    struct domain *d __put_domain = memory_target(x->in.domid, &rc);
    if (!d)
        return rc;
    if (d->is_hvm)
        return -EOPNOTSUPP;
    c = xzalloc(struct chunk);
    rc = c ? exchange_all(d, x, c) : -ENOMEM;
    xfree(c);
    return rc;
}
