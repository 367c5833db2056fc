/* SPDX-License-Identifier: MIT */
/*
 * EFER, bit by bit.  Each bit that this processor's CPUID does not announce is
 * reserved: writing it is one #GP(0) and changes nothing.  Those announced are
 * kept, except LMA, which says what the mode is whatever is written, and LME,
 * which cannot change while paging is on.  Ring 3 may do nothing at all.  And
 * many exits with NXE and SCE both clear must leave the host as it was: a
 * hypervisor that switches only one side of EFER dies here.
 *
 * Source: SDM vol. 4, IA32_EFER; vol. 3A, "Extended Feature Enable Register".
 * Bare the same holds, without exits.
 */
#include <guest/test.h>

const char test_title[] = "EFER, bit by bit";

#define GP0        FAULT(VEC_GP, 0)
#define EFER_LMSLE (1 << 13)
#define EXITS      20000

/* The write must fault, once, and change nothing. */
static void refuse(const char *what, uint64_t value)
{
    uint64_t old = rdmsr(MSR_EFER);

    for (unsigned int pass = 0; pass < 2; pass++) {
        uint32_t faults = fault_record.count;

        check_fault(what, wrmsr_safe(MSR_EFER, value), GP0);
        check_equal(what, fault_record.count - faults, 1);
        check_equal(what, rdmsr(MSR_EFER), old);
    }
}

/* The write must be taken, and EFER then read as want. */
static void take(const char *what, uint64_t value, uint64_t want)
{
    check_fault(what, wrmsr_safe(MSR_EFER, value), 0);
    check_equal(what, rdmsr(MSR_EFER), want);
}

static void check_reserved(uint64_t efer)
{
    const uint64_t known = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;

    if (!cpu_is_intel()) {
        report_part_skipped("T1: another vendor has other bits");
        return;
    }
    for (unsigned int bit = 0; bit < 64; bit++) {
        char what[32];

        if (known >> bit & 1)
            continue;
        snprintf(what, sizeof(what), "T1: reserved bit %u", bit);
        refuse(what, efer | 1ull << bit);
    }
}

/* Bits that depend on CPUID: whichever way this one answers. */
static void check_announced(uint64_t efer)
{
    if (cpu_has_nx()) {
        take("T3: NXE, announced", efer | EFER_NXE, efer | EFER_NXE);
        take("T3: NXE off again", efer & ~EFER_NXE, efer & ~EFER_NXE);
    } else {
        refuse("T3: NXE without CPUID.NX", efer | EFER_NXE);
    }
    if (cpu_has_long_mode()) {
        /* Intel shows SYSCALL in 64-bit mode only, and that says nothing of SCE. */
        if (cpu_is_intel())
            check_equal("T5: CPUID's SYSCALL bit", cpuid(0x80000001, 0).d >> 11 & 1,
                        PAGING_LEVELS == 4);
        take("T5: SCE, announced", efer | EFER_SCE, efer | EFER_SCE);
        take("T5: SCE off again", efer & ~EFER_SCE, efer & ~EFER_SCE);
    } else {
        refuse("T4: LME without CPUID.LM", efer | EFER_LME);
        refuse("T4: LMA without CPUID.LM", efer | EFER_LMA);
        refuse("T5: SCE without CPUID.SYSCALL", efer | EFER_SCE);
    }
    wrmsr(MSR_EFER, efer);
}

static void check_lmsle(uint64_t efer)
{
    refuse("T6: LMSLE", efer | EFER_LMSLE);
    if (on_xen() && cpuid(0x80000000, 0).a >= 0x80000008)
        check_true("T6: CPUID 8000_0008 EBX[20], no LMSLE", cpuid(0x80000008, 0).b & 1u << 20);
}

static void check_mode_bits(uint64_t efer)
{
#if PAGING_LEVELS == 4
    check_equal("T11: EFER in 64-bit mode", efer & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA);
    refuse("T8: LME cleared in long mode", efer & ~EFER_LME);
    refuse("T8: LME and LMA cleared in long mode", efer & ~(EFER_LME | EFER_LMA));
    take("T11: LMA written as 0 in long mode", efer & ~EFER_LMA, efer);
#elif PAGING_LEVELS > 0
    check_equal("T9: EFER in legacy paging", efer & (EFER_LME | EFER_LMA), 0);
    refuse("T9: LME set with paging on", efer | EFER_LME);
    refuse("T9: LME and LMA set with paging on", efer | EFER_LME | EFER_LMA);
    if (cpu_has_long_mode())
        take("T12: LMA written as 1 in legacy paging", efer | EFER_LMA, efer);
#else
    if (!cpu_has_long_mode())
        return;
    take("T12: LMA written as 1, LME as 0, unpaged", efer | EFER_LMA, efer);
    take("T10: LME set, unpaged", efer | EFER_LME, efer | EFER_LME);
    take("T12: LME and LMA set, unpaged", efer | EFER_LME | EFER_LMA, efer | EFER_LME);
    take("T10: LME clear again", efer, efer);
#endif
}

static USER_TEXT ulong user_rdmsr(ulong msr)
{
    uint32_t lo, hi;

    asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return lo;
}

static USER_TEXT ulong user_wrmsr(ulong msr)
{
    asm volatile("wrmsr" : : "c"(msr), "a"(0), "d"(0) : "memory");
    return 0;
}

static void refuse_user(const char *what, ulong (*fn)(ulong))
{
    uint32_t faults = fault_record.count;
    uint64_t old = rdmsr(MSR_EFER);

    exec_user(fn, MSR_EFER);
    check_fault(what, fault_last(), GP0);
    check_equal(what, fault_record.cs & 3, 3);
    check_equal(what, fault_record.count - faults, 1);
    check_equal(what, rdmsr(MSR_EFER), old);
}

/* With each value that may make a hypervisor intercept the read, or not. */
static void check_user(uint64_t efer)
{
    for (unsigned int i = 0; i < 4; i++) {
        uint64_t flip = (i & 1 ? EFER_NXE : 0) | (i & 2 ? EFER_SCE : 0);

        if ((!cpu_has_nx() && flip & EFER_NXE) || (!cpu_has_long_mode() && flip & EFER_SCE))
            continue;
        wrmsr(MSR_EFER, efer ^ flip);
        refuse_user("T14: RDMSR in ring 3", user_rdmsr);
        refuse_user("T14: WRMSR in ring 3", user_wrmsr);
    }
#if PAGING_LEVELS == 0
    if (cpu_has_long_mode()) {
        wrmsr(MSR_EFER, efer | EFER_LME);
        refuse_user("T14: RDMSR in ring 3, LME set", user_rdmsr);
    }
#endif
    wrmsr(MSR_EFER, efer);
}

static void check_many_exits(uint64_t efer)
{
    struct cpuid first = cpuid(0, 0);
    unsigned int wrong = 0;

    wrmsr(MSR_EFER, efer & ~(uint64_t)(EFER_NXE | EFER_SCE));
    for (unsigned int i = 0; i < EXITS; i++)
        wrong += cpuid(0, 0).b != first.b;
    check_equal("T46: CPUID answers that differ", wrong, 0);
    check_equal("T46: EFER after them", rdmsr(MSR_EFER), efer & ~(uint64_t)(EFER_NXE | EFER_SCE));
    wrmsr(MSR_EFER, efer);
}

/* A processor that announces no bit of it has no EFER. */
static void check_absent(void)
{
    uint64_t value;

    check_fault("T3, T4: RDMSR without NX and LM", rdmsr_safe(MSR_EFER, &value), GP0);
    check_fault("T3, T4: WRMSR without NX and LM", wrmsr_safe(MSR_EFER, 0), GP0);
    report_success("no EFER here");
}

void test_main(void)
{
    uint64_t efer;

    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    if (!cpu_has_nx() && !cpu_has_long_mode()) {
        check_absent();
        return;
    }
    efer = rdmsr(MSR_EFER);
    check_reserved(efer);
    check_announced(efer);
    check_lmsle(efer);
    check_mode_bits(efer);
    check_user(efer);
    check_many_exits(efer);
    report_success(NULL);
}
