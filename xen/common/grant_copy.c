/* SPDX-License-Identifier: MIT */
/*
 * grant_copy.c - copying between pages named by grants or by frame numbers,
 * and flushing the caches of such pages.
 *
 * Promises: what is written is a page used as writable for the time of the
 * copy, never a page table; both pages are held while they are touched.
 */
#include "grant_private.h"

#include <asm/current.h>
#include <cairn/lib.h>

/* One side of a copy while it is held. */
struct copy_side {
    struct domain *d;
    struct page_info *pg;
    uint32_t ref;
    unsigned int use; /* of the grant; 0: by frame number */
    bool typed;
};

static int16_t hold_grant(struct copy_side *s, uint32_t ref, bool write)
{
    unsigned int use = GRANT_USE_host | (write ? GRANT_USE_write : 0);
    int16_t status = grant_take(s->d, ref, use, &s->pg);

    if (status != GNTST_okay)
        return status;
    s->ref = ref;
    s->use = use;
    return GNTST_okay;
}

static int16_t hold_frame(struct copy_side *s, unsigned long gmfn, bool write)
{
    bool writable;

    s->pg = get_page_from_gfn(s->d, _gfn(gmfn), &writable);
    if (!s->pg)
        return GNTST_bad_page;
    return write && !writable ? GNTST_bad_page : GNTST_okay;
}

static void let_go(struct copy_side *s)
{
    if (s->typed)
        put_page_type(s->pg);
    if (s->use)
        grant_drop(s->d, s->ref, s->use);
    else if (s->pg)
        put_page(s->pg);
    if (s->d)
        put_domain(s->d);
}

/* Whatever is returned, let_go() must follow. */
static int16_t hold(struct copy_side *s, const struct gnttab_copy_ptr *ptr, bool by_ref, bool write)
{
    int16_t status;

    if (!by_ref && ptr->domid != DOMID_SELF)
        return GNTST_permission_denied;
    s->d = get_domain_for_op(ptr->domid);
    if (!s->d)
        return GNTST_bad_domain;
    status = by_ref ? hold_grant(s, ptr->u.ref, write) : hold_frame(s, ptr->u.gmfn, write);
    if (status == GNTST_okay && write) {
        s->typed = get_page_type(s->pg, PGT_writable_page) == 0;
        if (!s->typed)
            status = GNTST_general_error;
    }
    return status;
}

static int16_t copy_one(const struct gnttab_copy *op)
{
    struct copy_side source = {0}, dest = {0};
    int16_t status;

    if (!op->len)
        return GNTST_okay;
    status = hold(&source, &op->source, op->flags & GNTCOPY_source_gref, false);
    if (status == GNTST_okay)
        status = hold(&dest, &op->dest, op->flags & GNTCOPY_dest_gref, true);
    if (status == GNTST_okay)
        status = grant_copy_check(op->source.offset, op->dest.offset, op->len);
    if (status == GNTST_okay)
        memmove((char *)page_to_virt(dest.pg) + op->dest.offset,
                (const char *)page_to_virt(source.pg) + op->source.offset, op->len);
    let_go(&dest);
    let_go(&source);
    return status;
}

long grant_copy_one(void *arg, struct grant_batch *batch)
{
    struct gnttab_copy *op = arg;

    op->status = copy_one(op);
    return 0;
}

/* ---- caches ---- */

/* The caller's own frame, or one that it has mapped by a grant. */
static struct page_info *get_flushable_page(struct domain *d, uint64_t addr)
{
    mfn_t mfn = _mfn(addr >> PAGE_SHIFT);
    struct page_info *pg;
    struct domain *owner;

    if (!mfn_valid(mfn))
        return NULL;
    pg = mfn_to_page(mfn);
    if (get_page(pg, d))
        return pg;
    owner = page_owner(pg);
    if (!owner || !get_page(pg, owner))
        return NULL;
    if (grant_lends(owner, d->domain_id, mfn))
        return pg;
    put_page(pg);
    return NULL;
}

long grant_flush_one(void *arg, struct grant_batch *batch)
{
    const struct gnttab_cache_flush *op = arg;
    int rc = grant_flush_check(op->op, op->offset, op->length);
    struct page_info *pg;

    if (rc <= 0)
        return rc;
    pg = get_flushable_page(current->domain, op->a.dev_bus_addr);
    if (!pg)
        return -EPERM;
    arch_grant_cache_flush(page_to_mfn(pg), op->offset, op->length);
    put_page(pg);
    return 0;
}
