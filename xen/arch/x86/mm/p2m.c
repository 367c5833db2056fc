/* SPDX-License-Identifier: MIT */
/* p2m.c - an HVM domain's physical memory: asm/p2m.h around the tree in ept.c. */
#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

#include "ept.h"

int p2m_init(struct domain *d)
{
    struct p2m *p2m = &d->arch.p2m;
    spin_lock_init(&p2m->change, LOCK_PHYSMAP);
    spin_lock_init(&p2m->lock, LOCK_P2M);
    p2m->domain = d;
    return ept_init(p2m);
}

/* The domain may still be looked into, as when a grant of its is mapped. */
int p2m_teardown(struct domain *d)
{
    struct p2m *p2m = &d->arch.p2m;

    scoped_lock(&p2m->lock);
    return ept_free(p2m);
}

/* Lock held. */
static mfn_t lookup(const struct p2m *p2m, gfn_t gfn, enum p2m_type *type, unsigned int *order)
{
    *type = P2M_none;
    *order = 0;
    if (gfn_x(gfn) >> EPT_GFN_BITS || !mfn_x(p2m->root))
        return INVALID_MFN;
    return ept_lookup(p2m, gfn_x(gfn), type, order);
}

mfn_t p2m_lookup_order(struct domain *d, gfn_t gfn, enum p2m_type *type, unsigned int *order)
{
    scoped_lock(&d->arch.p2m.lock);
    return lookup(&d->arch.p2m, gfn, type, order);
}

mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type)
{
    enum p2m_type unused;
    unsigned int order;
    return p2m_lookup_order(d, gfn, type ? type : &unused, &order);
}

void *p2m_map(struct domain *d, gfn_t gfn, bool write)
{
    struct p2m *p2m = &d->arch.p2m;
    enum p2m_type type;
    unsigned int order;

    spin_lock(&p2m->lock);
    mfn_t mfn = lookup(p2m, gfn, &type, &order);
    if (!mfn_eq(mfn, INVALID_MFN) && !(write && p2m_is_readonly(type)))
        return mfn_to_virt(mfn);
    spin_unlock(&p2m->lock);
    return NULL;
}

void p2m_unmap(struct domain *d)
{
    spin_unlock(&d->arch.p2m.lock);
}

int p2m_set(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    struct p2m *p2m = &d->arch.p2m;
    uint64_t first = gfn_x(gfn), mask = (1ull << order) - 1;
    bool mapped = type != P2M_none && type != P2M_mmio;

    if (order != 0 && order != 9 && order != 18)
        return -EINVAL;
    if ((first & mask) || (mapped && (mfn_x(mfn) & mask)))
        return -EINVAL;
    if ((first + mask) >> EPT_GFN_BITS)
        return -EINVAL;

    spin_lock(&p2m->lock);
    p2m->taken_away = false;
    int rc = mfn_x(p2m->root) ? ept_set(p2m, first, mfn, order, type) : -EINVAL;
    if (!rc && type != P2M_none && first + mask > p2m->max_gfn)
        p2m->max_gfn = first + mask;
    bool taken_away = p2m->taken_away;
    spin_unlock(&p2m->lock);
    if (!rc && d->arch.paging)
        d->arch.paging->p2m_changed(d, taken_away);
    return rc;
}
