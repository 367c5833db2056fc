/* SPDX-License-Identifier: MIT */
/*
 * One page, all the ways to reach it: which access is refused with which error
 * code.  Then accessed and dirty bits, an alias, reserved bits, another root,
 * and paging off and on again.  Source: SDM vol. 3A, "Paging": "Access Rights",
 * "Page-Fault Exceptions", "Accessed and Dirty Flags".
 */
#include "selftest.h"

#include <guest/test.h>

#if PAGING_LEVELS > 0

enum { READ = 0, WRITE = PF_W, FETCH = PF_I, USER = PF_U };

#define OPCODE_RET 0xc3

static uint8_t page[PAGE_SIZE] PAGE_BSS;
static uint8_t other[PAGE_SIZE] PAGE_BSS;
static uint8_t second_root[PAGE_SIZE] PAGE_BSS;

struct access_case {
    const char *name;
    uint64_t flags;
    unsigned int access;
    int error; /* of the #PF, or -1: allowed */
};

/* CR0.WP = 1, EFER.NXE = 0. */
static const struct access_case plain_cases[] = {
    {"read, all open", PTE_P | PTE_RW, READ, -1},
    {"write, all open", PTE_P | PTE_RW, WRITE, -1},
    {"fetch, all open", PTE_P | PTE_RW, FETCH, -1},
    {"read, absent", 0, READ, 0},
    {"write, absent", PTE_RW, WRITE, PF_W},
    {"fetch, absent", 0, FETCH, 0},
    {"user read, absent", 0, READ | USER, PF_U},
    {"user write, absent", 0, WRITE | USER, PF_U | PF_W},
    {"user fetch, absent", 0, FETCH | USER, PF_U},
    {"read, read-only", PTE_P, READ, -1},
    {"write, read-only", PTE_P, WRITE, PF_P | PF_W},
    {"write, user read-only", PTE_P | PTE_US, WRITE, PF_P | PF_W},
    {"user read, supervisor", PTE_P | PTE_RW, READ | USER, PF_P | PF_U},
    {"user write, supervisor", PTE_P | PTE_RW, WRITE | USER, PF_P | PF_U | PF_W},
    {"user fetch, supervisor", PTE_P | PTE_RW, FETCH | USER, PF_P | PF_U},
    {"user read, user", PTE_P | PTE_US, READ | USER, -1},
    {"user write, user read-only", PTE_P | PTE_US, WRITE | USER, PF_P | PF_U | PF_W},
    {"user write, user", PTE_P | PTE_US | PTE_RW, WRITE | USER, -1},
    {"user fetch, user", PTE_P | PTE_US, FETCH | USER, -1},
};

/* CR0.WP = 0 frees the supervisor only. */
static const struct access_case wp_clear_cases[] = {
    {"WP=0: write, read-only", PTE_P, WRITE, -1},
    {"WP=0: write, absent", 0, WRITE, PF_W},
    {"WP=0: user write, user read-only", PTE_P | PTE_US, WRITE | USER, PF_P | PF_U | PF_W},
};

#if PAGING_LEVELS > 2
static const struct access_case nx_cases[] = {
    {"NXE: fetch, allowed", PTE_P, FETCH, -1},
    {"NXE: read, NX", PTE_P | PTE_NX, READ, -1},
    {"NXE: fetch, NX", PTE_P | PTE_NX, FETCH, PF_P | PF_I},
    {"NXE: fetch, absent", PTE_NX, FETCH, PF_I},
    {"NXE: user fetch, user NX", PTE_P | PTE_US | PTE_NX, FETCH | USER, PF_P | PF_U | PF_I},
    {"NXE: user fetch, supervisor", PTE_P, FETCH | USER, PF_P | PF_U | PF_I},
    {"NXE: user write, user NX", PTE_P | PTE_US | PTE_RW | PTE_NX, WRITE | USER, -1},
};

/* Without NXE the bit is reserved, and an absent entry has no reserved bits. */
static const struct access_case nx_reserved_cases[] = {
    {"NXE=0: read, NX", PTE_P | PTE_RW | PTE_NX, READ, PF_P | PF_RSVD},
    {"NXE=0: write, NX", PTE_P | PTE_RW | PTE_NX, WRITE, PF_P | PF_RSVD | PF_W},
    {"NXE=0: user read, NX", PTE_P | PTE_US | PTE_NX, READ | USER, PF_P | PF_RSVD | PF_U},
    {"NXE=0: read, absent NX", PTE_NX, READ, 0},
};
#endif

static void kernel_access(ulong access)
{
    if (access & WRITE)
        *(volatile uint8_t *)page = OPCODE_RET;
    else if (access & FETCH)
        ((void (*)(void))(ulong)page)();
    else
        *(volatile uint8_t *)page;
}

static USER_TEXT ulong user_access(ulong access)
{
    if (access & WRITE)
        *(volatile uint8_t *)page = OPCODE_RET;
    else if (access & FETCH)
        ((void (*)(void))(ulong)page)();
    else
        return *(volatile uint8_t *)page;
    return 0;
}

static void run_cases(const struct access_case *c, unsigned int count)
{
    for (; count; count--, c++) {
        fault_t want = c->error < 0 ? 0 : FAULT(VEC_PF, c->error);

        pte_set(page, (ulong)page | c->flags);
        if (c->access & USER)
            exec_user(user_access, c->access);
        else
            guarded(kernel_access, c->access);
        check_fault(c->name, fault_last(), want);
        if (want)
            check_equal("CR2", fault_record.cr2, (ulong)page);
    }
    pte_set(page, (ulong)page | PTE_P | PTE_RW);
}

static void check_accessed_dirty(void)
{
    volatile pte_t *pte = pte_of(page);

    pte_set(page, (ulong)page | PTE_P | PTE_RW);
    guarded(kernel_access, READ);
    check_equal("A and D after a read", *pte & (PTE_A | PTE_D), PTE_A);
    guarded(kernel_access, WRITE);
    check_equal("A and D after a write", *pte & (PTE_A | PTE_D), PTE_A | PTE_D);
    pte_set(page, (ulong)page | PTE_P);
    guarded(kernel_access, WRITE);
    check_equal("D after a refused write", *pte & PTE_D, 0);
    pte_set(page, (ulong)page | PTE_P | PTE_RW);
}

static void check_alias(void)
{
    volatile uint8_t *a = page, *b = other;

    *a = 1;
    *b = 2;
    pte_set(page, (ulong)other | PTE_P | PTE_RW);
    check_equal("read through an alias", *a, 2);
    *a = 3;
    check_equal("write through an alias", *b, 3);
    pte_set(page, (ulong)page | PTE_P | PTE_RW);
    check_equal("the page behind the alias", *a, 1);
}

/* The lowest address bits of a large page's entry are reserved. */
static void check_large_reserved(void)
{
    const unsigned int slot = 3;
    volatile uint8_t *address = (void *)(ulong)(slot * LARGE_SIZE);
    pte_t old = page_l2[slot];
    uint8_t value;

    page_l2[slot] = old | 1u << 21 >> (PAGING_LEVELS > 2 ? 8 : 0);
    invlpg((void *)address);
    fault_clear();
    asm volatile("1: movb %1, %0; 2:" ASM_FIXUP(1b, 2b) : "=q"(value) : "m"(*address) : "memory");
    check_fault("reserved bit in a large page", fault_last(), FAULT(VEC_PF, PF_P | PF_RSVD));
    page_l2[slot] = old;
    invlpg((void *)address);
}

static void check_null(void)
{
    ulong value;

    fault_clear();
    asm volatile("1: mov 8, %0; 2:" ASM_FIXUP(1b, 2b) : "=r"(value) : : "memory");
    check_fault("read of address 8", fault_last(), FAULT(VEC_PF, 0));
    check_equal("CR2", fault_record.cr2, 8);
}

static void check_second_root(void)
{
    ulong cr3 = read_cr3();

    memcpy(second_root, page_root, PAGING_LEVELS == 3 ? 32 : PAGE_SIZE);
    write_cr3((ulong)second_root);
    check_equal("CR3 of a copied root", read_cr3(), (ulong)second_root);
    page[7] = 77;
    write_cr3(cr3);
    check_equal("memory seen through both roots", page[7], 77);
}

static void check_toggle(void)
{
    uint64_t before = rdmsr(MSR_EFER), meanwhile;

    check_true("PG reads 0 after being cleared", paging_toggle(&meanwhile));
    check_true("PG reads 1 after being set", read_cr0() & CR0_PG);
    check_equal("EFER with paging off", meanwhile, before & ~(uint64_t)EFER_LMA);
    check_equal("EFER with paging on again", rdmsr(MSR_EFER), before);
    check_null();
}

#if PAGING_LEVELS > 2
static void check_nx(void)
{
    uint64_t efer = rdmsr(MSR_EFER);

    if (!(cpuid(0x80000001, 0).d & 1u << 20)) {
        report_part_skipped("this CPU has no NX");
        return;
    }
    run_cases(nx_reserved_cases, ARRAY_SIZE(nx_reserved_cases));
    wrmsr(MSR_EFER, efer | EFER_NXE);
    run_cases(nx_cases, ARRAY_SIZE(nx_cases));
    wrmsr(MSR_EFER, efer);
    run_cases(nx_reserved_cases, ARRAY_SIZE(nx_reserved_cases));
}
#endif

void selftest_paging(void)
{
    ulong cr0 = read_cr0();

    page[0] = OPCODE_RET;
    run_cases(plain_cases, ARRAY_SIZE(plain_cases));
    write_cr0(cr0 & ~CR0_WP);
    run_cases(wp_clear_cases, ARRAY_SIZE(wp_clear_cases));
    write_cr0(cr0);
    run_cases(plain_cases, ARRAY_SIZE(plain_cases));
#if PAGING_LEVELS > 2
    check_nx();
#endif
    check_accessed_dirty();
    check_alias();
    check_large_reserved();
    check_null();
    check_second_root();
    check_toggle();
}

#else

void selftest_paging(void)
{
    report_part_skipped("no page tables in this environment");
}

#endif
