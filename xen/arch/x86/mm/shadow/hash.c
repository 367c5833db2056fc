/* SPDX-License-Identifier: MIT */
/*
 * hash.c - shadow entries and the reverse map: from a frame to the entries
 * that point to it.
 *
 * In the map are entries that point to tables, and leaves that are writable.
 * Promise: no chain has more than SHADOW_CHAIN_MAX entries, whatever a guest
 * does, so every operation on one entry is bounded.
 */
/* First: macros of ours would spoil it.  Its copies are of 4 bytes: inline. */
#define memcpy(d, s, n) __builtin_memcpy(d, s, n)
#define XXH_INLINE_ALL
#include <xxhash.h>
#undef memcpy

#include "shadow.h"

#define SLOT_BITS 26
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

uint32_t shadow_hash(const struct shadow_domain *s, uint64_t key)
{
    return XXH3_64bits_withSeed(&key, sizeof(key), s->seed);
}

static uint64_t frame_of_entry(uint64_t e)
{
    return (e & PTE_ADDR_MASK) >> PAGE_SHIFT;
}

static uint32_t *bucket_of(const struct shadow_domain *s, uint64_t e)
{
    return &s->rmap[shadow_hash(s, frame_of_entry(e)) & s->rmap_mask];
}

static uint32_t slot_number(const struct shadow_domain *s, const struct shadow_table *t,
                            unsigned int slot)
{
    return (uint32_t)(t - s->table) * PT_ENTRIES + slot + 1;
}

static struct shadow_table *slot_table(const struct shadow_domain *s, uint32_t number,
                                       unsigned int *slot)
{
    *slot = (number - 1) % PT_ENTRIES;
    return &s->table[(number - 1) / PT_ENTRIES];
}

static bool is_mapped(const struct shadow_table *t, uint64_t e)
{
    return (e & PTE_P) && (KIND_LEVEL(t->kind) > 1 || (e & PTE_W));
}

void shadow_flush_tlbs(struct domain *d)
{
    hvm_ask_domain(d, HVM_POSTED_FLUSH_VPID);
}

/* Where in its chain the slot's number is held. */
static uint32_t *find_link(struct shadow_domain *s, uint32_t *bucket, uint32_t number)
{
    uint32_t *link = bucket;
    while ((*link & SLOT_MASK) != number) {
        unsigned int slot;
        BUG_ON(!(*link & SLOT_MASK));
        struct shadow_table *t = slot_table(s, *link & SLOT_MASK, &slot);
        link = &t->next[slot];
    }
    return link;
}

/* Take what @link holds out of the chain of @bucket. */
static void unlink_slot(struct shadow_domain *s, uint32_t *bucket, uint32_t *link)
{
    unsigned int slot;
    struct shadow_table *t = slot_table(s, *link & SLOT_MASK, &slot);
    uint32_t next = t->next[slot];

    *link = (*link & ~SLOT_MASK) | next;
    t->next[slot] = 0;
    *bucket -= 1u << SLOT_BITS;
}

static void clear_oldest(struct domain *d, struct shadow_domain *s, uint32_t *bucket)
{
    uint32_t *link = bucket;
    unsigned int slot;
    struct shadow_table *t;

    for (;;) {
        t = slot_table(s, *link & SLOT_MASK, &slot);
        if (!t->next[slot])
            break;
        link = &t->next[slot];
    }
    unlink_slot(s, bucket, link);
    ACCESS_ONCE(t->entry[slot]) = 0;
    perfc_incr(shadow_chain_full);
    shadow_flush_tlbs(d);
}

static void map_slot(struct domain *d, struct shadow_table *t, unsigned int slot, uint64_t e)
{
    struct shadow_domain *s = d->arch.shadow;
    uint32_t *bucket = bucket_of(s, e);

    if (*bucket >> SLOT_BITS >= SHADOW_CHAIN_MAX)
        clear_oldest(d, s, bucket);
    t->next[slot] = *bucket & SLOT_MASK;
    *bucket = ((*bucket & ~SLOT_MASK) + (1u << SLOT_BITS)) | slot_number(s, t, slot);
}

bool shadow_set_entry(struct domain *d, struct shadow_table *t, unsigned int slot, uint64_t e)
{
    struct shadow_domain *s = d->arch.shadow;
    uint64_t old = t->entry[slot];

    if (old == e)
        return false;
    bool moved = frame_of_entry(old) != frame_of_entry(e);
    bool was = is_mapped(t, old), is = is_mapped(t, e);
    if (was && (!is || moved)) {
        uint32_t *bucket = bucket_of(s, old);
        unlink_slot(s, bucket, find_link(s, bucket, slot_number(s, t, slot)));
    }
    /* The entry first: a full chain may clear any other, not this one. */
    ACCESS_ONCE(t->entry[slot]) = e;
    if (is && (!was || moved))
        map_slot(d, t, slot, e);
    if (e) {
        t->low = min(t->low, (uint16_t)slot);
        t->high = max(t->high, (uint16_t)slot);
    }
    /* A translation or a right that a TLB may hold is gone. */
    if ((old & PTE_P) &&
        (moved || !(e & PTE_P) || (old & ~e & (PTE_W | PTE_U)) || (e & ~old & PTE_NX)))
        shadow_flush_tlbs(d);
    return true;
}

void shadow_clear_table(struct domain *d, struct shadow_table *t)
{
    for (unsigned int slot = t->low; slot <= t->high && slot < PT_ENTRIES; slot++)
        if (t->entry[slot])
            shadow_set_entry(d, t, slot, 0);
    t->low = PT_ENTRIES;
    t->high = 0;
}

/* Of every entry that points to @frame only the bits of @keep stay, and it leaves
 * the map. */
static void cut_entries(struct domain *d, uint64_t frame, uint64_t keep)
{
    struct shadow_domain *s = d->arch.shadow;
    uint32_t *bucket = bucket_of(s, frame << PAGE_SHIFT), *link = bucket;

    while (*link & SLOT_MASK) {
        unsigned int slot;
        struct shadow_table *t = slot_table(s, *link & SLOT_MASK, &slot);
        if (frame_of_entry(t->entry[slot]) != frame) {
            link = &t->next[slot];
            continue;
        }
        unlink_slot(s, bucket, link);
        ACCESS_ONCE(t->entry[slot]) = t->entry[slot] & keep;
        shadow_flush_tlbs(d);
    }
}

void shadow_clear_parents(struct domain *d, struct shadow_table *child)
{
    cut_entries(d, frame_of_entry(child->maddr), 0);
}

void shadow_protect(struct domain *d, mfn_t mfn)
{
    cut_entries(d, mfn_x(mfn), ~PTE_W);
}

bool shadow_has_parent(struct domain *d, const struct shadow_table *child)
{
    struct shadow_domain *s = d->arch.shadow;
    uint64_t frame = frame_of_entry(child->maddr);
    uint32_t number = *bucket_of(s, child->maddr) & SLOT_MASK;

    while (number) {
        unsigned int slot;
        const struct shadow_table *t = slot_table(s, number, &slot);
        if (frame_of_entry(t->entry[slot]) == frame && t->generation == s->generation)
            return true;
        number = t->next[slot];
    }
    return false;
}
