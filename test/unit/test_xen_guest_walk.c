/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/mm/guest_walk.c test/unit/walk_oracle.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/mm */
/*
 * The walker of guest page tables against an oracle written from the tables
 * of the manual, on random memory full of half-sensible entries.  WALK_CASES
 * sets how many (default 1,000,000), WALK_SEED where they begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <asm/processor.h>

#include "walk_oracle.h"

#define FRAMES 16u

static uint64_t rnd_state = 0x9e3779b97f4a7c15ull;
static uint64_t rnd(void)
{
    rnd_state ^= rnd_state << 13;
    rnd_state ^= rnd_state >> 7;
    rnd_state ^= rnd_state << 17;
    return rnd_state;
}

void walk_differs(const char *what)
{
    fail_msg("differs: %s", what);
}

/* ---- random tables ---- */

/* Memory is a function of the address and of this. */
static uint64_t memory_seed;

bool walk_entry_at(uint64_t addr, unsigned int len, uint64_t *entry)
{
    uint64_t r = (addr ^ memory_seed) * 0x9e3779b97f4a7c15ull;
    r = (r ^ r >> 32) * 0xd6e8feb86659fd93ull;
    r ^= r >> 29;
    if (addr + len > FRAMES * 4096)
        return false;
    uint64_t e = (r % FRAMES) << 12 | (r >> 4 & 0x67); /* P W U A D */
    if (r >> 12 & 7)
        e |= 7;
    if ((r >> 15 & 31) < 5)
        e |= 0x80;
    if ((r >> 20 & 31) < 6)
        e |= 1ull << 63;
    if ((r >> 25 & 15) == 0)
        e |= 1ull << (r >> 29 & 63);
    if ((e & 0x80) && (r >> 35 & 1))
        e &= ~0x3fe000ull; /* a large page without reserved bits, of 4 MiB... */
    if (len == 8 && (e & 0x80) && (r >> 36 & 1))
        e &= ~0x3fffe000ull; /* ... or of 2 MiB or 1 GiB */
    *entry = len == 8 ? e : (uint32_t)e;
    return true;
}

static struct paging_role random_role(unsigned int levels)
{
    uint64_t r = rnd();
    struct paging_role role = {.levels = levels, .maxphysaddr = 36 + (r & 7)};
    role.wp = r & 8;
    role.smep = r & 16;
    role.smap = r & 32;
    if (levels == 2) {
        role.pse = r & 0xc0;
        role.pse36 = role.pse && (r & 0x100);
    } else {
        role.nx = r & 0x200;
        role.page_1g = levels == 4 && (r & 0x400);
    }
    return role;
}

static unsigned long env_number(const char *name, unsigned long otherwise)
{
    const char *s = getenv(name);
    return s ? strtoul(s, NULL, 0) : otherwise;
}

static void random_walks(unsigned int levels, unsigned int percent)
{
    unsigned long n = env_number("WALK_CASES", 1000000) * percent / 100;
    rnd_state ^= env_number("WALK_SEED", 0) * 0x2545f4914f6cdd1dull;
    unsigned long translated = 0;
    for (unsigned long i = 0; i < n; i++) {
        struct walk_result res;
        struct paging_role role = random_role(levels);
        uint64_t pdpte[4], r = rnd(), va = r ^ rnd() << 7;
        memory_seed = rnd();
        for (unsigned int k = 0; k < 4; k++)
            pdpte[k] = (r >> 8 * k & 15) << 12 | ((r >> (8 * k + 4) & 7) != 0);
        va = levels == 4 ? (uint64_t)((int64_t)(va << 16) >> 16) : (uint32_t)va;
        unsigned int access = r >> 40 & 15;
        if (access & WALK_FETCH)
            access &= ~WALK_WRITE;
        translated += walk_compare(&role, (r >> 44 & 15) << 12, pdpte, va, access, &res);
    }
    printf("%u levels: %lu walks, %lu translated, 0 differences\n", levels, n, translated);
    assert_true(translated > n / 50);
}

static void test_2(void **state)
{
    random_walks(2, 25);
}
static void test_3(void **state)
{
    random_walks(3, 25);
}
static void test_4(void **state)
{
    random_walks(4, 50);
}

static void test_no_paging(void **state)
{
    const struct walk_memory mem = {walk_read, NULL, NULL};
    struct paging_role r = {.maxphysaddr = 40};
    struct walk_result res;
    assert_true(guest_walk(&r, 0, NULL, 0x123456789abcull, WALK_USER | WALK_WRITE, &mem, &res));
    assert_int_equal(res.addr.gaddr, 0x56789abc);
}

/* Another vCPU that is always faster does not hold a walk for ever. */
static bool present_read(void *ctx, gaddr_t addr, void *buf, size_t len)
{
    memcpy(buf, &(uint64_t){0x1007}, len);
    return true;
}

static bool changed_update(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len)
{
    return --*(int *)ctx <= 0;
}

static void test_changing(void **state)
{
    int changes = 20;
    const struct walk_memory mem = {present_read, changed_update, &changes};
    struct paging_role r = {.levels = 4, .maxphysaddr = 40, .wp = true};
    struct walk_result res;

    assert_true(guest_walk(&r, 0, NULL, 0x5678, WALK_WRITE, &mem, &res));
    assert_int_equal(res.addr.gaddr, 0x1678);
    changes = 1000000;
    assert_false(guest_walk(&r, 0, NULL, 0x5678, WALK_WRITE, &mem, &res));
    assert_true(res.retry && !res.not_canonical);
    assert_true(changes > 999900);
}

static void test_not_canonical(void **state)
{
    const struct walk_memory mem = {walk_read, NULL, NULL};
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
        cmocka_unit_test(test_changing),
        cmocka_unit_test(test_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
