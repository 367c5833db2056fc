/* SPDX-License-Identifier: MIT */
/*
 * grant.c - the memory of grant tables, version 1.
 *
 * Owns d->grant_frame[].  A table's frames are the hypervisor's, shared with
 * the domain.  Mapping, copying and transferring by grant are not there yet
 * and say -ENOSYS.
 */
#include <cairn/grant.h>

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <xen/grant_table.h>

/* d->lock held.  Grow to @nr frames; false: over the limit or no memory. */
static bool grow(struct domain *d, unsigned int nr)
{
    if (nr > d->max_grant_frames)
        return false;
    while (d->nr_grant_frames < nr) {
        void *page = alloc_xen_page();

        if (!page)
            return false;
        share_xen_page_with_guest(virt_to_page(page), d, false);
        d->grant_frame[d->nr_grant_frames++] = page;
    }
    return true;
}

mfn_t grant_frame(struct domain *d, unsigned long idx)
{
    mfn_t mfn = INVALID_MFN;

    if (idx >= d->max_grant_frames)
        return INVALID_MFN;
    spin_lock(&d->lock);
    if (d->state < DOMAIN_dying && grow(d, idx + 1))
        mfn = virt_to_mfn(d->grant_frame[idx]);
    spin_unlock(&d->lock);
    return mfn;
}

void grant_release(struct domain *d)
{
    for (unsigned int i = 0; i < d->nr_grant_frames; i++)
        unshare_xen_page(virt_to_page(d->grant_frame[i]));
}

void grant_free(struct domain *d)
{
    for (unsigned int i = 0; i < d->nr_grant_frames; i++)
        free_xen_page(d->grant_frame[i]);
    d->nr_grant_frames = 0;
}

/* A domain's own table, or with privilege another's.  NULL: *@status says. */
static struct domain *grant_target(domid_t domid, int16_t *status)
{
    struct domain *d = get_domain_for_op(domid);

    *status = GNTST_bad_domain;
    if (d && d != current->domain && !current->domain->is_privileged) {
        put_domain(d);
        d = NULL;
        *status = GNTST_permission_denied;
    }
    return d;
}

static long setup_table(unsigned long uop)
{
    struct gnttab_setup_table op;
    struct domain *d;
    long rc = 0;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;
    d = grant_target(op.dom, &op.status);
    if (d) {
        spin_lock(&d->lock);
        op.status = grow(d, op.nr_frames) ? GNTST_okay : GNTST_general_error;
        spin_unlock(&d->lock);
        for (unsigned int i = 0; op.status == GNTST_okay && !rc && i < op.nr_frames; i++) {
            xen_pfn_t gmfn = mfn_x(virt_to_mfn(d->grant_frame[i]));

            if (d->is_hvm)
                gmfn = get_gpfn_from_mfn(_mfn(gmfn));
            rc = copy_to_guest_offset(op.frame_list, i, &gmfn, 1);
        }
        put_domain(d);
    }
    return rc ? rc : copy_to_guest_va(uop, &op);
}

static long query_size(unsigned long uop)
{
    struct gnttab_query_size op;
    struct domain *d;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;
    d = grant_target(op.dom, &op.status);
    if (d) {
        op.nr_frames = d->nr_grant_frames;
        op.max_nr_frames = d->max_grant_frames;
        op.status = GNTST_okay;
        put_domain(d);
    }
    return copy_to_guest_va(uop, &op);
}

static long set_version(unsigned long uop)
{
    struct gnttab_set_version op;
    long rc;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;
    rc = op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
    op.version = 1;
    return copy_to_guest_va(uop, &op) ? -EFAULT : rc;
}

static long get_version(unsigned long uop)
{
    struct gnttab_get_version op;
    struct domain *d;
    int16_t status;

    if (copy_from_guest_va(&op, uop))
        return -EFAULT;
    d = grant_target(op.dom, &status);
    if (!d)
        return status == GNTST_bad_domain ? -ESRCH : -EPERM;
    put_domain(d);
    op.version = 1;
    return copy_to_guest_va(uop, &op);
}

long do_grant_table_op(unsigned long cmd, unsigned long uop, unsigned long count)
{
    if ((int)count < 0)
        return -EINVAL;
    switch ((unsigned int)cmd) {
    case GNTTABOP_setup_table:
        return count == 1 ? setup_table(uop) : -EINVAL;
    case GNTTABOP_query_size:
        return count == 1 ? query_size(uop) : -EINVAL;
    case GNTTABOP_set_version:
        return count == 1 ? set_version(uop) : -EINVAL;
    case GNTTABOP_get_version:
        return count == 1 ? get_version(uop) : -EINVAL;
    default:
        return -ENOSYS;
    }
}
