/* SPDX-License-Identifier: MIT */
/*
 * fuzz_walk.c - any control registers, tables and access: the walker of guest page
 * tables does what the oracle of the unit test says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/processor.h>

#include "walk_oracle.h"

#define ENTRIES 16u

struct input {
    uint8_t cr0, cr4, efer, policy, access, cr3, pdpte[4];
    uint64_t va;
    uint64_t entry[ENTRIES];
} __attribute__((packed));

static struct input in;

void walk_differs(const char *what)
{
    fprintf(stderr, "differs: %s\n", what);
    abort();
}

bool walk_entry_at(uint64_t addr, unsigned int len, uint64_t *entry)
{
    if ((addr >> 12 & 15) == 15)
        return false;
    *entry = in.entry[(addr / len + (addr >> 12) * 7) % ENTRIES];
    if (len == 4)
        *entry = (uint32_t)(*entry >> (addr & 32));
    return true;
}

/* What the shadow code asks of single entries agrees with the walk. */
static void check_leaf(const struct paging_role *r, const struct walk_result *res, uint64_t va)
{
    unsigned int level = res->order == 0 ? 1 : res->order == 18 ? 3 : 2;
    uint64_t e = res->entry[res->seen - 1], size = 4096ull << res->order;

    must(!guest_entry_reserved(r, level, e), "a leaf is reserved");
    must(guest_entry_is_leaf(r, level, e), "a leaf is none");
    must(guest_entry_address(r, level, e) == (res->addr.gaddr & ~(size - 1)), "address of a leaf");
    must((res->addr.gaddr & (size - 1)) == (va & (size - 1)), "offset in a page");
    for (unsigned int i = 0; i + 1 < res->seen; i++) {
        level = res->seen - i + (res->order == 0 ? 0 : res->order == 18 ? 2 : 1);
        must(!guest_entry_is_leaf(r, level, res->entry[i]), "a leaf above the last level");
        must(!guest_entry_reserved(r, level, res->entry[i]), "reserved, but walked");
        must(!(guest_entry_address(r, level, res->entry[i]) & 4095), "address of a table");
    }
}

static void check_outside(const struct paging_role *r, uint64_t va, unsigned int access)
{
    const struct walk_memory mem = {walk_read, walk_update, NULL};
    struct walk_result res;
    bool ok = guest_walk(r, 0, NULL, va, access, &mem, &res);

    must(ok == !r->levels && res.not_canonical == !ok, "no paging, or not canonical");
    must(!ok || (res.addr.gaddr == (uint32_t)va && res.user && res.writable), "unpaged");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&in, 0, sizeof(in));
    memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
    const struct x86_ctrl ctrl = {
        .cr0 = (in.cr0 & 7 ? X86_CR0_PG | X86_CR0_PE : 0) | (in.cr0 & 8 ? X86_CR0_WP : 0),
        .cr4 = (in.cr4 & 1 ? X86_CR4_PAE : 0) | (in.cr4 & 2 ? X86_CR4_PSE : 0) |
               (in.cr4 & 4 ? X86_CR4_SMEP : 0) | (in.cr4 & 8 ? X86_CR4_SMAP : 0),
        .efer = (in.efer & 1 ? EFER_NXE : 0) | (in.efer & 2 ? EFER_LME | EFER_LMA : 0),
    };
    struct paging_role r;
    uint64_t pdpte[4], va = in.va;
    unsigned int access = in.access & 15;

    if (access & WALK_FETCH)
        access &= ~WALK_WRITE;
    paging_role(&ctrl, in.policy & 1, in.policy & 2, 36 + (in.policy >> 2) % 17, &r);
    if (r.levels == 4 && !(in.access & 16))
        va = (uint64_t)((int64_t)(va << 16) >> 16);
    if (r.levels == 0 || (r.levels == 4 && !is_canonical(va))) {
        check_outside(&r, va, access);
        return 0;
    }
    if (r.levels != 4)
        va = (uint32_t)va;
    for (unsigned int i = 0; i < 4; i++)
        pdpte[i] = (uint64_t)(in.pdpte[i] >> 1) << 12 | (in.pdpte[i] & 1);
    struct walk_result res;
    if (walk_compare(&r, (uint64_t)in.cr3 << 12, pdpte, va, access, &res))
        check_leaf(&r, &res, va);
    /* Without accessed and dirty bits it is the same walk. */
    const struct walk_memory look = {walk_read, NULL, NULL};
    struct walk_result again;
    bool ok = guest_walk(&r, (uint64_t)in.cr3 << 12, pdpte, va, access, &look, &again);
    must(ok == !!res.seen && again.ec == res.ec && again.addr.gaddr == res.addr.gaddr,
         "another walk without accessed and dirty bits");
    return 0;
}
