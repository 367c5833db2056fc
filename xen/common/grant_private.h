/* SPDX-License-Identifier: MIT */
/*
 * grant_private.h - between the files of the grant tables.
 *
 * Two sides.  The granter's: entries that its guest writes (shared frames)
 * and for each our own record, the active entry.  The holder's: one mapping
 * record per handle.  References:
 *
 *   active entry in use     one reference on the granted frame
 *   device mapping          one more, and a writable use unless read-only
 *   host mapping, HVM       the same, held by the mapping record
 *   host mapping, PV        the same, held by the L1 entry that maps it, as
 *                           by any L1 entry: who overwrites the entry drops it
 *
 * Locks: a holder's gt->map_lock covers its mapping records and is held for
 * a whole map or unmap; inside it the granter's gt->lock covers active and
 * shared entries and the table's size.  No path holds two of one kind.
 */
#ifndef GRANT_PRIVATE_H
#define GRANT_PRIVATE_H

#include <cairn/domain.h>
#include <cairn/grant.h>
#include <cairn/grant_policy.h>
#include <cairn/spinlock.h>
#include <xen/grant_table.h>

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))

struct active_entry {
    struct grant_pins pins;
    uint32_t mfn;    /* of the granted frame; while in use */
    uint16_t holder; /* domid; while in use */
    bool read_only;  /* the granter itself may not write to the frame */
};

#define ACTIVE_ORDER 1 /* pages of active entries for one shared frame: 2 */
_Static_assert(ENTRIES_PER_FRAME * sizeof(struct active_entry) <= PAGE_SIZE << ACTIVE_ORDER,
               "active entries of a frame fit");

/* A mapping record; flags 0: free, ref then is the next free handle. */
struct maptrack {
    uint32_t ref;
    uint16_t granter;
    uint16_t flags; /* GNTMAP_* of the low byte that still hold */
};

#define HANDLES_PER_FRAME (PAGE_SIZE / sizeof(struct maptrack))
#define MAPTRACK_FRAMES   512u /* largest; one page of pointers */
#define HANDLE_NONE       UINT32_MAX

struct grant_table {
    spinlock_t lock; /* LOCK_GRANT */
    unsigned int nr_frames, max_frames;
    grant_entry_v1_t *shared[GRANT_MAX_FRAMES];
    struct active_entry *active[GRANT_MAX_FRAMES];

    spinlock_t map_lock;        /* LOCK_MAPTRACK */
    struct maptrack **maptrack; /* page of pointers, made with the first */
    unsigned int nr_map_frames, max_map_frames;
    uint32_t free_handle; /* list of free ones, or HANDLE_NONE */
    uint32_t nr_mappings;
    uint32_t release_cursor; /* teardown: next handle */
};

/* gt->lock held; @ref below the number of entries. */
static inline unsigned int grant_nr_entries(const struct grant_table *gt)
{
    return gt->nr_frames * ENTRIES_PER_FRAME;
}
static inline grant_entry_v1_t *grant_shared(const struct grant_table *gt, uint32_t ref)
{
    return &gt->shared[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}
static inline struct active_entry *grant_active(const struct grant_table *gt, uint32_t ref)
{
    return &gt->active[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}
/* The frame of an entry in use. */
static inline struct page_info *grant_page(const struct grant_table *gt, uint32_t ref)
{
    return mfn_to_page(_mfn(grant_active(gt, ref)->mfn));
}

/* ---- grant_table.c ---- */

/* grant_take - begin @use of entry @ref of @rd by the current domain.  GNTST_okay:
 * the entry is pinned and *@pg its frame (the entry holds the reference). */
int16_t grant_take(struct domain *rd, uint32_t ref, unsigned int use, struct page_info **pg);
/* grant_drop - the end of @use; may drop the entry's reference. */
void grant_drop(struct domain *rd, uint32_t ref, unsigned int use);
/* grant_lends - does @holder use the frame @mfn by a grant of @rd's?  Bounded by
 * the entries of one table, not by what @holder has mapped. */
bool grant_lends(struct domain *rd, domid_t holder, mfn_t mfn);

/* ---- grant_map.c, grant_copy.c: one element of a list ---- */

/* Uses whose mappings have been taken away; they end after one flush for all. */
#define UNMAP_BATCH 32
struct grant_batch {
    unsigned int nr;
    struct {
        struct domain *rd; /* with a reference */
        uint32_t ref;
        unsigned int use; /* 0: there was nothing to take away */
    } done[UNMAP_BATCH];
};

/* By the current domain; no grant lock held.  A refusal is in the status (GNTST_*), where
 * there is one, and 0 is returned; else -errno, and the list ends there. */
long grant_map_one(void *arg, struct grant_batch *batch);
long grant_unmap_one(void *arg, struct grant_batch *batch);
long grant_replace_one(void *arg, struct grant_batch *batch);
long grant_copy_one(void *arg, struct grant_batch *batch);
long grant_flush_one(void *arg, struct grant_batch *batch);
/* Flush, and end what has been collected. */
void grant_finish_unmaps(struct grant_batch *batch);

/* ---- arch/x86/grant.c: mappings in the current domain's address space.
 * All return GNTST_*. ---- */

/* @flags that this kind of domain can have at all? */
int16_t arch_grant_check_flags(const struct domain *d, uint32_t flags);
/* Map @pg of @rd at @host_addr.  Takes the reference and use that the L1 entry
 * (PV) or the mapping record (HVM) holds. */
int16_t arch_grant_map(struct domain *rd, struct page_info *pg, uint64_t host_addr, uint32_t flags);
/* Take the mapping of @mfn away, if it is there with the rights of @flags.  A
 * PV entry's references go with it; an HVM mapping's stay with the caller.
 * @new_addr != 0: the entry there moves to @host_addr. */
int16_t arch_grant_unmap(mfn_t mfn, uint64_t host_addr, uint64_t new_addr, uint32_t flags);
/* After a batch of the above: no CPU translates what was taken away. */
void arch_grant_flush(struct domain *d);
/* Write back and drop @len bytes of a frame from the caches. */
void arch_grant_cache_flush(mfn_t mfn, unsigned int offset, unsigned int len);

#endif
