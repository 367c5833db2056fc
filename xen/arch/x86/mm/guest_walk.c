/* SPDX-License-Identifier: MIT */
/* guest_walk.c - see guest_walk.h.  Pure: test/unit/test_xen_guest_walk.c. */
#include "guest_walk.h"

#include <asm/page.h>
#include <asm/processor.h>
#include <cairn/lib.h>

void paging_role(const struct x86_ctrl *ctrl, bool pse36, bool page_1g, uint8_t maxphysaddr,
                 struct paging_role *role)
{
    *role = (struct paging_role){.maxphysaddr = maxphysaddr};
    if (!(ctrl->cr0 & X86_CR0_PG))
        return;
    role->levels = ctrl->efer & EFER_LMA ? 4 : ctrl->cr4 & X86_CR4_PAE ? 3 : 2;
    role->wp = ctrl->cr0 & X86_CR0_WP;
    role->smep = ctrl->cr4 & X86_CR4_SMEP;
    role->smap = ctrl->cr4 & X86_CR4_SMAP;
    if (role->levels == 2) {
        role->pse = ctrl->cr4 & X86_CR4_PSE;
        role->pse36 = role->pse && pse36;
    } else {
        role->nx = ctrl->efer & EFER_NXE;
        role->page_1g = role->levels == 4 && page_1g;
    }
}

/* A walk under way: the entries seen, for their accessed and dirty bits. */
struct walk {
    const struct paging_role *role;
    const struct walk_memory *mem;
    unsigned int entry_size, index_bits;
    gaddr_t addr[4];
    uint64_t entry[4];
    unsigned int seen;
    bool user, writable, nx;
};

static uint64_t bits(unsigned int high, unsigned int low)
{
    return high < low ? 0 : (~0ull >> (63 - high)) & ~((1ull << low) - 1);
}

static uint64_t reserved_2level(const struct paging_role *role, unsigned int level, uint64_t e)
{
    if (level == 1 || !role->pse || !(e & PTE_PS))
        return 0;
    if (!role->pse36)
        return bits(21, 13);
    unsigned int width = role->maxphysaddr < 40 ? role->maxphysaddr : 40;
    return bits(21, width > 32 ? width - 19 : 13);
}

static uint64_t reserved_bits(const struct paging_role *role, unsigned int level, uint64_t e)
{
    if (role->levels == 2)
        return reserved_2level(role, level, e);
    uint64_t mask = bits(51, role->maxphysaddr);
    if (role->levels == 3)
        mask |= bits(62, 52);
    if (!role->nx)
        mask |= PTE_NX;
    if (level == 4 || (level == 3 && !role->page_1g))
        mask |= PTE_PS;
    else if (level == 3 && (e & PTE_PS))
        mask |= bits(29, 13);
    else if (level == 2 && (e & PTE_PS))
        mask |= bits(20, 13);
    return mask;
}

bool guest_entry_is_leaf(const struct paging_role *role, unsigned int level, uint64_t e)
{
    if (level == 1)
        return true;
    if (role->levels == 2)
        return role->pse && (e & PTE_PS);
    return e & PTE_PS; /* reserved where a level has none */
}

static uint32_t access_code(const struct paging_role *role, unsigned int access)
{
    uint32_t ec = 0;
    if (access & WALK_WRITE)
        ec |= PFEC_W;
    if (access & WALK_USER)
        ec |= PFEC_U;
    if ((access & WALK_FETCH) && (role->nx || role->smep))
        ec |= PFEC_I;
    return ec;
}

static bool read_entry(struct walk *w, gaddr_t addr, uint64_t *e)
{
    *e = 0;
    if (!w->mem->read(w->mem->ctx, addr, e, w->entry_size))
        /* Nothing answers on that bus. */
        *e = w->entry_size == 8 ? ~0ull : 0xffffffffull;
    return *e & PTE_P;
}

static bool allowed(const struct paging_role *role, bool user, bool writable, bool nx,
                    unsigned int access)
{
    if (access & WALK_USER) {
        if (!user || ((access & WALK_WRITE) && !writable))
            return false;
        return !((access & WALK_FETCH) && nx);
    }
    if (access & WALK_FETCH)
        return !nx && !(role->smep && user);
    if (role->smap && user && !(access & WALK_AC))
        return false;
    return !((access & WALK_WRITE) && !writable && role->wp);
}

/* Accessed in all, dirty in the last.  False: an entry changed meanwhile. */
static bool mark_entries(struct walk *w, unsigned int access)
{
    if (!w->mem->update)
        return true;
    for (unsigned int i = 0; i < w->seen; i++) {
        uint64_t new = w->entry[i] | PTE_A;
        if (i == w->seen - 1 && (access & WALK_WRITE))
            new |= PTE_D;
        if (new != w->entry[i] &&
            !w->mem->update(w->mem->ctx, w->addr[i], w->entry[i], new, w->entry_size))
            return false;
        w->entry[i] = new;
    }
    return true;
}

static uint64_t frame_of(const struct paging_role *role, unsigned int level, uint64_t e)
{
    if (role->levels == 2 && level == 2) {
        uint64_t base = e & 0xffc00000;
        return role->pse36 ? base | (e & bits(20, 13)) << 19 : base;
    }
    uint64_t mask = role->levels == 2 ? 0xfffff000 : bits(role->maxphysaddr - 1, 12);
    return e & mask & ~((1ull << (12 + 9 * (level - 1))) - 1);
}

bool guest_leaf_allows(const struct paging_role *role, uint64_t above, uint64_t e,
                       unsigned int access, uint64_t *now, uint32_t *ec)
{
    uint64_t all = above & e, any = above | (role->nx ? e : 0);

    *ec = access_code(role, access);
    if (!(e & PTE_P))
        return false;
    *ec |= PFEC_P;
    if (e & reserved_bits(role, 1, e)) {
        *ec |= PFEC_RSVD;
        return false;
    }
    *now = e | PTE_A | (access & WALK_WRITE ? PTE_D : 0);
    return allowed(role, all & PTE_U, all & PTE_W, any & PTE_NX, access);
}

bool guest_entry_reserved(const struct paging_role *role, unsigned int level, uint64_t e)
{
    return e & reserved_bits(role, level, e);
}

uint64_t guest_entry_address(const struct paging_role *role, unsigned int level, uint64_t e)
{
    if (guest_entry_is_leaf(role, level, e))
        return frame_of(role, level, e);
    return e & (role->levels == 2 ? 0xfffff000 : bits(role->maxphysaddr - 1, 12));
}

enum step { STEP_FAULT, STEP_NEXT, STEP_LEAF };

/* One table entry: reads, checks, accumulates rights. */
static enum step walk_entry(struct walk *w, unsigned int level, gaddr_t addr,
                            struct walk_result *res)
{
    uint64_t e;
    if (!read_entry(w, addr, &e))
        return STEP_FAULT;
    if (e & reserved_bits(w->role, level, e)) {
        res->ec |= PFEC_P | PFEC_RSVD;
        return STEP_FAULT;
    }
    w->addr[w->seen] = addr;
    w->entry[w->seen++] = e;
    w->user &= (e & PTE_U) != 0;
    w->writable &= (e & PTE_W) != 0;
    w->nx |= w->role->nx && (e & PTE_NX);
    return guest_entry_is_leaf(w->role, level, e) ? STEP_LEAF : STEP_NEXT;
}

static bool finish(struct walk *w, unsigned int level, gva_t va, unsigned int access,
                   struct walk_result *res)
{
    if (!allowed(w->role, w->user, w->writable, w->nx, access)) {
        res->ec |= PFEC_P;
        return false;
    }
    unsigned int shift = 12 + w->index_bits * (level - 1);
    res->order = shift - 12;
    res->addr =
        _gaddr(frame_of(w->role, level, w->entry[w->seen - 1]) | (va & ((1ull << shift) - 1)));
    res->user = w->user;
    res->writable = w->writable;
    return true;
}

/* 1 done, 0 fault, -1 an entry changed under us. */
static int walk_once(const struct paging_role *role, uint64_t root, const uint64_t pdpte[4],
                     gva_t va, unsigned int access, const struct walk_memory *mem,
                     struct walk_result *res)
{
    struct walk w = {.role = role, .mem = mem, .user = true, .writable = true};
    unsigned int level = role->levels;
    uint64_t table;

    w.entry_size = level == 2 ? 4 : 8;
    w.index_bits = level == 2 ? 10 : 9;
    res->ec = access_code(role, access);
    if (level == 3) {
        /* The latched entries were checked when they were loaded. */
        table = pdpte[(va >> 30) & 3];
        if (!(table & PTE_P))
            return 0;
        level = 2;
    } else {
        table = root;
    }
    table &= role->levels == 2 ? 0xfffff000 : bits(role->maxphysaddr - 1, 12);
    for (;; level--) {
        unsigned int index = (va >> (12 + w.index_bits * (level - 1))) & ((1u << w.index_bits) - 1);
        switch (walk_entry(&w, level, _gaddr(table + index * w.entry_size), res)) {
        case STEP_FAULT:
            return 0;
        case STEP_LEAF:
            if (!finish(&w, level, va, access, res))
                return 0;
            if (!mark_entries(&w, access))
                return -1;
            res->seen = w.seen;
            memcpy(res->entry, w.entry, sizeof(res->entry));
            return 1;
        case STEP_NEXT:
            table = w.entry[w.seen - 1] &
                    (role->levels == 2 ? 0xfffff000 : bits(role->maxphysaddr - 1, 12));
            break;
        }
    }
}

/* So often may another vCPU change an entry under one walk. */
#define WALK_TRIES 64

bool guest_walk(const struct paging_role *role, uint64_t root, const uint64_t pdpte[4], gva_t va,
                unsigned int access, const struct walk_memory *mem, struct walk_result *res)
{
    memset(res, 0, sizeof(*res));
    if (role->levels == 4 && !is_canonical(va)) {
        res->not_canonical = true;
        return false;
    }
    if (role->levels != 4)
        va = (uint32_t)va;
    if (role->levels == 0) {
        res->addr = _gaddr(va);
        res->user = res->writable = true;
        return true;
    }
    for (unsigned int i = 0; i < WALK_TRIES; i++) {
        int rc = walk_once(role, root, pdpte, va, access, mem, res);
        if (rc >= 0)
            return rc;
    }
    res->retry = true;
    return false;
}
