/* SPDX-License-Identifier: MIT */
/*
 * ept.c - the tree of EPT entries: walk, map, split, free.
 *
 * Tables are zeroed hypervisor pages, counted in p2m->nr_tables.  A table is
 * complete before it is linked, so the processor never sees half of one.
 */
#include "ept.h"

#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>

/* mfn_to_virt() without the call: four for each look-up. */
static epte_t *table_of(epte_t e)
{
    return (epte_t *)(DIRECTMAP_VA_START + (e.raw & EPT_ADDR_MASK));
}

static unsigned int index_at(uint64_t gfn, unsigned int level)
{
    return (gfn >> (9 * (level - 1))) & 511;
}

static epte_t *new_table(struct p2m *p2m)
{
    epte_t *t = alloc_xen_page();
    if (t)
        p2m->nr_tables++;
    return t;
}

static epte_t make_table(const epte_t *table)
{
    return (epte_t){virt_to_maddr(table) | EPT_RWX};
}

static epte_t make_leaf(mfn_t mfn, unsigned int level, enum p2m_type type)
{
    /* RAM is write-back whatever the guest's PAT says: no device sees it. */
    uint64_t raw = (uint64_t)type << EPT_TYPE_SHIFT;
    switch (type) {
    case P2M_none:
        return (epte_t){0};
    case P2M_ram_rw:
    case P2M_grant:
    case P2M_shared_xen:
        raw |= EPT_RWX | EPT_MEMTYPE_WB | EPT_IGNORE_PAT;
        break;
    case P2M_ram_ro:
        raw |= EPT_R | EPT_X | EPT_MEMTYPE_WB | EPT_IGNORE_PAT;
        break;
    case P2M_grant_ro:
        raw |= EPT_R | EPT_MEMTYPE_WB | EPT_IGNORE_PAT;
        break;
    case P2M_mmio:
        return (epte_t){raw}; /* exits; the type tells why */
    }
    if (level > 1)
        raw |= EPT_SUPERPAGE;
    return (epte_t){raw | mfn_x(mfn) << PAGE_SHIFT};
}

/*
 * Free the table of *@slot and what hangs below it, slot by slot; the cleared
 * slots are the progress.  0, or -ERESTART if @preemptible.
 */
static int free_table(struct p2m *p2m, epte_t *slot, unsigned int level, bool preemptible)
{
    epte_t *t = table_of(*slot);
    for (unsigned int i = 0; level > 2 && i < 512; i++) {
        int rc =
            epte_is_table(t[i], level - 1) ? free_table(p2m, &t[i], level - 1, preemptible) : 0;
        if (rc)
            return rc;
    }
    slot->raw = 0;
    free_xen_page(t);
    p2m->nr_tables--;
    return preemptible && level == 2 && preempt_check() ? -ERESTART : 0;
}

/* Put @e in @slot; free what it replaces. */
static void replace(struct p2m *p2m, epte_t *slot, epte_t e, unsigned int level)
{
    epte_t old = *slot;
    ACCESS_ONCE(slot->raw) = e.raw;
    /* What was not present cannot be cached; what was must be forgotten by
     * every CPU before its frames are anybody else's. */
    if ((old.raw & EPT_RWX) && old.raw != e.raw) {
        p2m->taken_away = true;
        if (!p2m->domain->arch.paging->shadow)
            hvm_ask_domain(p2m->domain, HVM_POSTED_FLUSH_EPT);
    }
    if (epte_is_table(old, level))
        (void)free_table(p2m, &old, level, false);
}

/* A table of 512 leaves that means the same as the leaf @e of @level. */
static epte_t *make_split(struct p2m *p2m, epte_t e, unsigned int level)
{
    epte_t *t = new_table(p2m);
    if (!t || !e.raw)
        return t;
    unsigned long step = 1ul << (9 * (level - 2));
    for (unsigned int i = 0; i < 512; i++)
        t[i] = make_leaf(mfn_add(epte_mfn(e), i * step), level - 1, epte_type(e));
    return t;
}

/* The slot of @gfn in a table of @level, making tables; NULL: no memory. */
static epte_t *descend(struct p2m *p2m, uint64_t gfn, unsigned int level)
{
    epte_t *t = mfn_to_virt(p2m->root);
    for (unsigned int l = EPT_LEVELS; l > level; l--) {
        epte_t *slot = &t[index_at(gfn, l)];
        if (!epte_is_table(*slot, l)) {
            epte_t *sub = make_split(p2m, *slot, l);
            if (!sub)
                return NULL;
            replace(p2m, slot, make_table(sub), l);
        }
        t = table_of(*slot);
    }
    return &t[index_at(gfn, level)];
}

/* A table of small pages that has become one large page's worth again. */
static void try_merge(struct p2m *p2m, uint64_t gfn)
{
    epte_t *slot = descend(p2m, gfn, 2), leaf;

    /* No allocation: the tables are there, an entry was just written. */
    if (hvm_support.max_leaf_order >= 9 && slot && epte_is_table(*slot, 2) &&
        ept_merged_leaf(table_of(*slot), 1, &leaf))
        replace(p2m, slot, leaf, 2);
}

int ept_init(struct p2m *p2m)
{
    epte_t *t = new_table(p2m);
    if (!t)
        return -ENOMEM;
    p2m->root = virt_to_mfn(t);
    return 0;
}

int ept_set(struct p2m *p2m, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    unsigned int level = order / 9 + 1;
    enum p2m_type old;
    unsigned int old_order;
    if (type == P2M_none && order == 0 &&
        mfn_eq(ept_lookup(p2m, gfn, &old, &old_order), INVALID_MFN))
        return 0;
    epte_t *slot = descend(p2m, gfn, level);
    if (!slot)
        return -ENOMEM;
    epte_t e = make_leaf(mfn, level, type);
    if ((e.raw & EPT_RWX) && order > hvm_support.max_leaf_order) {
        /* The hardware has no leaves of that size: a table that says the same. */
        epte_t *sub = make_split(p2m, e, level);
        if (!sub)
            return -ENOMEM;
        e = make_table(sub);
    }
    replace(p2m, slot, e, level);
    if (level == 1 && type == P2M_ram_rw)
        try_merge(p2m, gfn);
    return 0;
}

mfn_t ept_lookup(const struct p2m *p2m, uint64_t gfn, enum p2m_type *type, unsigned int *order)
{
    const epte_t *t = mfn_to_virt(p2m->root);
    for (unsigned int l = EPT_LEVELS; l > 0; l--) {
        epte_t e = t[index_at(gfn, l)];
        if (epte_is_table(e, l)) {
            t = table_of(e);
            continue;
        }
        *type = epte_type(e);
        *order = 9 * (l - 1);
        if (!(e.raw & EPT_RWX))
            break;
        uint64_t within = gfn & ((1ull << (9 * (l - 1))) - 1);
        return mfn_add(epte_mfn(e), within);
    }
    return INVALID_MFN;
}

int ept_free(struct p2m *p2m)
{
    if (!mfn_x(p2m->root))
        return 0;
    epte_t root = make_table(mfn_to_virt(p2m->root));
    int rc = free_table(p2m, &root, EPT_LEVELS + 1, true);
    if (rc)
        return rc;
    p2m->root = _mfn(0);
    p2m->eptp = 0;
    ASSERT(p2m->nr_tables == 0);
    return 0;
}

static void walk_table(const epte_t *t, unsigned int level, uint64_t gfn, ept_leaf_fn fn, void *ctx)
{
    unsigned int order = 9 * (level - 1);

    for (unsigned int i = 0; i < 512; i++, gfn += 1ull << order) {
        if (epte_is_table(t[i], level))
            walk_table(table_of(t[i]), level - 1, gfn, fn, ctx);
        else if (t[i].raw & EPT_RWX)
            fn(ctx, gfn, epte_mfn(t[i]), order, epte_type(t[i]));
    }
}

void ept_walk(const struct p2m *p2m, ept_leaf_fn fn, void *ctx)
{
    if (mfn_x(p2m->root))
        walk_table(mfn_to_virt(p2m->root), EPT_LEVELS, 0, fn, ctx);
}
