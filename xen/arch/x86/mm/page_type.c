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
 * CPUs race for frames: a word changes by compare-and-exchange, except that a
 * partial frame's belongs to the holder of the paging_lock.  The TLB stamp is
 * written before the use it stands for is given up.
 */

#include <asm/page_type.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

/* ---- general references ---- */

bool page_count_inc(struct page_info *pg)
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
    if (ACCESS_ONCE(pg->owner) == d->domain_id && !domain_is_dying(d))
        return true;
    put_page(pg);
    return false;
}

/* No TLB knows @pg by a mapping that is gone. */
static void forget_translations(const struct page_info *pg)
{
    if (tlb_may_know(__atomic_load_n(&pg->tlb_stamp, __ATOMIC_SEQ_CST)))
        tlb_flush_mask(CPU_MASK_ALL);
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
    forget_translations(pg);
    pg->tlb_stamp = 0;
    free_domain_page(pg);
}

void page_unmapped(struct page_info *pg)
{
    /* The removal is visible before the clock is read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    uint32_t now = tlb_clock(), old = __atomic_load_n(&pg->tlb_stamp, __ATOMIC_RELAXED);

    /* The latest of several. */
    while ((!old || (int32_t)(now - old) > 0) &&
           !__atomic_compare_exchange_n(&pg->tlb_stamp, &old, now, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
        ;
}

/* ---- types ---- */

/* The frame is partial no more; its holder's reference goes. */
static void partial_leave(struct page_info *pg, uint64_t word)
{
    page_unmapped(pg);
    __atomic_store_n(&pg->type_info, word, __ATOMIC_RELEASE);
    put_page(pg);
}

/*
 * Make the frame partial if its word still is @old: from then on it is the
 * caller's.  The type is visible before any entry is counted, so that a table
 * that maps itself writable meets it.
 */
static bool partial_claim(struct page_info *pg, uint64_t old, uint64_t word, unsigned int done)
{
    BUG_ON(!page_count_inc(pg));
    pg->entries_done = done;
    if (__atomic_compare_exchange_n(&pg->type_info, &old, word | PGT_partial, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return true;
    put_page(pg);
    return false;
}

/* Drop the entries of a partial frame, which then is idle.  0 or -ERESTART. */
static int drop_contents(struct page_info *pg)
{
    uint64_t type = pg->type_info & PGT_type_mask;
    int rc = pv_devalidate_table(pg, type);

    if (!rc)
        partial_leave(pg, type);
    return rc;
}

/*
 * Check entries of a partial frame from pg->entries_done on.  @after is the
 * word once all are good.
 */
static int validate_contents(struct page_info *pg, uint64_t after)
{
    uint64_t word = pg->type_info, type = word & PGT_type_mask;
    int rc = pv_validate_table(pg, type);

    if (rc == -ERESTART)
        return rc;
    if (rc == 0) {
        partial_leave(pg, after);
        return 0;
    }
    /* Bounded by the size of one table tree; an error is rare. */
    while ((word & PGT_count_mask ? pv_devalidate_table(pg, type) : drop_contents(pg)) == -ERESTART)
        ;
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
            if (!partial_claim(pg, old, type | (old & PGT_pinned), 0))
                continue;
            /* Nobody can make new translations of it any more. */
            forget_translations(pg);
            /* fallthrough */
        case TYPE_resume:
            return validate_contents(pg, d.word);
        default:
            break;
        }
        if (d.type_changes)
            forget_translations(pg);
        if (!__atomic_compare_exchange_n(&pg->type_info, &old, d.word, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
            continue;
        /* Used as something else and given up again since the flush? */
        if (d.type_changes)
            forget_translations(pg);
        return 0;
    }
}

/* Drop the entries of a table whose last use ends. */
static int unmake_table(struct page_info *pg)
{
    uint64_t word = pg->type_info;

    /* Its one use is the caller's, so nobody else changes the word. */
    if (!(word & PGT_partial))
        BUG_ON(!partial_claim(pg, word, word & ~PGT_validated, PT_ENTRIES));
    return drop_contents(pg);
}

int put_page_type_preemptible(struct page_info *pg)
{
    for (;;) {
        uint64_t old = __atomic_load_n(&pg->type_info, __ATOMIC_RELAXED);

        ASSERT(old & PGT_count_mask);
        struct type_decision d = page_type_decide_put(old);

        if (d.action == TYPE_unmake)
            return unmake_table(pg);
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
    uint64_t word = pg->type_info;

    return (word & PGT_partial) && !(word & PGT_count_mask) ? drop_contents(pg) : 0;
}

int put_page_and_type_preemptible(struct page_info *pg)
{
    int rc = put_page_type_preemptible(pg);

    if (!rc)
        put_page(pg);
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
