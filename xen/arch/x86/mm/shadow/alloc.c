/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - the pool of shadow tables: its size, who has which, and taking
 * the least recently used one.
 *
 * A table is a page of entries and half a page of links.  Both come from the
 * common heap when the pool is sized, and go back when it is freed; nothing
 * is allocated while the guest runs.
 */
#include <cairn/softirq.h>

#include "shadow.h"

#define PAGES_PER_MIB    256u
#define SLOTS_PER_BUCKET 16u

/* ---- chains and the LRU list ---- */

static void lru_remove(struct shadow_domain *s, struct shadow_table *t)
{
    if (t->lru_prev != SHADOW_NONE)
        s->table[t->lru_prev].lru_next = t->lru_next;
    else
        s->lru_head = t->lru_next;
    if (t->lru_next != SHADOW_NONE)
        s->table[t->lru_next].lru_prev = t->lru_prev;
    else
        s->lru_tail = t->lru_prev;
}

static void lru_add(struct shadow_domain *s, struct shadow_table *t)
{
    uint32_t n = t - s->table;
    t->lru_prev = SHADOW_NONE;
    t->lru_next = s->lru_head;
    if (s->lru_head != SHADOW_NONE)
        s->table[s->lru_head].lru_prev = n;
    else
        s->lru_tail = n;
    s->lru_head = n;
}

static uint32_t *chain_of(const struct shadow_domain *s, uint64_t gfn)
{
    return &s->hash[shadow_hash(s, gfn) & s->hash_mask];
}

static void hash_remove(struct shadow_domain *s, struct shadow_table *t)
{
    uint32_t n = t - s->table, *link = chain_of(s, t->gfn);
    while (*link != n)
        link = &s->table[*link].hash_next;
    *link = t->hash_next;
}

/* ---- tables ---- */

void shadow_free_table(struct domain *d, struct shadow_table *t)
{
    struct shadow_domain *s = d->arch.shadow;

    ASSERT(t->used && !t->pins);
    shadow_clear_table(d, t);
    shadow_clear_parents(d, t);
    hash_remove(s, t);
    lru_remove(s, t);
    t->used = false;
    t->lru_next = s->free;
    s->free = t - s->table;
    s->nr_used--;
}

/*
 * The least recently used one that is no vCPU's root: there are at most four
 * of those a vCPU, so the search is short.  Some that were used without being
 * moved in the list get a second chance; few, so that the tables on the way
 * to an address, which have just been moved, are never taken.
 */
static bool reclaim_one(struct domain *d)
{
    struct shadow_domain *s = d->arch.shadow;
    unsigned int tries = 4 * d->max_vcpus + 1, chances = SHADOW_MIN_TABLES / 4;

    while (tries-- && s->lru_tail != SHADOW_NONE) {
        struct shadow_table *t = &s->table[s->lru_tail];
        if (!t->pins && t->recent && chances) {
            t->recent = false;
            chances--;
            tries++;
        } else if (!t->pins) {
            perfc_incr(shadow_reclaimed);
            shadow_free_table(d, t);
            return true;
        }
        lru_remove(s, t);
        lru_add(s, t);
    }
    return false;
}

/* Room in the chain of @gfn: a guest may show one page in many roles. */
static void trim_chain(struct domain *d, uint64_t gfn)
{
    struct shadow_domain *s = d->arch.shadow;
    struct shadow_table *last = NULL;
    unsigned int length = 0;

    for (uint32_t n = *chain_of(s, gfn); n != SHADOW_NONE; n = s->table[n].hash_next) {
        length++;
        if (!s->table[n].pins)
            last = &s->table[n];
    }
    if (length >= SHADOW_HASH_CHAIN_MAX && last)
        shadow_free_table(d, last);
}

struct shadow_table *shadow_find(struct domain *d, uint64_t gfn, shadow_kind_t kind)
{
    struct shadow_domain *s = d->arch.shadow;
    if (!s->nr_filled)
        return NULL;
    for (uint32_t n = *chain_of(s, gfn); n != SHADOW_NONE; n = s->table[n].hash_next) {
        struct shadow_table *t = &s->table[n];
        if (t->gfn == gfn && t->kind == kind && t->generation == s->generation)
            return t;
    }
    return NULL;
}

static struct shadow_table *take_table(struct domain *d, uint64_t gfn, shadow_kind_t kind)
{
    struct shadow_domain *s = d->arch.shadow;

    if (s->free == SHADOW_NONE && !reclaim_one(d))
        return NULL;
    struct shadow_table *t = &s->table[s->free];
    s->free = t->lru_next;
    t->gfn = gfn;
    t->kind = kind;
    t->low = PT_ENTRIES;
    t->high = 0;
    t->pins = 0;
    t->used = true;
    t->oos = t->recent = false;
    t->guest = shadow_kind_is_direct(kind) || KIND_GUEST_LEVELS(kind) == 2
                   ? NULL
                   : shadow_map_guest(d, gfn, true);
    t->generation = s->generation;
    uint32_t *chain = chain_of(s, gfn);
    t->hash_next = *chain;
    *chain = t - s->table;
    lru_add(s, t);
    s->nr_used++;
    perfc_incr(shadow_tables_made);
    return t;
}

void shadow_touch(struct shadow_domain *s, struct shadow_table *t)
{
    if (s->lru_head == t - s->table)
        return;
    lru_remove(s, t);
    lru_add(s, t);
}

struct shadow_table *shadow_get(struct domain *d, uint64_t gfn, shadow_kind_t kind)
{
    struct shadow_domain *s = d->arch.shadow;
    struct shadow_table *t = shadow_find(d, gfn, kind);

    if (t) {
        shadow_touch(s, t);
        return t;
    }
    if (!s->nr_filled || s->unlinking)
        return NULL;
    trim_chain(d, gfn);
    bool direct = shadow_kind_is_direct(kind);
    bool tracked = !direct && shadow_is_tracked(d, gfn);
    bool oos = tracked && shadow_is_oos(d, gfn);
    t = take_table(d, gfn, kind);
    if (!t || direct)
        return t;
    t->oos = oos;
    s->upper_oos |= oos && KIND_LEVEL(kind) > 1;
    s->filter[gfn / 64 % 16] |= 1ull << (gfn % 64);
    if (!tracked) {
        const void *guest = shadow_map_guest(d, gfn, false);
        if (guest)
            shadow_protect(d, virt_to_mfn(guest));
    }
    return t;
}

void shadow_zap_all(struct domain *d)
{
    struct shadow_domain *s = d->arch.shadow;

    perfc_incr(shadow_zaps);
    s->generation++;
    s->nr_oos = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(s->filter); i++)
        s->filter[i] = 0;
    for_each_vcpu(d, v)
        shadow_drop_roots(v);
    shadow_flush_tlbs(d);
}

/* ---- the pool ---- */

static uint32_t power_of_two(uint32_t n)
{
    uint32_t p = 1;
    while (p < n)
        p <<= 1;
    return p;
}

/* As many as fit, with links, numbers and buckets: 1.5 pages and a bit each. */
static uint32_t tables_for(uint32_t mib)
{
    uint64_t n = (uint64_t)mib * PAGES_PER_MIB * 10 / 16;
    n &= ~1ull; /* two share a page of links */
    if (n < SHADOW_MIN_TABLES)
        return SHADOW_MIN_TABLES;
    return n > SHADOW_MAX_TABLES ? SHADOW_MAX_TABLES : n;
}

static void free_arrays(struct shadow_domain *s)
{
    xfree(s->table);
    xfree(s->hash);
    xfree(s->rmap);
    s->table = NULL;
    s->hash = s->rmap = NULL;
    s->nr_tables = s->mib = 0;
}

static int alloc_arrays(struct shadow_domain *s, uint32_t mib)
{
    uint32_t n = tables_for(mib), chains = power_of_two(n);
    uint32_t buckets = power_of_two(n * (PT_ENTRIES / SLOTS_PER_BUCKET));

    s->table = xzalloc_array(struct shadow_table, n);
    s->hash = xzalloc_array(uint32_t, chains);
    s->rmap = xzalloc_array(uint32_t, buckets);
    if (!s->table || !s->hash || !s->rmap) {
        free_arrays(s);
        return -ENOMEM;
    }
    memset(s->hash, 0xff, chains * sizeof(uint32_t));
    s->hash_mask = chains - 1;
    s->rmap_mask = buckets - 1;
    s->nr_tables = n;
    s->mib = mib;
    s->nr_filled = s->nr_used = 0;
    s->free = s->lru_head = s->lru_tail = SHADOW_NONE;
    s->seed = rdtsc();
    s->unlinking = false;
    return 0;
}

/* Two tables: three pages. */
static int fill_pair(struct shadow_domain *s)
{
    struct shadow_table *t = &s->table[s->nr_filled];
    uint32_t *links = alloc_xen_page();
    uint64_t *first = alloc_xen_page(), *second = alloc_xen_page();

    if (!links || !first || !second) {
        free_xen_page(links);
        free_xen_page(first);
        free_xen_page(second);
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < 2; i++) {
        t[i].entry = i ? second : first;
        t[i].maddr = virt_to_maddr(t[i].entry);
        t[i].next = links + i * PT_ENTRIES;
        virt_to_page(t[i].entry)->tlb_stamp = s->nr_filled + i;
        t[i].lru_next = s->free;
        s->free = s->nr_filled + i;
    }
    s->nr_filled += 2;
    return 0;
}

int shadow_free_pool(struct domain *d)
{
    struct shadow_domain *s = d->arch.shadow;

    if (!s || !s->table)
        return 0;
    if (!s->unlinking) {
        shadow_zap_all(d);
        s->unlinking = true;
    }
    /* Nobody walks them any more: pages go as they are, no unlinking. */
    while (s->nr_filled) {
        struct shadow_table *t = &s->table[s->nr_filled - 2];
        free_xen_page(t[0].entry);
        free_xen_page(t[1].entry);
        free_xen_page(t[0].next);
        s->nr_filled -= 2;
        if (!(s->nr_filled % 32) && preempt_check())
            return -ERESTART;
    }
    /* Up to 8 MiB to clear. */
    if (s->rmap) {
        xfree(s->rmap);
        s->rmap = NULL;
        if (preempt_check())
            return -ERESTART;
    }
    free_arrays(s);
    return 0;
}

int shadow_set_allocation(struct domain *d, uint32_t mib)
{
    struct shadow_domain *s = d->arch.shadow;
    int rc = 0;

    if (s->table && (s->unlinking || tables_for(mib) != s->nr_tables)) {
        rc = shadow_free_pool(d);
        if (rc)
            return rc;
    }
    if (!s->table)
        rc = alloc_arrays(s, mib);
    while (!rc && s->nr_filled < s->nr_tables) {
        rc = fill_pair(s);
        if (!rc && !(s->nr_filled % 32) && preempt_check())
            return -ERESTART;
    }
    return rc;
}

uint32_t shadow_get_allocation(struct domain *d)
{
    const struct shadow_domain *s = d->arch.shadow;
    return s->table ? s->mib : 0;
}
