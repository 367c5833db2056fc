/* SPDX-License-Identifier: MIT */
/*
 * shadow.h - shadow paging: the hardware walks tables of ours, filled from
 * the guest's by page faults.  Between the files of mm/shadow/ only.
 *
 * A table is known by (gfn of the guest's table, kind).  One that shadows a
 * guest's is *in sync*: the guest's page is write-protected in all shadows,
 * and each entry is one that the guest's entry allows.  The first write makes
 * all tables of that gfn *out of sync*: the page is writable and they may be
 * stale, as a TLB may be, until the guest flushes (CR3, INVLPG); then they
 * are compared and protected again.  All levels alike, so no instruction is
 * ever emulated to write to a table.
 *
 * Each entry that points to a table, and each writable leaf, is in the
 * reverse map, hashed by the frame it points to; chains have a bound, and the
 * oldest entry of a full chain is cleared, to be filled again when needed.
 *
 * Tables come from a fixed pool (XEN_DOMCTL_shadow_op); the least recently
 * used one is taken when it is empty.  Removing everything is one step: tables
 * of an older generation are found by nobody and only wait to be taken.
 *
 * d->arch.paging_lock covers all of it.  A change that takes a translation
 * away is known to all processors before the next step: shadow_flush_tlbs().
 */
#ifndef X86_MM_SHADOW_SHADOW_H
#define X86_MM_SHADOW_SHADOW_H

#include <asm/current.h>
#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

#include "role.h"

#define SHADOW_NONE           0xffffffffu
#define SHADOW_MIN_TABLES     32u
#define SHADOW_MAX_TABLES     65536u /* a slot's number has 26 bits */
#define SHADOW_OOS_MAX        16u    /* gfns out of sync at a time */
#define SHADOW_CHAIN_MAX      40u    /* entries of one bucket of the reverse map */
#define SHADOW_HASH_CHAIN_MAX 48u
#define SHADOW_HINTS          16u

struct shadow_table {
    uint64_t gfn; /* of the guest's table, or the first frame mapped (direct) */
    uint64_t *entry;
    uint64_t *guest; /* the guest's table, of 8-byte entries that we may write; or NULL */
    uint64_t maddr;  /* of the entries */
    uint32_t *next;  /* reverse map, by slot: next of the chain */
    shadow_kind_t kind;
    uint16_t low, high; /* slots that are not 0 are within */
    uint16_t pins;      /* vCPUs that have it as a root */
    bool used, oos;
    bool recent; /* used since it was last about to be taken */
    uint32_t generation;
    uint32_t hash_next;
    uint32_t lru_prev, lru_next; /* lru_next also links the free ones */
};

/* What the p2m says of a frame; mfn INVALID_MFN: nothing is there. */
struct shadow_frame {
    mfn_t mfn;
    enum p2m_type type;
};
/* A recent answer, of one frame or of the first of a run. */
struct shadow_answer {
    uint64_t gfn;
    struct shadow_frame frame;
};
#define SHADOW_FRAMES 64u /* by the low bits of the gfn */
#define SHADOW_RUNS   16u /* by those of gfn >> RUN_ORDER */
#define RUN_ORDER     9u

struct shadow_domain {
    struct shadow_table *table;
    uint32_t nr_tables; /* of the array */
    uint32_t nr_filled; /* those with pages */
    uint32_t nr_used;
    uint32_t mib;   /* as asked for */
    uint32_t *hash; /* by gfn: heads of chains */
    uint32_t hash_mask;
    uint32_t *rmap; /* buckets: length in 31:26, first slot number + 1 below */
    uint32_t rmap_mask;
    uint32_t free, lru_head, lru_tail;
    uint32_t generation;
    bool unlinking; /* teardown of the pool has begun */
    uint64_t seed;
    bool upper_oos; /* maybe: a gfn out of sync has tables above the lowest */
    bool any_oos;   /* maybe; read without the lock: false only when all is compared */
    unsigned int nr_oos;
    uint64_t oos[SHADOW_OOS_MAX]; /* gfns, oldest first */
    /* Bit gfn % 1024: a gfn like this may have tables. */
    uint64_t filter[16];
    bool frames_used;
    struct shadow_answer frame[SHADOW_FRAMES], run[SHADOW_RUNS];
    struct paging_role constants; /* what of a role the domain's policy fixes */
};

struct shadow_vcpu {
    uint64_t pdpt_maddr;
    uint64_t *pdpt;   /* below 4 GiB: the hardware's root outside long mode */
    uint32_t root[4]; /* tables, pinned; long mode: only [0] */
    uint64_t root_gfn[4];
    shadow_kind_t role;           /* that of the roots */
    struct paging_role walk_role; /* the same for the walker */
    bool root_long;
    uint32_t hint[SHADOW_HINTS]; /* tables that were roots, by gfn and role: maybe others now */
    bool valid;                  /* root[] belong to role and root_gfn */
    /* Faults that changed nothing, one after the other at the same place. */
    gva_t stuck_va;
    uint32_t stuck_ec;
    unsigned int stuck;
};

/* ---- frame.c: guest memory ---- */
struct shadow_frame shadow_frame_slow(struct domain *d, uint64_t gfn);
static inline struct shadow_frame shadow_frame(struct domain *d, uint64_t gfn)
{
    const struct shadow_domain *s = d->arch.shadow;
    const struct shadow_answer *run = &s->run[(gfn >> RUN_ORDER) % SHADOW_RUNS];
    const struct shadow_answer *one = &s->frame[gfn % SHADOW_FRAMES];

    if (likely(s->frames_used)) {
        if (likely(run->gfn == gfn >> RUN_ORDER))
            return (struct shadow_frame){mfn_add(run->frame.mfn, gfn % (1u << RUN_ORDER)),
                                         run->frame.type};
        if (one->gfn == gfn)
            return one->frame;
    }
    return shadow_frame_slow(d, gfn);
}
void shadow_forget_frames(struct domain *d);
/* The guest's table as we see it; NULL: no memory is there, or (@write) none that
 * the guest could write to. */
void *shadow_map_guest(struct domain *d, uint64_t gfn, bool write);
struct walk_memory shadow_walk_memory(struct domain *d);

/* ---- alloc.c: the pool ---- */
int shadow_set_allocation(struct domain *d, uint32_t mib);
uint32_t shadow_get_allocation(struct domain *d);
int shadow_free_pool(struct domain *d); /* resumable, -ERESTART */
/* The table that @entry points to. */
static inline struct shadow_table *shadow_table_of(struct domain *d, uint64_t entry)
{
    return &d->arch.shadow
                ->table[mfn_to_page(_mfn((entry & PTE_ADDR_MASK) >> PAGE_SHIFT))->tlb_stamp];
}
void shadow_touch(struct shadow_domain *s, struct shadow_table *t); /* used just now */
/* shadow_get - the table, made if there is none; it becomes the most recently
 * used.  NULL: no pool. */
struct shadow_table *shadow_get(struct domain *d, uint64_t gfn, shadow_kind_t kind);
struct shadow_table *shadow_find(struct domain *d, uint64_t gfn, shadow_kind_t kind);
void shadow_free_table(struct domain *d, struct shadow_table *t);
/* Forget all tables. */
void shadow_zap_all(struct domain *d);

/* ---- hash.c: entries and the reverse map ---- */
uint32_t shadow_hash(const struct shadow_domain *s, uint64_t key);
/* shadow_set_entry - the only writer of entries.  Returns whether it changed. */
bool shadow_set_entry(struct domain *d, struct shadow_table *t, unsigned int slot, uint64_t e);
void shadow_clear_table(struct domain *d, struct shadow_table *t);
/* Entries that point to a table: clear them; are there any? */
void shadow_clear_parents(struct domain *d, struct shadow_table *t);
bool shadow_has_parent(struct domain *d, const struct shadow_table *t);
/* Make @mfn read-only wherever it is mapped. */
void shadow_protect(struct domain *d, mfn_t mfn);
void shadow_flush_tlbs(struct domain *d);

/* ---- sync.c ---- */
bool shadow_is_protected(struct domain *d, uint64_t gfn); /* has tables in sync */
bool shadow_is_tracked(struct domain *d, uint64_t gfn);   /* has tables */
bool shadow_is_oos(struct domain *d, uint64_t gfn);
void shadow_unsync(struct domain *d, uint64_t gfn);
void shadow_resync_all(struct domain *d);
void shadow_compare(struct domain *d, struct shadow_table *t); /* it stays out of sync */
void shadow_sync_va(struct vcpu *v, gva_t va);                 /* INVLPG */
/* The entry of the guest's table at @guest that slot @slot of @t shadows. */
uint64_t shadow_guest_entry(const struct shadow_table *t, unsigned int slot, const void *guest);
/* What the guest's entry @e of level 1, in a table of @role, becomes; @ro: the
 * table is of KIND_RO.  0: nothing, an access to the page must fault. */
uint64_t shadow_leaf_entry(struct domain *d, const struct paging_role *role, uint64_t e, bool ro);
/* Does @entry of slot @slot agree with guest entry @guest? */
bool shadow_entry_current(struct domain *d, const struct shadow_table *t, unsigned int slot,
                          uint64_t entry, const void *guest);

/* The shadow's own accessed and dirty bits are set beforehand: nobody reads
 * them, and the processor need not write. */
static inline uint64_t shadow_make_entry(mfn_t mfn, uint64_t flags)
{
    return mfn_x(mfn) << PAGE_SHIFT | flags | PTE_A | PTE_D;
}

/* ---- fault.c, root.c ---- */
enum paging_fault shadow_page_fault(struct vcpu *v, gva_t va, uint32_t *ec, gaddr_t *addr);
void shadow_vcpu_role(struct vcpu *v, struct paging_role *role);
void shadow_update_root(struct vcpu *v);
void shadow_drop_roots(struct vcpu *v);
/* The table at the top for @va and its level; @make it.  NULL: none. */
struct shadow_table *shadow_root_for(struct vcpu *v, gva_t va, bool make);

/* ---- audit.c ---- */
/* Compare everything with a fresh look at the guest's tables; prints what is
 * wrong, returns how many entries are. */
unsigned int shadow_audit(struct domain *d);

#endif
