/* SPDX-License-Identifier: MIT */
/*
 * sync.c - tables in sync and out of it.
 *
 * In sync: no shadow maps the guest's table writable, and no entry allows
 * what the guest's does not.  Out of sync (at most SHADOW_OOS_MAX gfns): the
 * guest writes as it likes, and what it wrote counts when it flushes.  Not
 * present entries need no flush: they fault, and the walk sees the new ones.
 * All vCPUs share the tables, so a flush by any of them compares all.
 */

#include "shadow.h"

/* The guest's tables of @gfn, one after the other. */
static struct shadow_table *next_of(const struct shadow_domain *s, uint32_t n, uint64_t gfn)
{
    for (; n != SHADOW_NONE; n = s->table[n].hash_next) {
        struct shadow_table *t = &s->table[n];
        if (t->gfn == gfn && !shadow_kind_is_direct(t->kind) && t->generation == s->generation)
            return t;
    }
    return NULL;
}

static struct shadow_table *first_of(const struct shadow_domain *s, uint64_t gfn)
{
    if (!(s->filter[gfn / 64 % 16] & 1ull << (gfn % 64)))
        return NULL;
    return next_of(s, s->hash[shadow_hash(s, gfn) & s->hash_mask], gfn);
}

bool shadow_is_tracked(struct domain *d, uint64_t gfn)
{
    return first_of(d->arch.shadow, gfn) != NULL;
}

/* All tables of a gfn agree in this. */
bool shadow_is_oos(struct domain *d, uint64_t gfn)
{
    const struct shadow_table *t = first_of(d->arch.shadow, gfn);
    return t && t->oos;
}

bool shadow_is_protected(struct domain *d, uint64_t gfn)
{
    const struct shadow_table *t = first_of(d->arch.shadow, gfn);
    return t && !t->oos;
}

/* ---- comparing ---- */

uint64_t shadow_guest_entry(const struct shadow_table *t, unsigned int slot, const void *guest)
{
    unsigned int index = shadow_guest_index(t->kind, slot);
    if (KIND_GUEST_LEVELS(t->kind) == 2)
        return ((const volatile uint32_t *)guest)[index];
    return ((const volatile uint64_t *)guest)[index];
}

/* Is @child the table that an entry of @view in slot @slot of @t needs? */
static bool child_fits(const struct shadow_table *t, unsigned int slot,
                       const struct shadow_view *view, const struct shadow_table *child)
{
    unsigned int half = KIND_GUEST_LEVELS(t->kind) == 2 ? slot & 1 : 0;

    if (view->leaf)
        return child->kind == shadow_kind_direct(1) && child->gfn == view->gfn + half * PT_ENTRIES;
    shadow_kind_t role = t->kind & ~(7u | 3u << 6 | KIND_RO);
    return child->gfn == view->gfn &&
           child->kind == shadow_kind(role, KIND_LEVEL(t->kind) - 1, half, view->table_ro);
}

bool shadow_entry_current(struct domain *d, const struct shadow_table *t, unsigned int slot,
                          uint64_t entry, const void *guest)
{
    struct paging_role role;
    struct shadow_view view;

    if (!(entry & PTE_P))
        return true;
    if (!guest)
        return false;
    shadow_role_of(t->kind, &d->arch.shadow->constants, &role);
    shadow_propagate(&role, KIND_LEVEL(t->kind), shadow_guest_entry(t, slot, guest),
                     t->kind & KIND_RO, &view);
    if (!shadow_flags_allowed(&role, &view, entry & (PTE_P | PTE_W | PTE_U | PTE_NX)))
        return false;
    if (KIND_LEVEL(t->kind) > 1)
        return child_fits(t, slot, &view, shadow_table_of(d, entry));
    return mfn_x(shadow_frame(d, view.gfn).mfn) == (entry & PTE_ADDR_MASK) >> PAGE_SHIFT;
}

uint64_t shadow_leaf_entry(struct domain *d, const struct paging_role *role, uint64_t e, bool ro)
{
    if ((e & (PTE_P | PTE_A)) != (PTE_P | PTE_A) || guest_entry_reserved(role, 1, e))
        return 0;
    uint64_t gfn = (e & PTE_ADDR_MASK) >> PAGE_SHIFT, flags = shadow_leaf_flags(role, e, ro);
    const struct shadow_frame frame = shadow_frame(d, gfn);
    if (mfn_eq(frame.mfn, INVALID_MFN))
        return 0;
    if ((flags & PTE_W) && (p2m_is_readonly(frame.type) || shadow_is_protected(d, gfn)))
        flags &= ~PTE_W;
    return shadow_make_entry(frame.mfn, flags);
}

/* A leaf becomes what the guest's entry is now, for it will be used. */
static bool compare_slot(struct domain *d, struct shadow_table *t, unsigned int slot,
                         const struct paging_role *role, const void *guest)
{
    uint64_t entry = t->entry[slot], now = 0;

    if (!entry)
        return false;
    if (KIND_LEVEL(t->kind) > 1) {
        if (shadow_entry_current(d, t, slot, entry, guest))
            return false;
    } else if (guest) {
        now = shadow_leaf_entry(d, role, shadow_guest_entry(t, slot, guest), t->kind & KIND_RO);
    }
    return shadow_set_entry(d, t, slot, now);
}

static void compare_table(struct domain *d, struct shadow_table *t, const void *guest)
{
    struct paging_role role;

    perfc_incr(shadow_resyncs);
    shadow_role_of(t->kind, &d->arch.shadow->constants, &role);
    for (unsigned int slot = t->low; slot <= t->high && slot < PT_ENTRIES; slot++)
        compare_slot(d, t, slot, &role, guest);
}

void shadow_compare(struct domain *d, struct shadow_table *t)
{
    compare_table(d, t, shadow_map_guest(d, t->gfn, false));
}

/* ---- the list ---- */

static void oos_remove(struct shadow_domain *s, unsigned int i)
{
    s->nr_oos--;
    for (; i < s->nr_oos; i++)
        s->oos[i] = s->oos[i + 1];
}

/*
 * Bring the tables of the list's @i-th gfn in sync.  One that nothing leads
 * to any more is given up: most likely the guest uses the page for something
 * else now.
 */
static void resync(struct domain *d, unsigned int i)
{
    struct shadow_domain *s = d->arch.shadow;
    uint64_t gfn = s->oos[i];
    const void *guest = shadow_map_guest(d, gfn, false);
    bool left = false;

    oos_remove(s, i);
    for (struct shadow_table *t = first_of(s, gfn); t;) {
        uint32_t after = t->hash_next;
        if (!t->pins && !shadow_has_parent(d, t)) {
            shadow_free_table(d, t);
        } else {
            t->oos = false;
            left = true;
        }
        t = next_of(s, after, gfn);
    }
    /* From here on no processor writes to it unseen: what is compared stays. */
    if (left && guest)
        shadow_protect(d, virt_to_mfn(guest));
    for (struct shadow_table *t = first_of(s, gfn); t; t = next_of(s, t->hash_next, gfn))
        compare_table(d, t, guest);
}

void shadow_unsync(struct domain *d, uint64_t gfn)
{
    struct shadow_domain *s = d->arch.shadow;

    perfc_incr(shadow_unsyncs);
    if (s->nr_oos == SHADOW_OOS_MAX)
        resync(d, 0);
    for (struct shadow_table *t = first_of(s, gfn); t; t = next_of(s, t->hash_next, gfn)) {
        t->oos = true;
        s->upper_oos |= KIND_LEVEL(t->kind) > 1;
    }
    s->oos[s->nr_oos++] = gfn;
    /* Before the entry that lets the guest write; who flushes because of such a
     * write, on any CPU, comes after it. */
    __atomic_store_n(&s->any_oos, true, __ATOMIC_RELEASE);
}

void shadow_resync_all(struct domain *d)
{
    struct shadow_domain *s = d->arch.shadow;
    while (s->nr_oos)
        resync(d, s->nr_oos - 1);
    s->upper_oos = false;
    __atomic_store_n(&s->any_oos, false, __ATOMIC_RELEASE);
}

/* ---- INVLPG ---- */

static bool has_upper(struct shadow_domain *s, uint64_t gfn)
{
    for (struct shadow_table *t = first_of(s, gfn); t; t = next_of(s, t->hash_next, gfn))
        if (KIND_LEVEL(t->kind) > 1)
            return true;
    return false;
}

/*
 * INVLPG drops the leaf of its address and everything that is cached of upper
 * levels, for any address.  Other leaves may stay, stale as they are.
 */
void shadow_sync_va(struct vcpu *v, gva_t va)
{
    struct domain *d = v->domain;
    struct shadow_domain *s = d->arch.shadow;

    for (unsigned int i = s->upper_oos ? s->nr_oos : 0; i-- > 0;)
        if (has_upper(s, s->oos[i]))
            resync(d, i);
    s->upper_oos = false;
    struct shadow_table *t = shadow_root_for(v, va, false);
    while (t && KIND_LEVEL(t->kind) > 1) {
        uint64_t e = t->entry[PT_INDEX(va, KIND_LEVEL(t->kind))];
        t = e & PTE_P ? shadow_table_of(d, e) : NULL;
    }
    /* In the tables of its roots the vCPU's role is theirs. */
    if (t && t->oos &&
        compare_slot(d, t, PT_INDEX(va, 1), &v->arch.hvm.shadow->walk_role,
                     shadow_map_guest(d, t->gfn, false)))
        v->arch.hvm.work |= HVM_WORK_FLUSH_VPID; /* rights that were added, too */
}
