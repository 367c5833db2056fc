/* SPDX-License-Identifier: MIT */
/*
 * Bit 63 of a page-table entry, and the error codes that tell of fetches.  With
 * NXE = 0 the bit is reserved at every level: any access is #PF with RSVD.  With
 * NXE = 1 it forbids fetches only.  Whether a #PF says that it was a fetch (I/D)
 * depends on the guest's own NXE and SMEP, never on the host's, and never with
 * two-level tables unless SMEP is set.  NXE toggled at run time changes what
 * warm and faulted translations mean.
 *
 * TLB entries are flushed by hand after each change, as the manual demands.
 * Source: SDM vol. 3A, "Page-Fault Exceptions", "Reserved Bit Checking".
 */
#include <guest/test.h>

const char test_title[] = "NX and the page faults of fetches";

#define OPEN    (PTE_P | PTE_RW | PTE_US)
#define SUP     (PTE_P | PTE_RW)
#define READ    ACCESS_READ
#define WRITE   ACCESS_WRITE
#define FETCH   ACCESS_FETCH
#define USER    ACCESS_USER
#define LAPIC   0xfee00000
#define VGA     0xa0000
#define NX_RSVD (PF_P | PF_RSVD)

static void leaf(pte_t pte)
{
    window_set(1, pte);
}

/* Fetches that tell nothing: no NXE (or no bit 63 to speak of), no SMEP. */
static void check_silent_fetches(const char *test)
{
    char what[48];

    leaf(0);
    snprintf(what, sizeof(what), "%s: fetch, absent", test);
    check_access(what, WINDOW, FETCH, PF(0));
    snprintf(what, sizeof(what), "%s: user fetch, absent", test);
    check_access(what, WINDOW, FETCH | USER, PF(PF_U));
    leaf(WINDOW_PTE(SUP));
    snprintf(what, sizeof(what), "%s: user fetch of a supervisor page", test);
    check_access(what, WINDOW, FETCH | USER, PF(PF_P | PF_U));
    snprintf(what, sizeof(what), "%s: fetch of a supervisor page", test);
    check_access(what, WINDOW, FETCH, 0);
    leaf(WINDOW_PTE(OPEN));
    snprintf(what, sizeof(what), "%s: user fetch of a user page", test);
    check_access(what, WINDOW, FETCH | USER, 0);
}

#if PAGING_LEVELS > 2
static void set_nxe(bool on)
{
    uint64_t efer = rdmsr(MSR_EFER) & ~(uint64_t)EFER_NXE;

    wrmsr(MSR_EFER, on ? efer | EFER_NXE : efer);
    check_equal("NXE as written", rdmsr(MSR_EFER) & EFER_NXE, on ? EFER_NXE : 0);
    write_cr3(read_cr3());
}

static void check_reserved_leaf(void)
{
    set_nxe(false);
    leaf(WINDOW_PTE(OPEN) | PTE_NX);
    check_access("T31: read, bit 63 without NXE", WINDOW, READ, PF(NX_RSVD));
    check_access("T31: write, bit 63 without NXE", WINDOW, WRITE, PF(NX_RSVD | PF_W));
    check_access("T31: user read, bit 63 without NXE", WINDOW, READ | USER, PF(NX_RSVD | PF_U));
    check_access("T31: user write, bit 63 without NXE", WINDOW, WRITE | USER,
                 PF(NX_RSVD | PF_U | PF_W));
    check_access("T31: fetch, bit 63 without NXE", WINDOW, FETCH, PF(NX_RSVD));
    check_access("T31: user fetch, bit 63 without NXE", WINDOW, FETCH | USER, PF(NX_RSVD | PF_U));
    leaf(PTE_NX);
    check_access("T31: read, absent with bit 63", WINDOW, READ, PF(0));
    /* RSVD comes before the access rights. */
    leaf(((ulong)window_page | PTE_P) | PTE_NX);
    check_access("T31: user write to a read-only page, bit 63", WINDOW, WRITE | USER,
                 PF(NX_RSVD | PF_U | PF_W));
    leaf(WINDOW_PTE(OPEN));
    check_access("T31: read, bit 63 gone", WINDOW, READ, 0);
}

/* Levels whose entries may have the bit: PAE's PDPTE is pdpte-load's matter. */
static unsigned int levels(void)
{
    return PAGING_LEVELS == 3 ? 2 : PAGING_LEVELS;
}

static void check_upper_levels(void)
{
    char what[64];

    leaf(WINDOW_PTE(OPEN));
    for (unsigned int level = 1; level <= levels(); level++) {
        set_nxe(false);
        window_set(level, window_default(level) | PTE_NX);
        snprintf(what, sizeof(what), "T32: read, bit 63 at level %u without NXE", level);
        check_access(what, WINDOW, READ, PF(NX_RSVD));
        snprintf(what, sizeof(what), "T32: fetch, bit 63 at level %u without NXE", level);
        check_access(what, WINDOW, FETCH, PF(NX_RSVD));
        set_nxe(true);
        snprintf(what, sizeof(what), "T39: read, NX at level %u", level);
        check_access(what, WINDOW, READ, 0);
        snprintf(what, sizeof(what), "T39: write, NX at level %u", level);
        check_access(what, WINDOW, WRITE | USER, 0);
        snprintf(what, sizeof(what), "T39: fetch, NX at level %u", level);
        check_access(what, WINDOW, FETCH, PF(PF_P | PF_I));
        snprintf(what, sizeof(what), "T39: user fetch, NX at level %u", level);
        check_access(what, WINDOW, FETCH | USER, PF(PF_P | PF_I | PF_U));
        window_set(level, window_default(level));
        snprintf(what, sizeof(what), "T39: fetch, NX gone from level %u", level);
        check_access(what, WINDOW, FETCH, 0);
    }
}

/* The bit in the entry of a large page. */
static void check_large(void)
{
    const uint64_t large = 0x400000; /* RAM that nothing else uses */
    volatile uint8_t *ram = (void *)(ulong)large;

    *ram = OPCODE_RET;
    set_nxe(false);
    window_set(2, large | OPEN | PTE_PS | PTE_NX);
    check_access("T32: read of a large page, bit 63 without NXE", WINDOW, READ, PF(NX_RSVD));
    set_nxe(true);
    check_access("T39: read of a large NX page", WINDOW, READ, 0);
    check_access("T39: fetch from a large NX page", WINDOW, FETCH, PF(PF_P | PF_I));
    window_set(2, large | OPEN | PTE_PS);
    check_access("T39: fetch from a large page", WINDOW, FETCH, 0);
    set_nxe(false);
    check_access("T39: fetch from a large page without NXE", WINDOW, FETCH, 0);
    window_set(2, window_default(2));
}

static void check_telling_fetches(void)
{
    set_nxe(true);
    leaf(0);
    check_access("T34: fetch, absent", WINDOW, FETCH, PF(PF_I));
    check_access("T34: user fetch, absent", WINDOW, FETCH | USER, PF(PF_U | PF_I));
    check_access("T34: read, absent", WINDOW, READ, PF(0));
    leaf(WINDOW_PTE(OPEN) | PTE_NX);
    check_access("T38: read of an NX page", WINDOW, READ, 0);
    check_access("T38: write to an NX page", WINDOW, WRITE, 0);
    check_access("T38: fetch from an NX page", WINDOW, FETCH, PF(PF_P | PF_I));
    check_access("T38: user fetch from an NX page", WINDOW, FETCH | USER, PF(PF_P | PF_I | PF_U));
    check_access("T38: user read of an NX page", WINDOW, READ | USER, 0);
    leaf(WINDOW_PTE(SUP));
    check_access("T45: user fetch of a supervisor page, NXE", WINDOW, FETCH | USER,
                 PF(PF_P | PF_U | PF_I));
}

/* The same entry, seen through both settings, warm and cold. */
static void check_toggle(void)
{
    for (unsigned int round = 0; round < 3; round++) {
        set_nxe(true);
        leaf(WINDOW_PTE(OPEN) | PTE_NX);
        check_access("T41: read, NXE set", WINDOW, READ, 0);
        set_nxe(false);
        check_access("T41: the same, NXE clear, MOV CR3", WINDOW, READ, PF(NX_RSVD));
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
        invlpg((void *)WINDOW);
        check_access("T42: NXE set again, INVLPG, read", WINDOW, READ, 0);
        check_access("T42: fetch", WINDOW, FETCH, PF(PF_P | PF_I));
    }
    /* Set with PG clear, as boot code does it. */
    set_nxe(false);
    leaf(WINDOW_PTE(OPEN) | PTE_NX);
    check_access("T42: before paging is left", WINDOW, READ, PF(NX_RSVD));
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    uint64_t meanwhile;
    paging_toggle(&meanwhile);
    check_equal("T42: NXE unpaged", meanwhile & EFER_NXE, EFER_NXE);
    check_access("T42: after paging was left, read", WINDOW, READ, 0);
    check_access("T42: after paging was left, fetch", WINDOW, FETCH, PF(PF_P | PF_I));
    leaf(WINDOW_PTE(OPEN));
    set_nxe(false);
}

/* Where an emulated read would have to walk by itself. */
static void check_mmio(void)
{
    static const uint32_t targets[] = {LAPIC, VGA};

    for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
        set_nxe(false);
        leaf(targets[i] | OPEN | PTE_NX);
        check_access("T44: read of MMIO, bit 63 without NXE", WINDOW, READ, PF(NX_RSVD));
        check_access("T44: user write to MMIO, bit 63 without NXE", WINDOW, WRITE | USER,
                     PF(NX_RSVD | PF_W | PF_U));
        set_nxe(true);
        check_access("T44: read of MMIO, NX", WINDOW, READ, 0);
        leaf(targets[i] | PTE_P);
        check_access("T44: write to MMIO, read-only", WINDOW, WRITE, PF(PF_P | PF_W));
    }
    leaf(WINDOW_PTE(OPEN));
    set_nxe(false);
}
#endif

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    window_map(WINDOW_PTE(OPEN));
    check_silent_fetches("T33, T45: NXE=0, SMEP=0");
    if (!cpu_has_nx()) {
        report_skip("this processor has no NX");
        return;
    }
#if PAGING_LEVELS == 2
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    check_silent_fetches("T37: two levels, NXE=1");
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(uint64_t)EFER_NXE);
#else
    check_reserved_leaf();
    check_upper_levels();
    check_large();
    check_telling_fetches();
    check_toggle();
    check_mmio();
    check_silent_fetches("T33, T45: NXE=0 again");
#endif
    report_success(NULL);
}
