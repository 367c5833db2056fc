/* SPDX-License-Identifier: MIT */
/*
 * Values of CR0, CR3 and CR4 that no mode allows, tried in the kernel's own
 * mode: each is #GP(0), the register stays, and the machine goes on as before.
 * LMSW and CLTS change what they may and no more.
 *
 * Source: SDM vol. 3A, "Control Registers"; vol. 2A/B, LMSW and CLTS.
 */
#include <guest/test.h>

const char test_title[] = "Refused values of control registers";

#define GP0 FAULT(VEC_GP, 0)

#define REFUSER(n)                                             \
    static void refuse_cr##n(const char *what, ulong value)    \
    {                                                          \
        for (unsigned int pass = 0; pass < 2; pass++) {        \
            ulong old = read_cr##n();                          \
                                                               \
            check_fault(what, write_cr##n##_safe(value), GP0); \
            check_equal(what, read_cr##n(), old);              \
        }                                                      \
    }
REFUSER(0)
REFUSER(4)

static void check_cr0(void)
{
    ulong cr0 = read_cr0();

    refuse_cr0("T22: PG without PE", (cr0 | CR0_PG) & ~(ulong)CR0_PE);
    refuse_cr0("T22: NW without CD", (cr0 | CR0_NW) & ~(ulong)CR0_CD);
#ifdef __x86_64__
    refuse_cr0("T22: CR0 bit 32", cr0 | 1ul << 32);
    refuse_cr0("T22: CR0 bit 63", cr0 | 1ul << 63);
    refuse_cr0("T18: PG cleared in 64-bit mode", cr0 & ~(ulong)CR0_PG);
    refuse_cr0("T18: PG and PE cleared in 64-bit mode", cr0 & ~(ulong)(CR0_PG | CR0_PE));
    check_equal("T18: EFER", rdmsr(MSR_EFER) & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA);
#endif
    for (unsigned int bit = 6; bit < 29; bit++) {
        if (1u << bit & (CR0_WP | CR0_AM))
            continue;
        check_fault("T22: a reserved bit of CR0", write_cr0_safe(cr0 | 1ul << bit), 0);
        check_equal("T22: a reserved bit of CR0 stays 0", read_cr0(), cr0);
    }
    check_fault("T22: NW with CD", write_cr0_safe(cr0 | CR0_NW | CR0_CD), 0);
    check_equal("T22: NW with CD", read_cr0(), cr0 | CR0_NW | CR0_CD);
    refuse_cr0("T22: CD cleared, NW left", (cr0 | CR0_NW) & ~(ulong)CR0_CD);
    write_cr0(cr0);
}

static void check_lmsw(void)
{
    ulong cr0 = read_cr0();
    uint16_t all = 0xffff;

    asm volatile("lmsw %w0" : : "r"(0));
    check_equal("T22: LMSW 0 keeps PE, clears MP, EM, TS", read_cr0(),
                cr0 & ~(ulong)(CR0_MP | CR0_EM | CR0_TS));
    asm volatile("lmsw %0" : : "m"(all));
    check_equal("T22: LMSW ffff from memory", read_cr0(), cr0 | CR0_MP | CR0_EM | CR0_TS);
    asm volatile("clts");
    check_equal("T22: CLTS", read_cr0(), (cr0 | CR0_MP | CR0_EM) & ~(ulong)CR0_TS);
    write_cr0(cr0);
}

/* Bits of CR4 that exist only if CPUID says so. */
static const struct {
    const char *name;
    uint8_t bit, leaf, cpuid_bit;
    char reg;    /* B, C or D */
    bool simple; /* if it exists, it may be set here */
} cr4_bits[] = {
    {"VME", 0, 1, 1, 'D', true},          {"PVI", 1, 1, 1, 'D', true},
    {"TSD", 2, 1, 4, 'D', true},          {"DE", 3, 1, 2, 'D', true},
    {"MCE", 6, 1, 7, 'D', true},          {"OSFXSR", 9, 1, 24, 'D', true},
    {"OSXMMEXCPT", 10, 1, 25, 'D', true}, {"PSE", 4, 1, 3, 'D', true},
    {"PGE", 7, 1, 13, 'D', true},         {"UMIP", 11, 7, 2, 'C', true},
    {"LA57", 12, 7, 16, 'C', false},      {"VMXE", 13, 1, 5, 'C', false},
    {"SMXE", 14, 1, 6, 'C', false},       {"FSGSBASE", 16, 7, 0, 'B', true},
    {"PCIDE", 17, 1, 17, 'C', false},     {"OSXSAVE", 18, 1, 26, 'C', true},
    {"SMEP", 20, 7, 7, 'B', true},        {"SMAP", 21, 7, 20, 'B', true},
    {"PKE", 22, 7, 3, 'C', true},         {"CET", 23, 7, 7, 'C', false},
    {"PKS", 24, 7, 31, 'C', false},
};

static bool announced(unsigned int i)
{
    struct cpuid r = cpuid(cr4_bits[i].leaf, 0);

    if (cpuid(0, 0).a < cr4_bits[i].leaf)
        return false;
    return (cr4_bits[i].reg == 'B'   ? r.b
            : cr4_bits[i].reg == 'C' ? r.c
                                     : r.d) >>
               cr4_bits[i].cpuid_bit &
           1;
}

static void check_cr4(void)
{
    ulong cr4 = read_cr4();
    char what[48];

    refuse_cr4("T22: CR4 bit 15, reserved", cr4 | 1u << 15);
    refuse_cr4("T22: CR4 bit 31, reserved", cr4 | 1u << 31);
    for (unsigned int i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
        ulong bit = 1ul << cr4_bits[i].bit;

        snprintf(what, sizeof(what), "T22: CR4.%s", cr4_bits[i].name);
        if (!announced(i)) {
            refuse_cr4(what, cr4 | bit);
        } else if (cr4_bits[i].simple) {
            check_fault(what, write_cr4_safe(cr4 | bit), 0);
            check_equal(what, read_cr4(), cr4 | bit);
            write_cr4(cr4);
        }
    }
#ifdef __x86_64__
    refuse_cr4("T22: CR4 bit 32", cr4 | 1ul << 32);
    refuse_cr4("T20: PAE cleared in long mode", cr4 & ~(ulong)CR4_PAE);
    refuse_cr4("T20: LA57 changed in long mode", cr4 | 1u << 12);
    check_equal("T20: EFER", rdmsr(MSR_EFER) & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA);
#else
    if (cpu_has_pcid())
        refuse_cr4("T21: PCIDE outside long mode", cr4 | CR4_PCIDE);
#endif
}

#if PAGING_LEVELS == 4
static void check_pcide(void)
{
    ulong cr3 = read_cr3(), cr4 = read_cr4();

    if (!cpu_has_pcid()) {
        report_part_skipped("T21: no PCID");
        return;
    }
    for (unsigned int bit = 0; bit < 12; bit++) {
        write_cr3(cr3 | 1ul << bit);
        refuse_cr4("T21: PCIDE set with CR3[11:0] not 0", cr4 | CR4_PCIDE);
    }
    write_cr3(cr3);
    check_fault("T21: PCIDE set with CR3[11:0] = 0", write_cr4_safe(cr4 | CR4_PCIDE), 0);
    check_equal("T21: CR4", read_cr4(), cr4 | CR4_PCIDE);
    check_fault("T21: CR3 with a PCID", write_cr3_safe(cr3 | 5), 0);
    check_equal("T21: CR3 with a PCID", read_cr3(), cr3 | 5);
    check_fault("T21: CR3 without flush", write_cr3_safe(cr3 | 5 | 1ul << 63), 0);
    check_equal("T21: CR3 does not keep bit 63", read_cr3(), cr3 | 5);
    write_cr3(cr3);
    check_fault("T21: PCIDE cleared", write_cr4_safe(cr4), 0);
    check_equal("T21: CR4", read_cr4(), cr4);
    check_fault("T21: CR3[63] without PCIDE", write_cr3_safe(cr3 | 1ul << 63), GP0);
}

static void check_cr3(void)
{
    ulong cr3 = read_cr3();

    for (unsigned int bit = cpu_maxphysaddr(); bit < 63; bit++) {
        check_fault("T23: CR3 bit from MAXPHYADDR up", write_cr3_safe(cr3 | 1ul << bit), GP0);
        check_equal("T23: CR3 after that", read_cr3(), cr3);
    }
    check_pcide();
}
#endif

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    check_cr0();
    check_lmsw();
    check_cr4();
#if PAGING_LEVELS == 4
    check_cr3();
#endif
    report_success(NULL);
}
