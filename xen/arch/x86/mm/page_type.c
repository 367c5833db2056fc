/* SPDX-License-Identifier: MIT */
/*
 * page_type.c - references to frames, and the type of a frame.
 *
 * Owns count_info's and type_info's counts of every frame that has an owner.
 * Promises: a frame changes type only at type count 0 and only after stale
 * translations of the old use are gone from the TLBs; a frame is freed only
 * with its last reference, under the same condition.
 *
 * Lock: a table type (L1..L4, descriptors) is taken and given up under the
 * owner's paging_lock, or when the owner cannot run.  Writable types and
 * plain references need no lock.
 *
 * While a frame is not partial, page_info.progress is the TLB clock of its
 * last unmapping.
 */
#include <cairn/mm.h>

#include <asm/page.h>
#include <asm/page_type.h>
#include <asm/pv.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>

/* ---- general references ---- */

/* One more reference to a frame that certainly has one. */
static bool page_count_inc(struct page_info *pg)
{
    uint64_t old = __atomic_load_n(&pg->count_info, __ATOMIC_RELAXED);

    do {
        uint64_t count = old & PGC_count_mask;

        if (!count || count >= PGC_count_mask - 1)
            return false;
    } while (!__atomic_compare_exchange_n(&pg->count_info, &old, old + 1, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return true;
}

bool get_page(struct page_info *pg, const struct domain *d)
{
    if (!page_count_inc(pg))
        return false;
    /* With the reference the owner cannot change any more. */
    if (pg->owner == d->domain_id && d->state < DOMAIN_dying)
        return true;
    put_page(pg);
    return false;
}

void put_page(struct page_info *pg)
{
    uint64_t now = __atomic_sub_fetch(&pg->count_info, 1, __ATOMIC_ACQ_REL);

    ASSERT((now & PGC_count_mask) != PGC_count_mask);
    if (likely(now & PGC_count_mask))
        return;

    BUG_ON((pg->type_info & PGT_count_mask) && !(now & PGC_xen_heap));
    BUG_ON(pg->type_info & PGT_partial);
    /* Whoever gets the frame next must not be reachable through our TLBs. */
    if (pg->progress == tlb_clock())
        tlb_flush_mask(CPU_MASK_ALL);
    pg->progress = 0;
    free_domain_page(pg);
}

void page_unmapped(struct page_info *pg)
{
    if (!(pg->type_info & PGT_partial))
        pg->progress = tlb_clock();
}

/* ---- types ---- */

static void partial_leave(struct page_info *pg, uint64_t word)
{
    pg->type_info = word;
    pg->progress = tlb_clock();
    put_page(pg);
}

/* The frame has become partial, or stays so. */
static void partial_enter(struct page_info *pg, uint64_t word, uint32_t progress)
{
    if (!(pg->type_info & PGT_partial))
        BUG_ON(!page_count_inc(pg));
    pg->progress = progress;
    pg->type_info = word | PGT_partial;
}

/*
 * Check entries from pg->progress on.  @after is the word once all are good;
 * @count how many uses there are meanwhile.
 */
static int validate_contents(struct page_info *pg, uint64_t after, uint64_t count)
{
    uint64_t type = after & PGT_type_mask;
    bool was_partial = pg->type_info & PGT_partial;
    uint32_t progress = was_partial ? pg->progress : 0;
    uint64_t pinned = pg->type_info & PGT_pinned;

    /* The type is visible before any entry is counted: a table that maps
     * itself writable meets it here. */
    pg->type_info = type | pinned | (was_partial ? PGT_partial : 0) | count;
    if (!was_partial)
        partial_enter(pg, pg->type_info, 0);

    int rc = pv_validate_table(pg, type, &progress);

    if (rc == -ERESTART) {
        partial_enter(pg, type | pinned | count, progress);
        return rc;
    }
    if (rc == 0) {
        partial_leave(pg, after);
        return 0;
    }
    /* Bounded by the size of one table tree; an error is rare. */
    while (pv_devalidate_table(pg, type, &progress) == -ERESTART)
        ;
    if (count)
        partial_enter(pg, type | pinned | count, 0);
    else
        partial_leave(pg, type);
    return rc;
}

int get_page_type(struct page_info *pg, uint64_t type)
{
    for (;;) {
        uint64_t old = __atomic_load_n(&pg->type_info, __ATOMIC_RELAXED);
        struct type_decision d = page_type_decide_get(old, type);

        switch (d.action) {
        case TYPE_refuse:
            return -EINVAL;
        case TYPE_validate:
        case TYPE_resume:
            if (d.type_changes && pg->progress == tlb_clock())
                tlb_flush_mask(CPU_MASK_ALL);
            return validate_contents(pg, d.word, old & PGT_count_mask);
        default:
            break;
        }
        if (d.type_changes && pg->progress == tlb_clock())
            tlb_flush_mask(CPU_MASK_ALL);
        if (__atomic_compare_exchange_n(&pg->type_info, &old, d.word, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return 0;
    }
}

/* Drop the entries of a table whose last use ends. */
static int unmake_table(struct page_info *pg, uint64_t after)
{
    uint64_t word = pg->type_info, type = word & PGT_type_mask;
    uint32_t progress = word & PGT_partial ? pg->progress : PT_ENTRIES;

    if (!(word & PGT_partial))
        partial_enter(pg, word & ~PGT_validated, progress);

    int rc = pv_devalidate_table(pg, type, &progress);

    if (rc == -ERESTART) {
        pg->progress = progress;
        return rc;
    }
    partial_leave(pg, after);
    return 0;
}

int put_page_type_preemptible(struct page_info *pg)
{
    for (;;) {
        uint64_t old = __atomic_load_n(&pg->type_info, __ATOMIC_RELAXED);

        ASSERT(old & PGT_count_mask);
        struct type_decision d = page_type_decide_put(old);

        if (d.action == TYPE_unmake)
            return unmake_table(pg, d.word);
        if (d.action == TYPE_drop)
            page_unmapped(pg);
        if (__atomic_compare_exchange_n(&pg->type_info, &old, d.word, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return 0;
    }
}

void put_page_type(struct page_info *pg)
{
    while (put_page_type_preemptible(pg) == -ERESTART)
        ;
}

int page_type_finish_partial(struct page_info *pg)
{
    uint64_t word = pg->type_info, type = word & PGT_type_mask;

    if (!(word & PGT_partial) || (word & PGT_count_mask))
        return 0;

    uint32_t progress = pg->progress;
    int rc = pv_devalidate_table(pg, type, &progress);

    if (rc == -ERESTART)
        pg->progress = progress;
    else
        partial_leave(pg, type);
    return rc;
}

int get_page_and_type(struct page_info *pg, struct domain *d, uint64_t type)
{
    if (!get_page(pg, d))
        return -EINVAL;

    int rc = get_page_type(pg, type);

    if (rc)
        put_page(pg);
    return rc;
}

void put_page_and_type(struct page_info *pg)
{
    put_page_type(pg);
    put_page(pg);
}

struct page_info *get_page_from_gfn(struct domain *d, gfn_t gfn, bool *writable)
{
    enum p2m_type type = P2M_ram_rw;
    mfn_t mfn = d->is_hvm ? p2m_lookup(d, gfn, &type) : _mfn(gfn_x(gfn));

    if (!mfn_valid(mfn) || (type != P2M_ram_rw && type != P2M_ram_ro && type != P2M_shared_xen))
        return NULL;

    struct page_info *pg = mfn_to_page(mfn);

    if (!get_page(pg, d))
        return NULL;
    if (writable)
        *writable = type != P2M_ram_ro;
    return pg;
}
