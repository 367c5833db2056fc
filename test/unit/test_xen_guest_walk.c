/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/mm/guest_walk.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/mm */
/*
 * The walker of guest page tables against an oracle written from the tables
 * of the manual, on random memory full of half-sensible entries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <asm/processor.h>

#include "guest_walk.h"

#define FRAMES 16u
#define BYTES  (FRAMES * 4096)
static uint8_t ram[BYTES], ram_after[BYTES]; /* as it was; as the walker leaves it */

static unsigned long last_steps;
static uint64_t rnd_state = 0x9e3779b97f4a7c15ull;
static uint64_t rnd(void)
{
    rnd_state ^= rnd_state << 13;
    rnd_state ^= rnd_state >> 7;
    rnd_state ^= rnd_state << 17;
    return rnd_state;
}

static bool ram_read(void *ctx, gaddr_t addr, void *buf, size_t len)
{
    if (addr.gaddr + len > BYTES)
        return false;
    memcpy(buf, &ram_after[addr.gaddr], len);
    return true;
}

static bool ram_update(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len)
{
    assert_true(addr.gaddr + len <= BYTES);
    /* An entry that serves two levels has changed by now: walk again. */
    if (memcmp(&ram_after[addr.gaddr], &old, len) != 0)
        return false;
    memcpy(&ram_after[addr.gaddr], &new, len);
    return true;
}

/* ---- the oracle: one function a format, by the manual's tables ---- */

struct verdict {
    bool ok, present, reserved;
    bool user, write, exec; /* of the translation */
    uint64_t addr;
    unsigned int shift;
    uint64_t path[4];
    unsigned int hops;
    bool at_last; /* the walk came to an entry of level 1, with these rights: */
    uint64_t above, last;
};

static uint64_t fetch64(uint64_t at)
{
    uint64_t e = ~0ull;
    if (at + 8 <= BYTES)
        memcpy(&e, ram + at, 8);
    return e;
}

static uint32_t fetch32(uint64_t at)
{
    uint32_t e = ~0u;
    if (at + 4 <= BYTES)
        memcpy(&e, ram + at, 4);
    return e;
}

static bool any(uint64_t e, int high, int low)
{
    for (int b = low; b <= high; b++)
        if (e >> b & 1)
            return true;
    return false;
}

static void oracle_32(const struct paging_role *r, uint64_t cr3, uint32_t va, struct verdict *v)
{
    uint64_t at = (cr3 & 0xfffff000) + 4 * (va >> 22);
    uint32_t pde = fetch32(at);
    if (!(pde & 1))
        return;
    v->path[v->hops++] = at;
    v->user = pde & 4;
    v->write = pde & 2;
    if (r->pse && (pde & 0x80)) {
        int m = r->maxphysaddr < 40 ? r->maxphysaddr : 40;
        uint64_t high = r->pse36 ? (uint64_t)(pde >> 13 & 0xff) << 32 : 0;
        v->present = true;
        v->reserved = r->pse36 ? any(pde, 21, m - 19 < 13 ? 13 : m - 19) : any(pde, 21, 13);
        v->addr = high | (pde & 0xffc00000) | (va & 0x3fffff);
        v->shift = 22;
        v->ok = !v->reserved;
        return;
    }
    at = (pde & 0xfffff000) + 4 * (va >> 12 & 1023);
    uint32_t pte = fetch32(at);
    if (!(pte & 1))
        return;
    v->path[v->hops++] = at;
    v->user &= (pte & 4) != 0;
    v->write &= (pte & 2) != 0;
    v->addr = (pte & 0xfffff000) | (va & 0xfff);
    v->shift = 12;
    v->present = v->ok = true;
}

static bool bad_64(const struct paging_role *r, uint64_t e, int level)
{
    bool leaf = e & 0x80;
    if (any(e, 51, r->maxphysaddr))
        return true;
    if (!r->nx && any(e, 63, 63))
        return true;
    if (r->levels == 3 && any(e, 62, 52))
        return true;
    if (level == 4)
        return leaf;
    if (level == 3 && leaf)
        return !r->page_1g || any(e, 29, 13);
    return level == 2 && leaf && any(e, 20, 13);
}

static void oracle_64(const struct paging_role *r, uint64_t table, int level, uint64_t va,
                      struct verdict *v)
{
    v->user = v->write = v->exec = true;
    for (;; level--) {
        int shift = 12 + 9 * (level - 1);
        uint64_t at = table + 8 * (va >> shift & 511);
        uint64_t e = fetch64(at);
        if (level == 1) {
            v->at_last = true;
            v->above = (v->user ? 4 : 0) | (v->write ? 2 : 0) | (v->exec ? 0 : 1ull << 63);
            v->last = e;
        }
        if (!(e & 1))
            return;
        if (bad_64(r, e, level)) {
            v->present = v->reserved = true;
            return;
        }
        v->path[v->hops++] = at;
        v->user &= (e & 4) != 0;
        v->write &= (e & 2) != 0;
        v->exec &= !(e >> 63);
        uint64_t frame = e & 0xffffffffff000ull;
        if (level == 1 || (e & 0x80)) {
            uint64_t low = (1ull << shift) - 1;
            v->addr = (frame & ~low) | (va & low);
            v->shift = shift;
            v->present = v->ok = true;
            return;
        }
        table = frame;
    }
}

static bool rights(const struct paging_role *r, const struct verdict *v, unsigned int access)
{
    bool w = access & WALK_WRITE, x = access & WALK_FETCH;
    if (access & WALK_USER)
        return v->user && (!w || v->write) && (!x || v->exec);
    if (x)
        return v->exec && !(r->smep && v->user);
    if (v->user && r->smap && !(access & WALK_AC))
        return false;
    return !w || v->write || !r->wp;
}

static uint32_t code(const struct paging_role *r, const struct verdict *v, unsigned int access)
{
    return v->present | (access & WALK_WRITE ? 2 : 0) | (access & WALK_USER ? 4 : 0) |
           (v->reserved ? 8 : 0) | ((access & WALK_FETCH) && (r->nx || r->smep) ? 16 : 0);
}

/* ---- random tables ---- */

static uint64_t random_entry(void)
{
    uint64_t e = (rnd() % FRAMES) << 12;
    e |= rnd() & 0x67; /* P W U A D */
    if (rnd() % 8)
        e |= 7;
    if (rnd() % 6 == 0)
        e |= 0x80;
    if (rnd() % 5 == 0)
        e |= 1ull << 63;
    if (rnd() % 12 == 0)
        e |= 1ull << (rnd() % 64);
    return e;
}

static void fill_ram(bool wide)
{
    for (unsigned int i = 0; i < BYTES; i += wide ? 8 : 4) {
        uint64_t e = random_entry();
        if (!wide && rnd() % 4 == 0)
            e &= ~0x3fe000ull; /* 4 MiB pages without reserved bits */
        if (wide && (e & 0x80) && rnd() % 2)
            e &= ~0x3fffe000ull;
        memcpy(ram + i, &e, wide ? 8 : 4);
    }
}

/* The last step alone comes to the same. */
static void compare_last(const struct paging_role *r, const struct verdict *v, unsigned int access)
{
    uint64_t now;
    uint32_t ec;
    bool ok = guest_leaf_allows(r, v->above, v->last, access, &now, &ec);

    assert_int_equal(ok, v->ok && rights(r, v, access));
    if (ok)
        assert_int_equal(now, v->last | 0x20 | (access & WALK_WRITE ? 0x40 : 0));
    else
        assert_int_equal(ec, code(r, v, access));
    last_steps++;
}

static void compare(const struct paging_role *r, uint64_t cr3, const uint64_t pdpte[4], uint64_t va,
                    unsigned int access)
{
    const struct walk_memory mem = {ram_read, ram_update, NULL};
    struct verdict v = {.exec = true};
    struct walk_result res;

    memcpy(ram_after, ram, BYTES);
    bool ok = guest_walk(r, cr3, pdpte, va, access, &mem, &res);
    if (r->levels == 2) {
        oracle_32(r, cr3, va, &v);
    } else if (r->levels == 3) {
        uint64_t p = pdpte[(uint32_t)va >> 30];
        if (p & 1)
            oracle_64(r, p & 0xffffffffff000ull, 2, (uint32_t)va, &v);
    } else {
        oracle_64(r, cr3 & 0xffffffffff000ull, 4, va, &v);
    }
    bool want = v.ok && rights(r, &v, access);
    if (v.at_last)
        compare_last(r, &v, access);
    assert_int_equal(ok, want);
    if (!ok) {
        assert_int_equal(res.ec, code(r, &v, access));
        assert_memory_equal(ram, ram_after, BYTES); /* no A or D on a failed walk */
        return;
    }
    assert_int_equal(res.addr.gaddr, v.addr);
    assert_int_equal(res.order, v.shift - 12);
    for (unsigned int i = 0; i < v.hops; i++) {
        if (v.path[i] >= BYTES)
            continue; /* nobody there: read as all ones */
        assert_true(ram_after[v.path[i]] & 0x20);
        bool d =
            (ram[v.path[i]] & 0x40) || (v.path[i] == v.path[v.hops - 1] && (access & WALK_WRITE));
        assert_int_equal(!!(ram_after[v.path[i]] & 0x40), d);
    }
}

static void random_walks(unsigned int levels, unsigned long n)
{
    last_steps = 0;
    for (unsigned long i = 0; i < n; i++) {
        if (i % 64 == 0)
            fill_ram(levels != 2);
        struct paging_role r = {.levels = levels, .maxphysaddr = 36 + rnd() % 8};
        r.wp = rnd() & 1;
        r.smep = rnd() & 1;
        r.smap = rnd() & 1;
        if (levels == 2) {
            r.pse = rnd() % 4;
            r.pse36 = r.pse && rnd() % 2;
        } else {
            r.nx = rnd() & 1;
            r.page_1g = levels == 4 && rnd() & 1;
        }
        uint64_t pdpte[4];
        for (unsigned int k = 0; k < 4; k++)
            pdpte[k] = (rnd() % FRAMES) << 12 | (rnd() % 8 != 0);
        uint64_t va = levels == 4 ? (uint64_t)((int64_t)(rnd() << 16) >> 16) : (uint32_t)rnd();
        compare(&r, (rnd() % FRAMES) << 12, pdpte, va, rnd() & 15 & ~(rnd() & WALK_FETCH ? 1 : 0));
    }
    printf("%u levels: %lu walks, %lu last steps alone\n", levels, n, last_steps);
}

static void test_2(void **state)
{
    random_walks(2, 40000);
}
static void test_3(void **state)
{
    random_walks(3, 40000);
}
static void test_4(void **state)
{
    random_walks(4, 80000);
}

static void test_no_paging(void **state)
{
    const struct walk_memory mem = {ram_read, NULL, NULL};
    struct paging_role r = {.maxphysaddr = 40};
    struct walk_result res;
    assert_true(guest_walk(&r, 0, NULL, 0x123456789abcull, WALK_USER | WALK_WRITE, &mem, &res));
    assert_int_equal(res.addr.gaddr, 0x56789abc);
}

static void test_not_canonical(void **state)
{
    const struct walk_memory mem = {ram_read, NULL, NULL};
    struct paging_role r = {.levels = 4, .maxphysaddr = 40};
    struct walk_result res;
    assert_false(guest_walk(&r, 0, NULL, 0x800000000000ull, 0, &mem, &res));
    assert_true(res.not_canonical);
}

/* Bits that do not matter in a mode are not in the role. */
static void test_role(void **state)
{
    struct paging_role a, b;
    struct x86_ctrl c = {.cr0 = X86_CR0_WP, .cr4 = ~0ull, .efer = EFER_NXE | EFER_LME};
    const struct x86_ctrl zero = {0};
    paging_role(&c, true, true, 40, &a);
    paging_role(&zero, true, true, 40, &b);
    assert_memory_equal(&a, &b, sizeof(a)); /* PG=0: one constant */
    c = (struct x86_ctrl){.cr0 = X86_CR0_PG | X86_CR0_PE, .efer = EFER_NXE};
    paging_role(&c, true, true, 40, &a);
    assert_int_equal(a.levels, 2);
    assert_false(a.nx);
    assert_false(a.pse36);
    c.cr4 = X86_CR4_PAE | X86_CR4_PSE;
    paging_role(&c, true, true, 40, &a);
    assert_int_equal(a.levels, 3);
    assert_true(a.nx);
    assert_false(a.pse);
    c.efer |= EFER_LME | EFER_LMA;
    paging_role(&c, true, true, 40, &a);
    assert_int_equal(a.levels, 4);
    assert_true(a.page_1g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_2),
        cmocka_unit_test(test_3),
        cmocka_unit_test(test_4),
        cmocka_unit_test(test_no_paging),
        cmocka_unit_test(test_not_canonical),
        cmocka_unit_test(test_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
