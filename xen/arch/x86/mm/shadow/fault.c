/* SPDX-License-Identifier: MIT */
/*
 * fault.c - page faults of a shadowed guest.
 *
 * The guest's tables are walked as the processor would.  Refused: the fault
 * is the guest's, with the error code that the walk gives and never the
 * hardware's.  Allowed: the shadow lacks something, and gets it; then the
 * instruction runs again.  Each fault does a bounded amount of work.
 */

#include "shadow.h"

#define PREFETCH  16u
#define STUCK_MAX 64

struct fault {
    struct vcpu *v;
    struct domain *d;
    gva_t va;
    unsigned int access;
    const struct paging_role *role;
    shadow_kind_t role_bits;
    const struct walk_result *walk; /* NULL until it was made */
    uint64_t gfn;
    mfn_t mfn;
    bool ram_writable; /* the p2m allows it */
    bool changed;
};

static unsigned int access_of(uint32_t ec, const struct paging_role *role)
{
    unsigned int access = 0;
    if (ec & PFEC_W)
        access |= WALK_WRITE;
    if (ec & PFEC_U)
        access |= WALK_USER;
    if (ec & PFEC_I)
        access |= WALK_FETCH;
    /* EFLAGS.AC lifts SMAP, but not from what the processor does by itself
     * for user code: descriptor tables, stacks of a new level. */
    if (role->smap && !(access & (WALK_USER | WALK_FETCH)) && hvm_get_cpl() != 3 &&
        (hvm_get_rflags() & X86_EFLAGS_AC))
        access |= WALK_AC;
    return access;
}

/* ---- leaves ---- */

static bool may_write(const struct fault *f, uint64_t gfn, bool ram_writable)
{
    return ram_writable && !shadow_is_protected(f->d, gfn);
}

/* What a guest's leaf becomes, before the page's own state is looked at. */
static uint64_t leaf_flags(const struct fault *f, const struct shadow_view *view)
{
    bool supervisor_write = (f->access & WALK_WRITE) && !(f->access & WALK_USER);
    if (supervisor_write && !(view->flags & PTE_W)) {
        uint64_t flip = shadow_flip_flags(f->role, view);
        if (flip)
            return flip;
    }
    return view->flags;
}

static uint64_t direct_leaf(const struct fault *f, uint64_t gfn)
{
    const struct shadow_frame frame = shadow_frame(f->d, gfn);
    if (mfn_eq(frame.mfn, INVALID_MFN))
        return 0;
    uint64_t flags = PTE_P | PTE_U;
    if (may_write(f, gfn, !p2m_is_readonly(frame.type)))
        flags |= PTE_W;
    return shadow_make_entry(frame.mfn, flags);
}

/*
 * Neighbours of the page that faulted, of the same PREFETCH slots: those that
 * the guest has used before (accessed) need no fault of their own.
 */
static void prefetch(struct fault *f, struct shadow_table *t)
{
    unsigned int slot = PT_INDEX(f->va, 1), first = slot & ~(PREFETCH - 1);
    bool direct = shadow_kind_is_direct(t->kind), ro = t->kind & KIND_RO;
    const void *guest = direct ? NULL : shadow_map_guest(f->d, t->gfn, false);

    if (!direct && !guest)
        return;
    for (unsigned int i = first; i < first + PREFETCH; i++) {
        uint64_t entry = 0;
        if (t->entry[i])
            continue;
        if (direct)
            entry = direct_leaf(f, t->gfn + i);
        else if (f->role->levels == 2)
            entry = shadow_leaf_entry(f->d, f->role, shadow_guest_entry(t, i, guest), ro);
        else
            entry = shadow_leaf_entry(f->d, f->role, ((const volatile uint64_t *)guest)[i], ro);
        if (entry)
            shadow_set_entry(f->d, t, i, entry);
    }
}

static void set_leaf(struct fault *f, struct shadow_table *t, uint64_t flags)
{
    if ((flags & PTE_W) && !may_write(f, f->gfn, f->ram_writable))
        flags &= ~PTE_W;
    f->changed |= shadow_set_entry(f->d, t, PT_INDEX(f->va, 1), shadow_make_entry(f->mfn, flags));
}

/* @e: the guest's entry, by which the access is allowed. */
static void set_guest_leaf(struct fault *f, struct shadow_table *t, uint64_t e)
{
    uint64_t flags = shadow_leaf_flags(f->role, e, t->kind & KIND_RO);
    if ((f->access & WALK_WRITE) && !(flags & PTE_W)) {
        struct shadow_view view;
        shadow_propagate_walked(f->role, 1, e, t->kind & KIND_RO, &view);
        flags = leaf_flags(f, &view);
    }
    set_leaf(f, t, flags);
}

/* ---- upper levels ---- */

static struct shadow_table *link_child(struct fault *f, struct shadow_table *t, unsigned int slot,
                                       uint64_t gfn, shadow_kind_t kind, uint64_t flags)
{
    uint64_t e = t->entry[slot];
    struct shadow_table *child;

    if (e & PTE_P) {
        child = shadow_table_of(f->d, e);
        if (child->gfn == gfn && child->kind == kind &&
            e == (child->maddr | flags | (PTE_A | PTE_D))) {
            /* It must not be the next one to be taken for a level below. */
            shadow_touch(f->d->arch.shadow, child);
            return child;
        }
    }
    t->pins++; /* making room must not take the one we stand on */
    child = shadow_get(f->d, gfn, kind);
    t->pins--;
    if (!child)
        return NULL;
    f->changed |= shadow_set_entry(f->d, t, slot, child->maddr | flags | (PTE_A | PTE_D));
    /* What the guest changed in a table while nothing led to it needs no
     * flush: by this way it has not been reached before. */
    if (child->oos)
        shadow_compare(f->d, child);
    return child;
}

/* The table below @t on the way to the address; @e: the guest's entry. */
static struct shadow_table *descend(struct fault *f, struct shadow_table *t, uint64_t e)
{
    unsigned int level = KIND_LEVEL(t->kind), slot = PT_INDEX(f->va, level);
    struct shadow_view view;

    if (shadow_kind_is_direct(t->kind))
        return link_child(f, t, slot, f->gfn & ~511ull, shadow_kind_direct(1),
                          PTE_P | PTE_W | PTE_U);
    shadow_propagate_walked(f->role, level, e, t->kind & KIND_RO, &view);
    if (view.leaf)
        return link_child(f, t, slot, f->gfn & ~511ull, shadow_kind_direct(1),
                          leaf_flags(f, &view));
    unsigned int quadrant = f->role->levels == 2 ? (f->va >> 21) & 1 : 0;
    return link_child(f, t, slot, view.gfn,
                      shadow_kind(f->role_bits, level - 1, quadrant, view.table_ro), view.flags);
}

/*
 * Does the guest's table still say what the walk read, @e?  Until its shadow
 * was made, which may have been just now, other vCPUs could write to it.
 */
static bool still_says(struct fault *f, const struct shadow_table *t, uint64_t e)
{
    const void *guest = NULL;

    if (!shadow_kind_is_direct(t->kind))
        guest = shadow_map_guest(f->d, t->gfn, true);
    return !guest || shadow_guest_entry(t, PT_INDEX(f->va, KIND_LEVEL(t->kind)), guest) == e;
}

static bool fill(struct fault *f)
{
    struct shadow_table *t = shadow_root_for(f->v, f->va, true);
    unsigned int i = 0;

    for (; t; i++) {
        uint64_t e = i < f->walk->seen ? f->walk->entry[i] : 0;
        if (!still_says(f, t, e)) {
            f->changed = true; /* not our doing, but no fault in vain */
            return true;
        }
        if (KIND_LEVEL(t->kind) == 1)
            break;
        t = descend(f, t, e);
    }
    if (!t)
        return false;
    bool was_absent = !t->entry[PT_INDEX(f->va, 1)];
    if (shadow_kind_is_direct(t->kind))
        set_leaf(f, t, PTE_P | PTE_U | PTE_W);
    else
        set_guest_leaf(f, t, f->walk->entry[f->walk->seen - 1]);
    /* Only where a page was missing: a right that was has no neighbours. */
    if (was_absent)
        prefetch(f, t);
    return true;
}

/* ---- the fault ---- */

/* Allowed by CR0.WP = 0 alone, and no entry can say so. */
static bool must_emulate(const struct fault *f)
{
    return (f->access & WALK_WRITE) && f->role->smap && f->walk->seen && !f->walk->writable &&
           (f->walk->entry[f->walk->seen - 1] & PTE_U);
}

/* Nothing had to be done: a TLB may have been stale.  But not for ever. */
static bool is_stuck(struct fault *f, uint32_t ec)
{
    struct shadow_vcpu *sv = f->v->arch.hvm.shadow;

    if (f->changed || sv->stuck_va != f->va || sv->stuck_ec != ec) {
        sv->stuck = 0;
        sv->stuck_va = f->va;
        sv->stuck_ec = ec;
        return false;
    }
    f->v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
    return ++sv->stuck > STUCK_MAX;
}

/* The page of the address, which the walk has found: can the access go there? */
static bool find_page(struct fault *f, uint64_t gfn)
{
    const struct shadow_frame frame = shadow_frame(f->d, gfn);

    f->gfn = gfn;
    f->mfn = frame.mfn;
    f->ram_writable = !p2m_is_readonly(frame.type);
    return !mfn_eq(frame.mfn, INVALID_MFN) && (f->ram_writable || !(f->access & WALK_WRITE));
}

static void unsync_if_written(struct fault *f)
{
    if (!(f->access & WALK_WRITE) || !shadow_is_protected(f->d, f->gfn))
        return;
    f->changed = true;
    shadow_unsync(f->d, f->gfn);
}

/*
 * The leaf table on the way to the address, if all tables above it are there
 * and in sync: then their entries say what the guest's say.  *@above: the
 * rights that those leave, as guest_leaf_allows() wants them.
 */
static struct shadow_table *find_leaf_table(struct fault *f, uint64_t *above)
{
    struct shadow_table *t = shadow_root_for(f->v, f->va, false);
    uint64_t all = PTE_U | PTE_W, any = 0;

    while (t && KIND_LEVEL(t->kind) > 1) {
        uint64_t e = t->entry[PT_INDEX(f->va, KIND_LEVEL(t->kind))];
        if (t->oos || !(e & PTE_P))
            return NULL;
        all &= e;
        any |= e;
        t = shadow_table_of(f->d, e);
        t->recent = true;
    }
    if (!t || !t->guest)
        return NULL;
    if (t->kind & KIND_RO)
        all &= ~PTE_W;
    *above = all | (any & PTE_NX);
    return t;
}

/* A table in sync may allow less than the guest's, which gave rights while it
 * was out of sync: what may be above at most.  U is exact where it can forbid. */
static uint64_t most_above(const struct paging_role *role, uint64_t above)
{
    return PTE_W | (role->smep || role->smap ? above & PTE_U : PTE_U);
}

/* The common case, where nothing but the leaf is in question.  False: it is
 * not that, or something is odd: do all of it. */
static bool resolve_leaf(struct fault *f, uint32_t *ec, enum paging_fault *result)
{
    uint64_t above, e, now;
    struct shadow_table *t = find_leaf_table(f, &above);

    if (!t)
        return false;
    unsigned int slot = PT_INDEX(f->va, 1);
    e = ACCESS_ONCE(t->guest[slot]);
    if (!guest_leaf_allows(f->role, above, e, f->access, &now, ec)) {
        if (guest_leaf_allows(f->role, most_above(f->role, above), e, f->access, &now, ec))
            return false;
        perfc_incr(shadow_faults_guest);
        *result = PAGING_INJECT;
        return true;
    }
    if (!find_page(f, (e & PTE_ADDR_MASK) >> PAGE_SHIFT))
        return false;
    if (now != e && !__sync_bool_compare_and_swap(&t->guest[slot], e, now))
        return false;
    unsync_if_written(f);
    /* That may have brought this table in sync, after we looked. */
    if (ACCESS_ONCE(t->guest[slot]) != now)
        return false;
    bool was_absent = !t->entry[slot];
    set_guest_leaf(f, t, now);
    /* Neighbours of a page that is new are likely to be new as well. */
    if (was_absent && (e & PTE_A))
        prefetch(f, t);
    *result = PAGING_RETRY;
    if (f->changed)
        f->v->arch.hvm.shadow->stuck = 0;
    return f->changed;
}

static enum paging_fault resolve(struct fault *f, uint32_t *ec, gaddr_t *addr, const char **why)
{
    struct walk_result walk;
    const struct walk_memory mem = shadow_walk_memory(f->d);
    uint32_t hardware_ec = *ec;

    if (!guest_walk(f->role, f->v->arch.hvm.ctrl.cr3, f->v->arch.hvm.pdpte, f->va, f->access, &mem,
                    &walk)) {
        if (unlikely(walk.retry))
            return PAGING_RETRY;
        perfc_incr(shadow_faults_guest);
        *ec = walk.ec;
        return PAGING_INJECT;
    }
    f->walk = &walk;
    *addr = walk.addr;
    if (!find_page(f, gfn_x(gaddr_to_gfn(walk.addr))))
        return PAGING_MMIO;
    unsync_if_written(f);
    if (must_emulate(f))
        return PAGING_MMIO;
    if (!fill(f)) {
        *why = "no shadow memory (shadow_memory=)";
        return PAGING_CRASH;
    }
    if (is_stuck(f, hardware_ec)) {
        *why = "the same page fault again and again";
        return PAGING_CRASH;
    }
    return PAGING_RETRY;
}

enum paging_fault shadow_page_fault(struct vcpu *v, gva_t va, uint32_t *ec, gaddr_t *addr)
{
    const struct shadow_vcpu *sv = v->arch.hvm.shadow;
    /* What a role is made of is never the guest's own to change: the one of
     * the roots is right, and no hvm_sync_ctrl() is needed. */
    struct fault f = {.v = v, .d = v->domain, .va = va, .role = &sv->walk_role};
    const char *why = NULL;
    enum paging_fault result;
    uint32_t guest_ec;

    perfc_incr(shadow_faults);
    f.role_bits = sv->role;
    f.access = access_of(*ec, f.role);
    spin_lock(&f.d->arch.paging_lock);
    if (resolve_leaf(&f, &guest_ec, &result))
        *ec = guest_ec;
    else if (unlikely(!sv->valid))
        result = PAGING_RETRY; /* another CPU has just zapped all */
    else
        result = resolve(&f, ec, addr, &why);
    spin_unlock(&f.d->arch.paging_lock);
    if (why)
        domain_crash(f.d, "shadow: %s: address %lx, error code %x", why, (unsigned long)va, *ec);
    return result;
}
