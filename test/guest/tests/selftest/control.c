/* SPDX-License-Identifier: MIT */
/*
 * CR0, CR3, CR4 and EFER: which values are taken, which raise #GP(0) and leave
 * the register as it was.  Source: SDM vol. 3A, "Control Registers"; vol. 3A,
 * "Paging-Mode Enabling"; vol. 4, IA32_EFER.
 */
#include "selftest.h"

#include <guest/test.h>

#define GP0 FAULT(VEC_GP, 0)

static bool is_intel(void)
{
    return cpuid(0, 0).b == 0x756e6547; /* "Genu" */
}

static bool has_long_mode(void)
{
    return cpuid(0x80000001, 0).d & 1u << 29;
}

static void refuse_cr0(const char *what, ulong value)
{
    ulong old = read_cr0();

    check_fault(what, write_cr0_safe(value), GP0);
    check_equal("CR0 after a refusal", read_cr0(), old);
}

static void refuse_cr4(const char *what, ulong value)
{
    ulong old = read_cr4();

    check_fault(what, write_cr4_safe(value), GP0);
    check_equal("CR4 after a refusal", read_cr4(), old);
}

static void take_cr0(ulong bit)
{
    ulong old = read_cr0();

    check_fault("CR0 bit flipped", write_cr0_safe(old ^ bit), 0);
    check_equal("CR0 with a bit flipped", read_cr0(), old ^ bit);
    write_cr0(old);
    check_equal("CR0 put back", read_cr0(), old);
}

static void check_cr0(void)
{
    static const uint32_t free_bits[] = {CR0_MP, CR0_EM, CR0_TS, CR0_NE, CR0_WP, CR0_AM, CR0_CD};
    ulong cr0 = read_cr0();

    for (unsigned int i = 0; i < ARRAY_SIZE(free_bits); i++)
        take_cr0(free_bits[i]);
    refuse_cr0("PG without PE", (cr0 | CR0_PG) & ~(ulong)CR0_PE);
    refuse_cr0("NW without CD", (cr0 | CR0_NW) & ~(ulong)CR0_CD);

    write_cr0(cr0 & ~(ulong)CR0_ET);
    check_true("CR0.ET reads 1", read_cr0() & CR0_ET);

    asm volatile("clts");
    write_cr0(read_cr0() | CR0_TS);
    asm volatile("clts");
    check_equal("TS after CLTS", read_cr0() & CR0_TS, 0);
    asm volatile("lmsw %w0" : : "r"(CR0_PE | CR0_TS));
    check_equal("PE and TS after LMSW", read_cr0() & (CR0_PE | CR0_TS), CR0_PE | CR0_TS);
    write_cr0(cr0);
}

static void check_cr4(void)
{
    ulong cr4 = read_cr4();

    check_fault("CR4.DE", write_cr4_safe(cr4 | CR4_DE), 0);
    check_equal("CR4 with DE", read_cr4(), cr4 | CR4_DE);
    check_fault("CR4.PGE", write_cr4_safe(cr4 | CR4_PGE), 0);
    check_equal("CR4 with PGE", read_cr4(), cr4 | CR4_PGE);
    write_cr4(cr4);
    refuse_cr4("CR4 bit 31", cr4 | 0x80000000);
    if (on_xen())
        refuse_cr4("CR4.VMXE in a guest", cr4 | CR4_VMXE);
#ifdef __x86_64__
    refuse_cr4("CR4.PAE cleared in long mode", cr4 & ~(ulong)CR4_PAE);
#endif
}

#ifdef __x86_64__
static void check_high_halves(void)
{
    ulong cr3 = read_cr3();

    refuse_cr0("CR0 bit 32", read_cr0() | 1ul << 32);
    refuse_cr4("CR4 bit 63", read_cr4() | 1ul << 63);
    check_fault("CR3 bit 62", write_cr3_safe(cr3 | 1ul << 62), GP0);
    check_equal("CR3 after a refusal", read_cr3(), cr3);
}
#endif

void selftest_control(void)
{
    uint64_t value;

    if (platform == PLATFORM_TCG) {
        report_part_skipped("TCG is lax about reserved bits");
        return;
    }
    check_cr0();
    check_cr4();
#ifdef __x86_64__
    check_high_halves();
#endif
    check_fault("RDMSR of nothing", rdmsr_safe(0x1fff, &value), GP0);
    check_fault("WRMSR of nothing", wrmsr_safe(0x1fff, 0), GP0);
    check_fault("RDMSR of APIC_BASE", rdmsr_safe(0x1b, &value), 0);
    check_true("this is the boot processor", value & 1u << 8);
}

static void take_efer(const char *what, uint64_t value, uint64_t want)
{
    check_fault(what, wrmsr_safe(MSR_EFER, value), 0);
    check_equal(what, rdmsr(MSR_EFER), want);
}

static void refuse_efer(const char *what, uint64_t value)
{
    uint64_t old = rdmsr(MSR_EFER);

    check_fault(what, wrmsr_safe(MSR_EFER, value), GP0);
    check_equal(what, rdmsr(MSR_EFER), old);
}

/* Intel defines bits 0, 8, 10 and 11, and no other. */
static void check_reserved(uint64_t efer)
{
    if (platform == PLATFORM_TCG || !is_intel()) {
        report_part_skipped("which EFER bits are reserved depends on this CPU");
        return;
    }
    for (unsigned int bit = 0; bit < 64; bit++) {
        char what[24];

        if (bit == 0 || bit == 8 || bit == 10 || bit == 11)
            continue;
        snprintf(what, sizeof(what), "EFER bit %u", bit);
        refuse_efer(what, efer | 1ull << bit);
    }
    /* LMA is what the mode is, whatever is written. */
    take_efer("EFER.LMA inverted", efer ^ EFER_LMA, efer);
}

static void check_lme(uint64_t efer)
{
#if PAGING_LEVELS == 4
    check_equal("EFER in 64-bit mode", efer & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA);
#else
    check_equal("EFER outside long mode", efer & (EFER_LME | EFER_LMA), 0);
#endif
    if (platform == PLATFORM_TCG || !has_long_mode())
        return;
#if PAGING_LEVELS == 0
    take_efer("LME with paging off", efer | EFER_LME, efer | EFER_LME);
    take_efer("LME off again", efer, efer);
#else
    refuse_efer("LME flipped with paging on", efer ^ EFER_LME);
#endif
}

void selftest_efer(void)
{
    uint64_t efer = rdmsr(MSR_EFER);

    take_efer("EFER unchanged", efer, efer);
    take_efer("EFER.NXE", efer | EFER_NXE, efer | EFER_NXE);
    if (has_long_mode())
        take_efer("EFER.SCE", efer | EFER_SCE, efer | EFER_SCE);
    take_efer("EFER put back", efer, efer);
    check_lme(efer);
    check_reserved(efer);
}
