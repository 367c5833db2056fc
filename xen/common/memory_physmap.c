/* SPDX-License-Identifier: MIT */
/*
 * memory_physmap.c - XENMEM_add_to_physmap, its batch, remove_from_physmap:
 * what appears where in an HVM domain's memory.
 *
 * Promises: each element of a list is read once and done or refused as a
 * whole; long lists are continued.
 */
#include "memory_private.h"

#include <cairn/lib.h>
#include <cairn/physmap.h>
#include <cairn/softirq.h>

static long place_one(struct domain *d, unsigned int space, unsigned long idx, gfn_t gfn)
{
    mfn_t mfn;

    switch (space) {
    case XENMAPSPACE_shared_info:
    case XENMAPSPACE_grant_table:
        mfn = space == XENMAPSPACE_grant_table ? grant_frame(d, idx)
              : idx == 0                       ? virt_to_mfn(d->shared_info)
                                               : INVALID_MFN;
        return mfn_eq(mfn, INVALID_MFN) ? -EINVAL : physmap_place_xen_page(d, gfn, mfn);
    case XENMAPSPACE_gmfn:
    case XENMAPSPACE_gmfn_range:
        return physmap_move_ram(d, _gfn(idx), gfn);
    default:
        return -ENOSYS;
    }
}

/* A range takes its progress in the argument, as the public ABI says. */
static long add_range(struct domain *d, struct xen_add_to_physmap *xatp)
{
    while (xatp->size) {
        long rc = place_one(d, xatp->space, xatp->idx, _gfn(xatp->gpfn));

        if (rc)
            return rc;
        xatp->idx++;
        xatp->gpfn++;
        if (--xatp->size && preempt_check())
            return -ERESTART;
    }
    return 0;
}

long memory_add_one(struct domain *d, void *arg)
{
    struct xen_add_to_physmap *xatp = arg;

    if (!d->is_hvm)
        return -EACCES;
    if (xatp->space == XENMAPSPACE_gmfn_range)
        return add_range(d, xatp);
    return place_one(d, xatp->space, xatp->idx, _gfn(xatp->gpfn));
}

/* One element: its own result goes to the list of them. */
static long batch_element(struct domain *d, const struct xen_add_to_physmap_batch *b,
                          unsigned long i)
{
    xen_ulong_t idx;
    xen_pfn_t gpfn;
    int err;

    if (copy_from_guest_offset(&idx, b->idxs, i, 1) ||
        copy_from_guest_offset(&gpfn, b->gpfns, i, 1))
        return -EFAULT;
    err = place_one(d, b->space, idx, _gfn(gpfn));
    return copy_to_guest_offset(b->errs, i, &err, 1);
}

long memory_add_batch(unsigned long start, unsigned long arg)
{
    struct xen_add_to_physmap_batch b;
    long rc;

    if (copy_from_guest_va(&b, arg))
        return -EFAULT;
    /* One by one only: a range has its own form. */
    if (b.space == XENMAPSPACE_gmfn_range)
        return -EINVAL;

    struct domain *d __put_domain = memory_target(b.domid, &rc);
    if (!d)
        return rc;
    if (!d->is_hvm)
        return -EACCES;
    if (b.size < start || (start && b.size == start))
        return -EILSEQ;
    for (unsigned long i = start; !rc && i < b.size; i++) {
        if (i != start && preempt_check())
            return memory_continue(XENMEM_add_to_physmap_batch, i);
        rc = batch_element(d, &b, i);
    }
    return rc;
}

long memory_remove_one(struct domain *d, void *arg)
{
    const struct xen_remove_from_physmap *r = arg;

    return d->is_hvm ? physmap_remove(d, _gfn(r->gpfn)) : -EACCES;
}
