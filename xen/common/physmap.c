/* SPDX-License-Identifier: MIT */
/*
 * physmap.c - changes of a domain's guest-physical memory.
 *
 * Owns nothing: the p2m is HVM's, the M2P public.
 * Promises: a frame of a domain's RAM is at most at one place of its p2m; a
 * page leaves the p2m before it loses the reference that keeps it allocated.
 * Of an HVM domain p2m.change is held from the first look to the last change;
 * so a frame found there cannot be freed, and given to another, in between.
 */
#include <cairn/physmap.h>

#include <cairn/domain.h>
#include <cairn/lib.h>

#define GFN_LIMIT (1ul << (48 - PAGE_SHIFT))

static bool range_is_free(struct domain *d, gfn_t gfn, unsigned int order)
{
    /* The usual case, memory filled upwards, without 512 looks into the tree. */
    if (gfn_x(gfn) > d->arch.p2m.max_gfn)
        return true;
    for (unsigned long i = 0; i < 1ul << order; i++)
        if (!mfn_eq(p2m_lookup(d, gfn_add(gfn, i), NULL), INVALID_MFN))
            return false;
    return true;
}

/* By one entry if the order is a page size of the p2m, else page by page. */
static int p2m_add(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order)
{
    unsigned long both = gfn_x(gfn) | mfn_x(mfn);
    int rc;

    if (order == 9 && !(both & 511))
        return p2m_set(d, gfn, mfn, 9, P2M_ram_rw);
    for (unsigned long i = 0; i < 1ul << order; i++) {
        rc = p2m_set(d, gfn_add(gfn, i), mfn_add(mfn, i), 0, P2M_ram_rw);
        if (rc) {
            while (i--)
                /* The entry exists, and no memory is needed; or all are gone. */
                BUG_ON(p2m_set(d, gfn_add(gfn, i), INVALID_MFN, 0, P2M_none) &&
                       !domain_is_dying(d));
            return rc;
        }
    }
    return 0;
}

static int hvm_add(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order)
{
    if (gfn_x(gfn) >= GFN_LIMIT || 1ul << order > GFN_LIMIT - gfn_x(gfn))
        return -EINVAL;
    scoped_lock(&d->arch.p2m.change);
    return range_is_free(d, gfn, order) ? p2m_add(d, gfn, mfn, order) : -EBUSY;
}

int physmap_add(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order)
{
    int rc = d->is_hvm ? hvm_add(d, gfn, mfn, order) : 0;

    if (!rc)
        set_gpfns_from_mfns(mfn, gfn_x(gfn), 1ul << order);
    return rc;
}

static bool is_ram(enum p2m_type type)
{
    return type == P2M_ram_rw || type == P2M_ram_ro;
}

/* @mfn is no longer at @gfn, nor, to the guest's knowledge, anywhere. */
static int take_away(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    int rc = p2m_set(d, gfn, INVALID_MFN, 0, P2M_none);

    if (!rc)
        set_gpfn_from_mfn(mfn, INVALID_M2P_ENTRY);
    return rc;
}

static int hvm_remove_ram(struct domain *d, gfn_t gfn)
{
    enum p2m_type type;
    mfn_t mfn = p2m_lookup(d, gfn, &type);
    int rc;

    if (mfn_eq(mfn, INVALID_MFN) || !is_ram(type))
        return -EINVAL;
    rc = take_away(d, gfn, mfn);
    if (!rc)
        put_page_alloc_ref(mfn_to_page(mfn));
    return rc;
}

static int pv_remove_ram(struct domain *d, gfn_t gfn)
{
    mfn_t mfn = _mfn(gfn_x(gfn));
    struct page_info *pg;

    if (!mfn_valid(mfn))
        return -EINVAL;
    pg = mfn_to_page(mfn);
    if (!get_page(pg, d))
        return -EINVAL;
    if (pg->count_info & PGC_xen_heap) {
        put_page(pg);
        return -EINVAL;
    }
    /* A pinned table unpins itself when asked to; here it simply stays
     * referenced by its pin until the guest or the domain's end drops it. */
    put_page_alloc_ref(pg);
    put_page(pg);
    return 0;
}

int physmap_remove_ram(struct domain *d, gfn_t gfn)
{
    if (!d->is_hvm)
        return pv_remove_ram(d, gfn);
    scoped_lock(&d->arch.p2m.change);
    return hvm_remove_ram(d, gfn);
}

/* Make @gfn empty: RAM there is freed, a page of ours only unmapped.  A grant
 * goes by its own operation only: -EPERM. */
static int vacate(struct domain *d, gfn_t gfn)
{
    enum p2m_type type;
    mfn_t mfn = p2m_lookup(d, gfn, &type);

    if (mfn_eq(mfn, INVALID_MFN))
        return 0;
    if (is_ram(type))
        return hvm_remove_ram(d, gfn);
    return type == P2M_shared_xen ? take_away(d, gfn, mfn) : -EPERM;
}

/* Where @mfn is now, if it is anywhere, it is no longer. */
static int unmap_old_place(struct domain *d, mfn_t mfn)
{
    gfn_t old = _gfn(get_gpfn_from_mfn(mfn));

    if (gfn_x(old) == INVALID_M2P_ENTRY || !mfn_eq(p2m_lookup(d, old, NULL), mfn))
        return 0;
    return take_away(d, old, mfn);
}

static int place(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    int rc = vacate(d, gfn);

    if (!rc)
        rc = unmap_old_place(d, mfn);
    if (!rc)
        rc = p2m_set(d, gfn, mfn, 0, type);
    if (!rc)
        set_gpfn_from_mfn(mfn, gfn_x(gfn));
    return rc;
}

int physmap_place_xen_page(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    if (gfn_x(gfn) >= GFN_LIMIT)
        return -EINVAL;
    scoped_lock(&d->arch.p2m.change);
    return mfn_eq(p2m_lookup(d, gfn, NULL), mfn) ? 0 : place(d, gfn, mfn, P2M_shared_xen);
}

int physmap_remove(struct domain *d, gfn_t gfn)
{
    enum p2m_type type;

    scoped_lock(&d->arch.p2m.change);
    mfn_t mfn = p2m_lookup(d, gfn, &type);
    if (mfn_eq(mfn, INVALID_MFN))
        return -ENOENT;
    if (type == P2M_grant || type == P2M_grant_ro)
        return -EPERM;
    return take_away(d, gfn, mfn);
}

int physmap_map_foreign(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    int rc;

    if (gfn_x(gfn) >= GFN_LIMIT)
        return -EINVAL;
    scoped_lock(&d->arch.p2m.change);
    rc = vacate(d, gfn);
    return rc ? rc : p2m_set(d, gfn, mfn, 0, type);
}

int physmap_move_ram(struct domain *d, gfn_t from, gfn_t to)
{
    enum p2m_type type;

    if (gfn_x(to) >= GFN_LIMIT || gfn_x(from) >= GFN_LIMIT)
        return -EINVAL;
    scoped_lock(&d->arch.p2m.change);
    mfn_t mfn = p2m_lookup(d, from, &type);
    if (mfn_eq(mfn, INVALID_MFN) || type != P2M_ram_rw)
        return -EINVAL;
    return gfn_eq(from, to) ? 0 : place(d, to, mfn, type);
}
