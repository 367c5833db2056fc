/* SPDX-License-Identifier: MIT */
/*
 * root.c - which tables a vCPU runs on.
 *
 * Long mode: the shadow of the guest's top-level table.  Any other mode: PAE
 * tables below a page of four entries, the vCPU's own and below 4 GiB, because
 * CR3 has 32 bits there; the processor reads it at each VM entry.  Its tables
 * are made when an address needs them.
 */

#include "shadow.h"

#define PDPT_ENTRIES 4

void shadow_vcpu_role(struct vcpu *v, struct paging_role *role)
{
    const struct paging_role *c = &v->domain->arch.shadow->constants;
    paging_role(&v->arch.hvm.ctrl, c->pse36, c->page_1g, c->maxphysaddr, role);
}

static void set_root(struct vcpu *v, unsigned int i, struct shadow_table *t)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;
    struct shadow_domain *s = v->domain->arch.shadow;
    uint32_t n = t ? t - s->table : SHADOW_NONE;

    if (sv->root[i] == n)
        return;
    if (sv->root[i] != SHADOW_NONE)
        s->table[sv->root[i]].pins--;
    sv->root[i] = n;
    if (t)
        t->pins++;
    if (sv->root_long)
        return;
    ACCESS_ONCE(sv->pdpt[i]) = t ? t->maddr | PTE_P : 0;
    if (v == current) /* shadow_zap_all() sees to the others */
        v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
}

void shadow_drop_roots(struct vcpu *v)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;

    if (!sv || !sv->valid)
        return;
    for (unsigned int i = 0; i < PDPT_ENTRIES; i++)
        set_root(v, i, NULL);
    sv->valid = false;
    __atomic_fetch_or(&v->arch.hvm.posted, HVM_POSTED_ROOT, __ATOMIC_SEQ_CST);
}

/* gfn and kind of a top table, @i of PAE's four. */
static bool root_key(struct vcpu *v, unsigned int i, uint64_t *gfn, shadow_kind_t *kind)
{
    const struct shadow_vcpu *sv = v->arch.hvm.shadow;

    *gfn = sv->root_gfn[i];
    if (*gfn == ~0ull)
        return false;
    switch (KIND_GUEST_LEVELS(sv->role)) {
    case 0:
        *kind = shadow_kind_direct(2);
        return true;
    case 2:
        *kind = shadow_kind(sv->role, 2, i, false);
        return true;
    case 3:
        *kind = shadow_kind(sv->role, 2, 0, false);
        return true;
    default:
        *kind = shadow_kind(sv->role, 4, 0, false);
        return i == 0;
    }
}

struct shadow_table *shadow_root_for(struct vcpu *v, gva_t va, bool make)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;
    unsigned int i = sv->root_long ? 0 : (va >> 30) & 3;
    shadow_kind_t kind;
    uint64_t gfn;

    if (!sv->valid)
        return NULL;
    if (sv->root[i] != SHADOW_NONE)
        return &v->domain->arch.shadow->table[sv->root[i]];
    if (!make || !root_key(v, i, &gfn, &kind))
        return NULL;
    struct shadow_table *t = shadow_get(v->domain, gfn, kind);
    if (t)
        set_root(v, i, t);
    return t;
}

/* The guest's top tables by gfn, ~0 where there is none. */
static void wanted_roots(struct vcpu *v, unsigned int levels, uint64_t gfn[PDPT_ENTRIES])
{
    const struct hvm_vcpu *hvm = &v->arch.hvm;
    unsigned int width = v->domain->arch.shadow->constants.maxphysaddr;
    uint64_t limit = (1ull << width) - 1;

    for (unsigned int i = 0; i < PDPT_ENTRIES; i++)
        switch (levels) {
        case 0:
            gfn[i] = (uint64_t)i << 18;
            break;
        case 2:
            gfn[i] = (uint32_t)hvm->ctrl.cr3 >> PAGE_SHIFT;
            break;
        case 3:
            gfn[i] = hvm->pdpte[i] & PTE_P ? (hvm->pdpte[i] & limit) >> PAGE_SHIFT : ~0ull;
            break;
        default:
            gfn[i] = i == 0 ? (hvm->ctrl.cr3 & limit) >> PAGE_SHIFT : ~0ull;
            break;
        }
}

static void switch_roots(struct vcpu *v, shadow_kind_t role, const uint64_t gfn[PDPT_ENTRIES])
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;
    bool is_long = KIND_GUEST_LEVELS(role) == 4;

    if (sv->role != role || sv->root_long != is_long) {
        perfc_incr(shadow_role_changes);
        /* INVLPG saw to the tables of the role it met, and no others. */
        shadow_resync_all(v->domain);
        for (unsigned int i = 0; i < PDPT_ENTRIES; i++)
            set_root(v, i, NULL);
    }
    sv->role = role;
    sv->root_long = is_long;
    for (unsigned int i = 0; i < PDPT_ENTRIES; i++)
        sv->root_gfn[i] = gfn[i];
    sv->valid = true;
    for (unsigned int i = 0; i < (is_long ? 1 : PDPT_ENTRIES); i++) {
        shadow_kind_t kind;
        uint64_t at;
        struct shadow_table *t = NULL;
        if (root_key(v, i, &at, &kind))
            t = is_long ? shadow_get(v->domain, at, kind) : shadow_find(v->domain, at, kind);
        set_root(v, i, t);
    }
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
}

/* As shadow_get(), for a root: it was one before in most cases. */
static struct shadow_table *get_root(struct vcpu *v, uint64_t gfn, shadow_kind_t kind)
{
    struct shadow_domain *s = v->domain->arch.shadow;
    uint32_t *hint = &v->arch.hvm.shadow->hint[(gfn ^ kind / KIND_WP) % SHADOW_HINTS];

    if (likely(*hint < s->nr_filled)) {
        struct shadow_table *t = &s->table[*hint];
        if (t->gfn == gfn && t->kind == kind && t->used && t->generation == s->generation) {
            t->recent = true;
            return t;
        }
    }
    struct shadow_table *t = shadow_get(v->domain, gfn, kind);
    if (t)
        *hint = t - s->table;
    return t;
}

/* The common case: long mode before and after.  Whether the root changed. */
static bool switch_long_root(struct vcpu *v, shadow_kind_t role)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;
    uint64_t gfn = v->arch.hvm.ctrl.cr3 >> PAGE_SHIFT; /* hvm/cr.c: within MAXPHYADDR */

    if (sv->role == role && sv->root_gfn[0] == gfn)
        return false;
    if (sv->role != role) {
        perfc_incr(shadow_role_changes);
        shadow_resync_all(v->domain);
        sv->role = role;
    }
    sv->root_gfn[0] = gfn;
    set_root(v, 0, get_root(v, gfn, shadow_kind(role, 4, 0, false)));
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
    return true;
}

static bool switch_any_roots(struct vcpu *v, shadow_kind_t role)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;
    uint64_t gfn[PDPT_ENTRIES];

    wanted_roots(v, sv->walk_role.levels, gfn);
    bool same = sv->valid && sv->role == role;
    for (unsigned int i = 0; i < PDPT_ENTRIES; i++)
        same = same && gfn[i] == sv->root_gfn[i];
    if (!same)
        switch_roots(v, role, gfn);
    return !same;
}

void shadow_update_root(struct vcpu *v)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;
    struct shadow_domain *s = v->domain->arch.shadow;
    shadow_kind_t role = sv->role;

    spin_lock(&v->domain->arch.paging_lock);
    if ((v->arch.hvm.work & HVM_WORK_ROLE) || !sv->valid) {
        shadow_vcpu_role(v, &sv->walk_role);
        role = shadow_role_bits(&sv->walk_role);
    }
    bool changed = sv->valid && sv->root_long && sv->walk_role.levels == 4
                       ? switch_long_root(v, role)
                       : switch_any_roots(v, role);
    bool none = sv->root_long && sv->root[0] == SHADOW_NONE;
    uint64_t root = sv->root_long && !none ? s->table[sv->root[0]].maddr : sv->pdpt_maddr;
    spin_unlock(&v->domain->arch.paging_lock);
    if (none)
        domain_crash(v->domain, "shadow: no shadow memory (shadow_memory=)");
    else if (changed)
        hvm_set_hardware_cr3(v, _maddr(root));
}
