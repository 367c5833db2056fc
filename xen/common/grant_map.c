/* SPDX-License-Identifier: MIT */
/*
 * grant_map.c - mapping other domains' pages by grants, and undoing it.
 *
 * Owns the mapping records of the holder (the current domain).
 * Promises: a record exists exactly while its use is counted in the granter's
 * active entry; a granter is told that its page is free again only after no
 * TLB translates the mapping any more.
 */
#include "grant_private.h"

#include <asm/current.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>

#define RECORD_FLAGS                                                                  \
    (GNTMAP_device_map | GNTMAP_host_map | GNTMAP_readonly | GNTMAP_application_map | \
     GNTMAP_contains_pte)

/* ---- handles; map_lock held ---- */

static struct maptrack *record_of(const struct grant_table *gt, uint32_t handle)
{
    return &gt->maptrack[handle / HANDLES_PER_FRAME][handle % HANDLES_PER_FRAME];
}

static struct maptrack *used_record(const struct grant_table *gt, uint32_t handle)
{
    struct maptrack *mt;

    if (handle >= gt->nr_map_frames * HANDLES_PER_FRAME)
        return NULL;
    mt = record_of(gt, handle);
    return mt->flags ? mt : NULL;
}

static bool add_records(struct grant_table *gt)
{
    uint32_t first = gt->nr_map_frames * HANDLES_PER_FRAME;
    void *frame;

    if (gt->nr_map_frames == gt->max_map_frames)
        return false;
    if (!gt->maptrack)
        gt->maptrack = alloc_xen_page();
    frame = gt->maptrack ? alloc_xen_page() : NULL;
    if (!frame)
        return false;
    gt->maptrack[gt->nr_map_frames++] = frame;
    for (uint32_t i = HANDLES_PER_FRAME; i-- > 0;) {
        record_of(gt, first + i)->ref = gt->free_handle;
        gt->free_handle = first + i;
    }
    return true;
}

static uint32_t handle_get(struct grant_table *gt)
{
    uint32_t handle;

    if (gt->free_handle == HANDLE_NONE && !add_records(gt))
        return HANDLE_NONE;
    handle = gt->free_handle;
    gt->free_handle = record_of(gt, handle)->ref;
    gt->nr_mappings++;
    return handle;
}

static void handle_put(struct grant_table *gt, uint32_t handle)
{
    *record_of(gt, handle) = (struct maptrack){.ref = gt->free_handle};
    gt->free_handle = handle;
    gt->nr_mappings--;
}

/* ---- references that a record holds ---- */

static bool record_get(struct domain *rd, struct page_info *pg, unsigned int use)
{
    if (use & GRANT_USE_write)
        return get_page_and_type(pg, rd, PGT_writable_page) == 0;
    return get_page(pg, rd);
}

static void record_put(struct page_info *pg, unsigned int use)
{
    if (use & GRANT_USE_write)
        put_page_and_type(pg);
    else
        put_page(pg);
}

/* Those of the uses in @use: a PV host mapping's are its L1 entry's. */
static void records_put(const struct domain *ld, struct page_info *pg, unsigned int use)
{
    if (use & GRANT_USE_device)
        record_put(pg, use);
    if ((use & GRANT_USE_host) && ld->is_hvm)
        record_put(pg, use);
}

/* ---- map ---- */

static int16_t make_mapping(struct domain *rd, struct page_info *pg,
                            const struct gnttab_map_grant_ref *op, unsigned int use)
{
    int16_t status;

    if ((use & GRANT_USE_device) && !record_get(rd, pg, use))
        return GNTST_general_error;
    if (!(use & GRANT_USE_host))
        return GNTST_okay;
    status = arch_grant_map(rd, pg, op->host_addr, op->flags);
    if (status != GNTST_okay && (use & GRANT_USE_device))
        record_put(pg, use);
    return status;
}

/* map_lock held; *op's results are set if GNTST_okay. */
static int16_t map_locked(struct domain *ld, struct domain *rd, struct gnttab_map_grant_ref *op,
                          unsigned int use)
{
    struct grant_table *gt = ld->grant;
    uint32_t handle = handle_get(gt);
    struct page_info *pg;
    int16_t status;

    if (handle == HANDLE_NONE)
        return GNTST_no_space;
    status = grant_take(rd, op->ref, ld->domain_id, use, &pg);
    if (status == GNTST_okay) {
        status = make_mapping(rd, pg, op, use);
        if (status != GNTST_okay)
            grant_drop(rd, op->ref, use);
    }
    if (status != GNTST_okay) {
        handle_put(gt, handle);
        return status;
    }
    *record_of(gt, handle) = (struct maptrack){
        .ref = op->ref, .granter = rd->domain_id, .flags = op->flags & RECORD_FLAGS};
    op->handle = handle;
    op->dev_bus_addr = mfn_x(page_to_mfn(pg)) << PAGE_SHIFT;
    return GNTST_okay;
}

static int16_t map_one(struct domain *ld, struct gnttab_map_grant_ref *op)
{
    unsigned int use = grant_map_use(op->flags);
    struct domain *rd;
    int16_t status;

    if (!use)
        return GNTST_bad_gntref;
    status = arch_grant_check_flags(ld, op->flags);
    if (status != GNTST_okay)
        return status;
    rd = get_domain_by_id(op->dom);
    if (!rd)
        return GNTST_bad_domain;
    spin_lock(&ld->grant->map_lock);
    status = map_locked(ld, rd, op, use);
    spin_unlock(&ld->grant->map_lock);
    put_domain(rd);
    return status;
}

long grant_map_one(unsigned long uop)
{
    struct gnttab_map_grant_ref op;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;
    op.status = map_one(current->domain, &op);
    return copy_to_guest_va(uop, &op);
}

/* ---- unmap: mappings of a few go away, one flush, then their counts ---- */

#define UNMAP_BATCH 32

struct unmapped {
    struct domain *rd; /* with a reference; NULL: nothing was unmapped */
    uint32_t ref;
    unsigned int use;
};

struct unmap_args {
    uint64_t host_addr, dev_bus_addr, new_addr;
    uint32_t handle;
};

/* map_lock held.  Takes away what the arguments name. */
static int16_t unmap_record(const struct unmap_args *a, struct maptrack *mt, struct unmapped *done)
{
    mfn_t mfn = _mfn(grant_active(done->rd->grant, mt->ref)->mfn);
    unsigned int flags = mt->flags;
    bool device = a->dev_bus_addr && (flags & GNTMAP_device_map);
    bool host = a->host_addr && (flags & GNTMAP_host_map);

    if (device && a->dev_bus_addr != mfn_x(mfn) << PAGE_SHIFT)
        return GNTST_bad_dev_addr;
    if (host) {
        int16_t status = arch_grant_unmap(mfn, a->host_addr, a->new_addr, flags);

        if (status != GNTST_okay)
            return status;
        mt->flags &= ~GNTMAP_host_map;
    }
    if (device)
        mt->flags &= ~GNTMAP_device_map;
    done->use = grant_map_use(flags & ~mt->flags)
                    ? grant_map_use((flags & ~mt->flags) | (flags & GNTMAP_readonly))
                    : 0;
    return GNTST_okay;
}

static int16_t unmap_one(struct domain *ld, const struct unmap_args *a, struct unmapped *done)
{
    struct grant_table *gt = ld->grant;
    int16_t status = GNTST_bad_handle;
    struct maptrack *mt;

    done->use = 0;
    done->rd = NULL;
    spin_lock(&gt->map_lock);
    mt = used_record(gt, a->handle);
    if (mt) {
        done->ref = mt->ref;
        /* There: the entry in use holds a page of it. */
        done->rd = get_domain_by_id(mt->granter);
    }
    if (done->rd) {
        status = unmap_record(a, mt, done);
        if (!(mt->flags & (GNTMAP_host_map | GNTMAP_device_map)))
            handle_put(gt, a->handle);
    }
    spin_unlock(&gt->map_lock);
    return status;
}

static void finish_unmaps(struct domain *ld, struct unmapped *done, unsigned int n)
{
    arch_grant_flush(ld);
    for (unsigned int i = 0; i < n; i++) {
        if (!done[i].rd)
            continue;
        if (done[i].use) {
            mfn_t mfn = _mfn(grant_active(done[i].rd->grant, done[i].ref)->mfn);

            records_put(ld, mfn_to_page(mfn), done[i].use);
            grant_drop(done[i].rd, done[i].ref, done[i].use);
        }
        put_domain(done[i].rd);
    }
}

/* Up to UNMAP_BATCH operations; @one reads, does and answers the one at *uop. */
static long unmap_batches(unsigned long *uop, unsigned int *count, size_t size,
                          long (*one)(unsigned long uop, struct unmapped *done))
{
    struct unmapped done[UNMAP_BATCH];
    long rc = 0;

    while (*count && !rc) {
        unsigned int n = 0;

        while (n < UNMAP_BATCH && *count && !rc) {
            done[n].rd = NULL;
            rc = one(*uop, &done[n++]);
            if (!rc) {
                --*count;
                *uop += size;
            }
        }
        finish_unmaps(current->domain, done, n);
        if (!rc && *count && preempt_check())
            rc = -ERESTART;
    }
    return rc;
}

static long unmap_grant_ref(unsigned long uop, struct unmapped *done)
{
    struct gnttab_unmap_grant_ref op;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;

    const struct unmap_args a = {
        .host_addr = op.host_addr, .dev_bus_addr = op.dev_bus_addr, .handle = op.handle};

    op.status = unmap_one(current->domain, &a, done);
    return copy_to_guest_va(uop, &op);
}

static long unmap_and_replace(unsigned long uop, struct unmapped *done)
{
    struct gnttab_unmap_and_replace op;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;

    const struct unmap_args a = {
        .host_addr = op.host_addr, .new_addr = op.new_addr, .handle = op.handle};

    op.status = unmap_one(current->domain, &a, done);
    return copy_to_guest_va(uop, &op);
}

long grant_unmap_batch(unsigned long *uop, unsigned int *count)
{
    return unmap_batches(uop, count, sizeof(struct gnttab_unmap_grant_ref), unmap_grant_ref);
}

long grant_replace_batch(unsigned long *uop, unsigned int *count)
{
    return unmap_batches(uop, count, sizeof(struct gnttab_unmap_and_replace), unmap_and_replace);
}

/* ---- the holder's end ---- */

int grant_release_mappings(struct domain *d)
{
    struct grant_table *gt = d->grant;

    for (; gt && gt->nr_mappings; gt->release_cursor++) {
        struct maptrack *mt = used_record(gt, gt->release_cursor);
        struct domain *rd = mt ? get_domain_by_id(mt->granter) : NULL;

        if (rd) {
            struct page_info *pg = mfn_to_page(_mfn(grant_active(rd->grant, mt->ref)->mfn));
            unsigned int use = grant_map_use(mt->flags);

            records_put(d, pg, use);
            grant_drop(rd, mt->ref, use);
            put_domain(rd);
        }
        if (mt)
            handle_put(gt, gt->release_cursor);
        if (!(gt->release_cursor % 64) && preempt_check()) {
            gt->release_cursor++;
            return -ERESTART;
        }
    }
    return 0;
}

/* ---- questions ---- */

void grant_count_refs(struct domain *d, void (*fn)(void *ctx, mfn_t mfn, bool writable), void *ctx)
{
    struct grant_table *gt = d->grant;

    for (uint32_t ref = 0; gt && ref < grant_nr_entries(gt); ref++)
        if (grant_in_use(grant_active(gt, ref)->pins))
            fn(ctx, _mfn(grant_active(gt, ref)->mfn), false);
    for (uint32_t h = 0; gt && h < gt->nr_map_frames * HANDLES_PER_FRAME; h++) {
        struct maptrack *mt = used_record(gt, h);
        struct domain *rd = mt ? get_domain_by_id(mt->granter) : NULL;
        unsigned int use;
        mfn_t mfn;

        if (!rd)
            continue;
        use = grant_map_use(mt->flags);
        mfn = _mfn(grant_active(rd->grant, mt->ref)->mfn);
        if (use & GRANT_USE_device)
            fn(ctx, mfn, use & GRANT_USE_write);
        if ((use & GRANT_USE_host) && d->is_hvm)
            fn(ctx, mfn, use & GRANT_USE_write);
        put_domain(rd);
    }
}
