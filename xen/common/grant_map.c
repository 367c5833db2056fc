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
    status = grant_take(rd, op->ref, use, &pg);
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

static int16_t map(struct domain *ld, struct gnttab_map_grant_ref *op)
{
    unsigned int use = grant_map_use(op->flags);
    int16_t status;

    if (!use)
        return GNTST_bad_gntref;
    status = arch_grant_check_flags(ld, op->flags);
    if (status != GNTST_okay)
        return status;

    struct domain *rd __put_domain = get_domain_by_id(op->dom);
    if (!rd)
        return GNTST_bad_domain;
    scoped_lock(&ld->grant->map_lock);
    return map_locked(ld, rd, op, use);
}

long grant_map_one(void *arg, struct grant_batch *batch)
{
    struct gnttab_map_grant_ref *op = arg;

    op->status = map(current->domain, op);
    return 0;
}

/* ---- unmap ---- */

struct unmap_args {
    uint64_t host_addr, dev_bus_addr, new_addr;
    uint32_t handle;
};

/* map_lock held.  Takes away what the arguments name; *@use is what that was. */
static int16_t unmap_record(const struct unmap_args *a, struct maptrack *mt, mfn_t mfn,
                            unsigned int *use)
{
    unsigned int flags = mt->flags, gone;
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
    gone = flags & ~mt->flags;
    *use = gone ? grant_map_use(gone | (flags & GNTMAP_readonly)) : 0;
    return GNTST_okay;
}

static int16_t unmap(const struct unmap_args *a, struct grant_batch *batch)
{
    struct grant_table *gt = current->domain->grant;
    int16_t status = GNTST_bad_handle;
    struct maptrack *mt;
    struct domain *rd;

    if (batch->nr == UNMAP_BATCH)
        grant_finish_unmaps(batch);
    scoped_lock(&gt->map_lock);
    mt = used_record(gt, a->handle);
    /* There: the entry in use holds a page of it. */
    rd = mt ? get_domain_by_id(mt->granter) : NULL;
    if (rd) {
        unsigned int i = batch->nr++, use = 0;

        status = unmap_record(a, mt, page_to_mfn(grant_page(rd->grant, mt->ref)), &use);
        batch->done[i].rd = rd;
        batch->done[i].ref = mt->ref;
        batch->done[i].use = use;
        if (!(mt->flags & (GNTMAP_host_map | GNTMAP_device_map)))
            handle_put(gt, a->handle);
    }
    return status;
}

long grant_unmap_one(void *arg, struct grant_batch *batch)
{
    struct gnttab_unmap_grant_ref *op = arg;
    const struct unmap_args a = {
        .host_addr = op->host_addr, .dev_bus_addr = op->dev_bus_addr, .handle = op->handle};

    op->status = unmap(&a, batch);
    return 0;
}

long grant_replace_one(void *arg, struct grant_batch *batch)
{
    struct gnttab_unmap_and_replace *op = arg;
    const struct unmap_args a = {
        .host_addr = op->host_addr, .new_addr = op->new_addr, .handle = op->handle};

    op->status = unmap(&a, batch);
    return 0;
}

/* @ld's @use of the granter's entry ends; nothing translates to its frame by it. */
static void end_use(struct domain *ld, struct domain *rd, uint32_t ref, unsigned int use)
{
    records_put(ld, grant_page(rd->grant, ref), use);
    grant_drop(rd, ref, use);
}

void grant_finish_unmaps(struct grant_batch *batch)
{
    if (batch->nr)
        arch_grant_flush(current->domain);
    for (unsigned int i = 0; i < batch->nr; i++) {
        struct domain *rd __put_domain = batch->done[i].rd;

        if (batch->done[i].use)
            end_use(current->domain, rd, batch->done[i].ref, batch->done[i].use);
    }
    batch->nr = 0;
}

/* ---- the holder's end ---- */

int grant_release_mappings(struct domain *d)
{
    struct grant_table *gt = d->grant;

    for (; gt && gt->nr_mappings; gt->release_cursor++) {
        struct maptrack *mt = used_record(gt, gt->release_cursor);
        struct domain *rd __put_domain = mt ? get_domain_by_id(mt->granter) : NULL;

        if (rd)
            end_use(d, rd, mt->ref, grant_map_use(mt->flags));
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
        struct domain *rd __put_domain = mt ? get_domain_by_id(mt->granter) : NULL;

        if (!rd)
            continue;

        unsigned int use = grant_map_use(mt->flags);
        mfn_t mfn = page_to_mfn(grant_page(rd->grant, mt->ref));

        if (use & GRANT_USE_device)
            fn(ctx, mfn, use & GRANT_USE_write);
        if ((use & GRANT_USE_host) && d->is_hvm)
            fn(ctx, mfn, use & GRANT_USE_write);
    }
}
