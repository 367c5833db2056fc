/* SPDX-License-Identifier: MIT */
/*
 * grant_table.c - grant tables: their memory, their entries, the hypercall.
 *
 * Owns shared frames and active entries.  The shared frames are the
 * hypervisor's, visible to the domain; nothing in them is believed twice.
 * Promises: an active entry in use holds a reference on its frame, and the
 * frame was its granter's when that reference was taken.
 */
#include "grant_private.h"

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <xen/domctl.h>

/* ---- the memory of a table ---- */

static bool add_frame(struct domain *d, struct grant_table *gt)
{
    void *page = alloc_xen_page();
    void *active = page ? alloc_xen_pages(ACTIVE_ORDER, 0) : NULL;

    if (!active) {
        free_xen_page(page);
        return false;
    }
    share_xen_page_with_guest(virt_to_page(page), d, false);
    gt->shared[gt->nr_frames] = page;
    gt->active[gt->nr_frames] = active;
    gt->nr_frames++;
    return true;
}

/* gt->lock held.  Grow to @nr frames; false: over the limit or no memory. */
static bool grow(struct domain *d, unsigned int nr)
{
    struct grant_table *gt = d->grant;

    if (nr > gt->max_frames)
        return false;
    while (gt->nr_frames < nr)
        if (!add_frame(d, gt))
            return false;
    return true;
}

static int check_limits(const struct xen_domctl_createdomain *cfg)
{
    unsigned int version = XEN_DOMCTL_GRANT_version(cfg->grant_opts);

    /* Negative: no opinion.  Version 0 is an older toolstack's. */
    if (cfg->max_grant_frames == 0 || cfg->max_grant_frames > (int)GRANT_MAX_FRAMES)
        return -EINVAL;
    if (cfg->max_maptrack_frames > 2 * (int)MAPTRACK_FRAMES)
        return -EINVAL;
    return version > 1 || (cfg->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) ? -EINVAL : 0;
}

int grant_init(struct domain *d, const struct xen_domctl_createdomain *cfg)
{
    struct grant_table *gt;
    int rc = check_limits(cfg);

    if (rc)
        return rc;
    gt = xzalloc(struct grant_table);
    if (!gt)
        return -ENOMEM;
    spin_lock_init(&gt->lock, LOCK_GRANT);
    spin_lock_init(&gt->map_lock, LOCK_MAPTRACK);
    gt->max_frames = cfg->max_grant_frames < 0 ? GRANT_MAX_FRAMES : cfg->max_grant_frames;
    gt->max_map_frames = min((unsigned int)cfg->max_maptrack_frames, MAPTRACK_FRAMES);
    gt->free_handle = HANDLE_NONE;
    d->grant = gt;
    /* The first frame is there from the start: the reserved entries are in it. */
    scoped_lock(&gt->lock);
    return grow(d, 1) ? 0 : -ENOMEM;
}

mfn_t grant_frame(struct domain *d, unsigned long idx)
{
    struct grant_table *gt = d->grant;

    scoped_lock(&gt->lock);
    return idx < gt->max_frames && grow(d, idx + 1) ? virt_to_mfn(gt->shared[idx]) : INVALID_MFN;
}

void grant_release(struct domain *d)
{
    struct grant_table *gt = d->grant;

    if (!gt)
        return;
    spin_lock(&gt->lock);
    gt->max_frames = 0; /* it grows no more */
    spin_unlock(&gt->lock);
    for (unsigned int i = 0; i < gt->nr_frames; i++)
        put_page_alloc_ref(virt_to_page(gt->shared[i]));
}

void grant_free(struct domain *d)
{
    struct grant_table *gt = d->grant;

    if (!gt)
        return;
    ASSERT(!gt->nr_mappings);
    for (unsigned int i = 0; i < gt->nr_frames; i++) {
        set_gpfn_from_mfn(virt_to_mfn(gt->shared[i]), INVALID_M2P_ENTRY);
        free_xen_page(gt->shared[i]);
        free_xen_pages(gt->active[i], ACTIVE_ORDER);
    }
    for (unsigned int i = 0; i < gt->nr_map_frames; i++)
        free_xen_page(gt->maptrack[i]);
    free_xen_page(gt->maptrack);
    xfree(gt);
    d->grant = NULL;
}

/* ---- entries ---- */

/* A reference on the frame that entry @ref names; *@read_only: says the p2m. */
static struct page_info *get_granted_frame(struct domain *rd, uint32_t ref, bool *read_only)
{
    gfn_t gfn = _gfn(ACCESS_ONCE(grant_shared(rd->grant, ref)->frame));
    bool writable;
    struct page_info *pg = get_page_from_gfn(rd, gfn, &writable);

    if (!pg)
        return NULL;
    *read_only = !writable;
    /* What is the hypervisor's own is not the domain's to grant. */
    if (!(pg->count_info & PGC_xen_heap))
        return pg;
    put_page(pg);
    return NULL;
}

/* The copy of the word may be stale by the time the answer is stored: decide
 * again, but do not let a guest that keeps writing keep us here. */
#define STORE_TRIES 5

static int16_t claim_entry(struct grant_table *gt, uint32_t ref, unsigned int use,
                           struct grant_pins *pins)
{
    const domid_t caller = current->domain->domain_id;
    const struct active_entry *act = grant_active(gt, ref);
    uint32_t *word = (uint32_t *)grant_shared(gt, ref);
    uint32_t copy = __atomic_load_n(word, __ATOMIC_ACQUIRE);

    for (unsigned int i = 0; i < STORE_TRIES; i++) {
        struct grant_take t = grant_decide_take(copy, act->pins, act->holder, caller, use);

        *pins = t.pins;
        if (t.status != GNTST_okay || !t.store)
            return t.status;
        if (__atomic_compare_exchange_n(word, &copy, t.word, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return GNTST_okay;
    }
    return GNTST_general_error;
}

static void clear_flags(struct grant_table *gt, uint32_t ref, uint16_t flags)
{
    if (flags)
        __atomic_fetch_and(&grant_shared(gt, ref)->flags, (uint16_t)~flags, __ATOMIC_RELEASE);
}

/* gt->lock held.  Returns the frame whose reference is no longer needed. */
static struct page_info *drop_locked(struct grant_table *gt, uint32_t ref, unsigned int use)
{
    struct active_entry *act = grant_active(gt, ref);

    ASSERT(grant_in_use(act->pins));

    struct grant_drop drop = grant_decide_drop(act->pins, use);

    act->pins = drop.pins;
    clear_flags(gt, ref, drop.clear);
    return grant_in_use(act->pins) ? NULL : grant_page(gt, ref);
}

/* rd->grant->lock held. */
static int16_t take_locked(struct domain *rd, uint32_t ref, unsigned int use)
{
    struct grant_table *gt = rd->grant;
    struct active_entry *act = grant_active(gt, ref);
    struct grant_pins pins;
    int16_t status = claim_entry(gt, ref, use, &pins);

    if (status != GNTST_okay)
        return status;
    if (!grant_in_use(act->pins)) {
        struct page_info *pg = get_granted_frame(rd, ref, &act->read_only);

        if (!pg) {
            clear_flags(gt, ref, GTF_reading | GTF_writing);
            return GNTST_bad_page;
        }
        act->mfn = mfn_x(page_to_mfn(pg));
        act->holder = current->domain->domain_id;
    }
    act->pins = pins;
    return GNTST_okay;
}

int16_t grant_take(struct domain *rd, uint32_t ref, unsigned int use, struct page_info **pg)
{
    struct grant_table *gt = rd->grant;
    struct page_info *unused = NULL;
    int16_t status = GNTST_bad_gntref;

    spin_lock(&gt->lock);
    if (ref < grant_nr_entries(gt))
        status = take_locked(rd, ref, use);
    if (status == GNTST_okay) {
        *pg = grant_page(gt, ref);
        if ((use & GRANT_USE_write) && grant_active(gt, ref)->read_only) {
            unused = drop_locked(gt, ref, use);
            status = GNTST_bad_page;
        }
    }
    spin_unlock(&gt->lock);
    if (unused)
        put_page(unused);
    return status;
}

void grant_drop(struct domain *rd, uint32_t ref, unsigned int use)
{
    struct page_info *unused;

    spin_lock(&rd->grant->lock);
    unused = drop_locked(rd->grant, ref, use);
    spin_unlock(&rd->grant->lock);
    if (unused)
        put_page(unused);
}

bool grant_lends(struct domain *rd, domid_t holder, mfn_t mfn)
{
    struct grant_table *gt = rd->grant;

    scoped_lock(&gt->lock);
    for (uint32_t ref = 0; ref < grant_nr_entries(gt); ref++) {
        const struct active_entry *act = grant_active(gt, ref);

        if (grant_in_use(act->pins) && act->holder == holder && act->mfn == mfn_x(mfn))
            return true;
    }
    return false;
}

/* ---- operations on tables ---- */

/* A domain's own table, or with privilege another's.  NULL: *@status says. */
static struct domain *grant_target(domid_t domid, int16_t *status)
{
    long rc;
    struct domain *d = hypercall_target(domid, &rc);

    *status = d ? GNTST_okay : rc == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
    return d;
}

/* The list of frames is written last: frames once made stay. */
static long setup_table(struct domain *caller, void *arg)
{
    struct gnttab_setup_table *op = arg;
    struct domain *d __put_domain = grant_target(op->dom, &op->status);

    if (!d)
        return 0;
    spin_lock(&d->grant->lock);
    if (!grow(d, op->nr_frames))
        op->status = GNTST_general_error;
    spin_unlock(&d->grant->lock);
    for (unsigned int i = 0; op->status == GNTST_okay && i < op->nr_frames; i++) {
        mfn_t mfn = virt_to_mfn(d->grant->shared[i]);
        xen_pfn_t gmfn = d->is_hvm ? get_gpfn_from_mfn(mfn) : mfn_x(mfn);

        if (copy_to_guest_offset(op->frame_list, i, &gmfn, 1))
            op->status = GNTST_bad_virt_addr;
    }
    return 0;
}

static long query_size(struct domain *caller, void *arg)
{
    struct gnttab_query_size *op = arg;
    struct domain *d __put_domain = grant_target(op->dom, &op->status);

    if (d) {
        op->nr_frames = d->grant->nr_frames;
        op->max_nr_frames = d->grant->max_frames;
    }
    return 0;
}

static long set_version(struct domain *caller, void *arg)
{
    uint32_t *version = &((struct gnttab_set_version *)arg)->version;
    long rc = *version == 1 ? 0 : *version == 2 ? -ENOSYS : -EINVAL;

    *version = 1;
    return rc;
}

static long get_version(struct domain *d, void *arg)
{
    ((struct gnttab_get_version *)arg)->version = 1;
    return 0;
}

/* Only a version 2 table has them. */
static long get_status_frames(struct domain *caller, void *arg)
{
    struct gnttab_get_status_frames *op = arg;
    struct domain *d __put_domain = grant_target(op->dom, &op->status);

    if (d)
        op->status = GNTST_general_error;
    return 0;
}

static long not_offered(struct domain *caller, void *arg)
{
    return -EOPNOTSUPP;
}

#define OP(name, flags) [GNTTABOP_##name] = {name, sizeof(struct gnttab_##name), flags}
static const struct arg_op single_ops[] = {
    OP(set_version, ARG_CHANGED),
    OP(get_version, ARG_DOMID | ARG_ANSWER),
    OP(setup_table, ARG_ANSWER),
    OP(query_size, ARG_ANSWER),
    OP(get_status_frames, ARG_ANSWER),
    [GNTTABOP_transfer] = {not_offered}, /* giving a page away: decrease_reservation */
};

/* ---- operations on lists, an element at a time ---- */

static int16_t swap_locked(struct grant_table *gt, uint32_t a, uint32_t b)
{
    uint32_t nr = grant_nr_entries(gt);
    grant_entry_v1_t was;

    if (a >= nr || b >= nr)
        return GNTST_bad_gntref;
    if (a == b)
        return GNTST_okay;
    if (grant_in_use(grant_active(gt, a)->pins) || grant_in_use(grant_active(gt, b)->pins))
        return GNTST_eagain;
    was = *grant_shared(gt, a);
    *grant_shared(gt, a) = *grant_shared(gt, b);
    *grant_shared(gt, b) = was;
    return GNTST_okay;
}

static long swap_one(void *arg, struct grant_batch *batch)
{
    struct grant_table *gt = current->domain->grant;
    struct gnttab_swap_grant_ref *op = arg;

    spin_lock(&gt->lock);
    op->status = swap_locked(gt, op->ref_a, op->ref_b);
    spin_unlock(&gt->lock);
    return 0;
}

static const struct list_op {
    long (*one)(void *arg, struct grant_batch *batch);
    uint16_t size;
    bool answers;
} list_ops[] = {
    [GNTTABOP_map_grant_ref] = {grant_map_one, sizeof(struct gnttab_map_grant_ref), true},
    [GNTTABOP_unmap_grant_ref] = {grant_unmap_one, sizeof(struct gnttab_unmap_grant_ref), true},
    [GNTTABOP_unmap_and_replace] = {grant_replace_one, sizeof(struct gnttab_unmap_and_replace),
                                    true},
    [GNTTABOP_copy] = {grant_copy_one, sizeof(struct gnttab_copy), true},
    [GNTTABOP_swap_grant_ref] = {swap_one, sizeof(struct gnttab_swap_grant_ref), true},
    [GNTTABOP_cache_flush] = {grant_flush_one, sizeof(struct gnttab_cache_flush), false},
};

static long one_element(const struct list_op *op, unsigned long uop, struct grant_batch *batch)
{
    union {
        struct gnttab_map_grant_ref map;
        struct gnttab_copy copy;
    } arg;
    long rc;

    ASSERT(op->size <= sizeof(arg));
    if (raw_copy_from_guest(&arg, uop, op->size))
        return -EFAULT;
    rc = op->one(&arg, batch);
    return !rc && op->answers ? raw_copy_to_guest(uop, &arg, op->size) : rc;
}

/* Leaves in *@uop and *@left what is still to be done. */
static long run_list(const struct list_op *op, unsigned long *uop, unsigned int *left)
{
    struct grant_batch batch;
    long rc = 0;

    batch.nr = 0;
    while (!rc && *left) {
        rc = one_element(op, *uop, &batch);
        if (rc)
            break;
        *uop += op->size;
        if (--*left && preempt_check())
            rc = -ERESTART;
    }
    grant_finish_unmaps(&batch);
    return rc;
}

long do_grant_table_op(unsigned long cmd, unsigned long uop, unsigned long count)
{
    unsigned int op = cmd, left = count;
    long rc;

    if ((int)left < 0)
        return -EINVAL;
    if (op < ARRAY_SIZE(list_ops) && list_ops[op].one) {
        rc = run_list(&list_ops[op], &uop, &left);
        if (rc == -ERESTART) {
            hypercall_set_arg(1, uop);
            hypercall_set_arg(2, left);
        }
        return rc;
    }
    if (left != 1 && (op == GNTTABOP_setup_table || op == GNTTABOP_query_size ||
                      op == GNTTABOP_get_status_frames))
        return -EINVAL;
    return run_arg_op(ARG_OP(single_ops, op), uop);
}
