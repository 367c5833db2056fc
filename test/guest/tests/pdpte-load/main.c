/* SPDX-License-Identifier: MIT */
/*
 * The four PDPTEs of PAE paging are registers.  They are loaded and checked when
 * CR3 is written, and when CR0 or CR4 change certain bits; a bad one makes that
 * instruction #GP(0) with nothing changed.  Between loads memory may say what it
 * likes: the old translation stays, even over INVLPG.  A hypervisor that leaves
 * the check to VM entry loses the domain here, one that walks the table in
 * memory each time sees too much.
 *
 * Source: SDM vol. 3A, "PDPTE Registers".
 */
#include <guest/mode.h>
#include <guest/test.h>

const char test_title[] = "Loading PDPTEs";

#define GP0        FAULT(VEC_GP, 0)
#define OPEN       (PTE_P | PTE_RW | PTE_US)
#define GIB        0x40000000u
#define CORNER_OFF 0xfe0

static pte_t *const pdpt = (pte_t *)page_root;
/* A second directory for the window's GiB, another page behind it. */
static pte_t other_l2[512] PAGE_BSS, other_l1[512] PAGE_BSS;
static volatile uint32_t other_page[1024] PAGE_BSS;
static uint8_t second_root[PAGE_SIZE] PAGE_BSS;

#define WINDOW_WORD (*(volatile uint32_t *)WINDOW)
#define FIRST       0x11111111u
#define SECOND      0x22222222u

static void to_first(void)
{
    pdpt[1] = window_default(3);
}

static void to_second(void)
{
    pdpt[1] = (ulong)other_l2 | PTE_P;
}

/* Which of the two the window shows, without a stale leaf in the way. */
static uint32_t seen(void)
{
    invlpg((void *)WINDOW);
    return WINDOW_WORD;
}

static void build(void)
{
    window_map(WINDOW_PTE(OPEN));
    other_l1[0] = (ulong)other_page | OPEN;
    other_l2[0] = (ulong)other_l1 | OPEN;
    *(volatile uint32_t *)window_page = FIRST;
    other_page[0] = SECOND;
}

static void check_reserved(void)
{
    pte_t *bad = (pte_t *)second_root;
    ulong cr3 = read_cr3();
    uint64_t efer = rdmsr(MSR_EFER);
    char what[64];

    for (unsigned int bit = 1; bit < 64; bit++) {
        bool reserved = bit <= 2 || (bit >= 5 && bit <= 8) || bit >= cpu_maxphysaddr();

        if (!reserved)
            continue;
        for (unsigned int nxe = 0; nxe < 2; nxe++) {
            if (nxe && !cpu_has_nx())
                continue;
            wrmsr(MSR_EFER, nxe ? efer | EFER_NXE : efer);
            memcpy(bad, pdpt, 32);
            bad[2] |= 1ull << bit;
            snprintf(what, sizeof(what), "T%u: bit %u of a PDPTE, NXE %u", bit == 63 ? 24 : 23, bit,
                     nxe);
            for (unsigned int pass = 0; pass < 2; pass++) {
                check_fault(what, write_cr3_safe((ulong)bad), GP0);
                check_equal(what, read_cr3(), cr3);
                check_equal(what, seen(), FIRST);
            }
            /* Absent, it may hold anything. */
            bad[2] &= ~(uint64_t)PTE_P;
            snprintf(what, sizeof(what), "T25: bit %u of an absent PDPTE, NXE %u", bit, nxe);
            check_fault(what, write_cr3_safe((ulong)bad), 0);
            check_equal(what, read_cr3(), (ulong)bad);
            check_access(what, (void *)(2 * GIB), ACCESS_READ, PF(0));
            write_cr3(cr3);
        }
    }
    wrmsr(MSR_EFER, efer);
}

static void check_latched(void)
{
    ulong cr3 = read_cr3();

    check_equal("T27: at first", seen(), FIRST);
    to_second();
    check_equal("T27: PDPTE rewritten, INVLPG", seen(), FIRST);
    cpuid(0, 0); /* an exit changes nothing about it */
    check_equal("T27: PDPTE rewritten, an exit", seen(), FIRST);
    write_cr3(cr3);
    check_equal("T27: after MOV CR3", seen(), SECOND);
    to_first();
    check_equal("T27: and back, before MOV CR3", seen(), SECOND);
    write_cr3(cr3);
    check_equal("T27: and back", seen(), FIRST);
    pdpt[1] = 0;
    check_equal("T27: PDPTE cleared, INVLPG", seen(), FIRST);
    write_cr3(cr3);
    check_access("T27: PDPTE cleared, MOV CR3", WINDOW, ACCESS_READ, PF(0));
    to_first();
    check_access("T27: PDPTE back in memory only", WINDOW, ACCESS_READ, PF(0));
    write_cr3(cr3);
    check_equal("T27: PDPTE back", seen(), FIRST);
}

/* Both registers by one name: which changes load. */
static fault_t flip(unsigned int cr, ulong bit)
{
    return cr ? write_cr4_safe(read_cr4() ^ bit) : write_cr0_safe(read_cr0() ^ bit);
}

static void check_reload(const char *name, unsigned int cr, ulong bit)
{
    char what[64];

    for (unsigned int pass = 0; pass < 2; pass++) { /* 0 to 1, then 1 to 0 */
        ulong before = cr ? read_cr4() : read_cr0();

        snprintf(what, sizeof(what), "T28: %s changed, bad PDPTE", name);
        pdpt[1] = window_default(3) | PTE_RW; /* reserved */
        check_fault(what, flip(cr, bit), GP0);
        check_equal(what, cr ? read_cr4() : read_cr0(), before);
        check_equal(what, seen(), FIRST);

        snprintf(what, sizeof(what), "T28: %s changed, PDPTE rewritten", name);
        to_second();
        check_equal(what, seen(), FIRST);
        check_fault(what, flip(cr, bit), 0);
        check_equal(what, cr ? read_cr4() : read_cr0(), before ^ bit);
        check_equal(what, seen(), SECOND);
        to_first();
        write_cr3(read_cr3());
    }
}

static void check_reloads(void)
{
    check_reload("CR4.PGE", 4, CR4_PGE);
    check_reload("CR4.PSE", 4, CR4_PSE);
    if (cpu_has_smep())
        check_reload("CR4.SMEP", 4, CR4_SMEP);
    check_reload("CR0.CD", 0, CR0_CD);
    write_cr0(read_cr0() | CR0_CD);
    check_reload("CR0.NW", 0, CR0_NW);
    write_cr0(read_cr0() & ~(ulong)CR0_CD);
}

/* Bits that are no reason to load. */
static void check_no_reload(const char *name, unsigned int cr, ulong bit)
{
    char what[64];
    uint32_t now;

    to_second();
    check_fault(name, flip(cr, bit), 0);
    now = seen();
    snprintf(what, sizeof(what), "T29: %s changed, PDPTE rewritten", name);
    if (now == SECOND)
        report_allowed(what, "PDPTEs");
    else
        check_equal(what, now, FIRST);
    to_first();
    check_fault(name, flip(cr, bit), 0);
    write_cr3(read_cr3());
}

static void check_no_reloads(void)
{
    check_no_reload("CR0.WP", 0, CR0_WP);
    check_no_reload("CR0.TS", 0, CR0_TS);
    check_no_reload("CR0.EM", 0, CR0_EM);
    check_no_reload("CR4.DE", 4, CR4_DE);
    check_no_reload("CR4.TSD", 4, 1 << 2);
    /* CLTS and LMSW touch none of the bits that load. */
    to_second();
    asm volatile("clts");
    check_equal("T29: CLTS, PDPTE rewritten", seen(), FIRST);
    to_first();
}

/*
 * The table at the end of a page, and both ends of each GiB: each end is a
 * large page of its own, onto RAM that only it maps so.
 */
static void check_corners(void)
{
    static const uint32_t ends[] = {0x3fe00000, 0x7fe00000, 0x80000000,
                                    0xbfe00000, 0xc0000000, 0xffe00000};
    pte_t old[ARRAY_SIZE(ends)];
    ulong cr3 = read_cr3();
    pte_t *high = (pte_t *)(second_root + CORNER_OFF);

    for (unsigned int i = 0; i < 4; i++) /* as at start, without the window */
        high[i] = ((ulong)page_l2 + i * PAGE_SIZE) | PTE_P;
    for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
        uint32_t ram = 0x400000 + i % 5 * LARGE_SIZE;

        old[i] = page_l2[ends[i] / LARGE_SIZE];
        page_l2[ends[i] / LARGE_SIZE] = ram | PTE_P | PTE_RW | PTE_PS;
    }
    check_fault("T30: PDPT at the end of a page", write_cr3_safe((ulong)high), 0);
    check_equal("T30: CR3", read_cr3(), (ulong)high);
    for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
        /* the first word of an end that begins a GiB, else the last */
        uint32_t offset = ends[i] % GIB ? LARGE_SIZE - 4 : 0;
        volatile uint32_t *corner = (void *)(ends[i] + offset);
        volatile uint32_t *ram = (void *)(0x400000 + i % 5 * LARGE_SIZE + offset);

        *ram = 0xc0de0000 + i;
        check_equal("T30: a corner read", *corner, 0xc0de0000 + i);
        *corner = ~(0xc0de0000 + i);
        check_equal("T30: a corner written", *ram, ~(0xc0de0000 + i));
    }
    for (unsigned int i = 0; i < 32; i++) { /* bits 4:0 mean nothing here */
        check_fault("T30: low bits of CR3", write_cr3_safe((ulong)high + i), 0);
        check_equal("T30: a corner, low bits set", *(volatile uint32_t *)0x80000000,
                    ~(0xc0de0000u + 2));
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++)
        page_l2[ends[i] / LARGE_SIZE] = old[i];
    write_cr3(cr3);
}

/* PG set over a bad PDPTE: refused, and nothing is paged. */
static void check_set_pg(void)
{
    uint32_t cr0 = read_cr0();
    pte_t *bad = (pte_t *)second_root;

    for (unsigned int bit = 1; bit < 9; bit += 4) { /* 1 and 5 */
        struct mode_step steps[] = {
            MODE_DO(MODE_SET_CR3, 0, (ulong)bad),
            MODE_FAULTS("T26: PG set with a bad PDPTE", MODE_SET_CR0, 0, cr0, GP0),
            MODE_GIVES("T26: PG", MODE_GET_CR0, 0, CR0_PG, 0),
            MODE_FAULTS("T26: once more", MODE_SET_CR0, 0, cr0, GP0),
            MODE_DO(MODE_SET_CR3, 0, (ulong)pdpt),
            MODE_DO(MODE_SET_CR0, 0, cr0),
            MODE_GIVES("T26: PG with good ones", MODE_GET_CR0, 0, CR0_PG, CR0_PG),
        };

        memcpy(bad, pdpt, 32);
        bad[3] |= 1ull << bit;
        mode_check(steps, ARRAY_SIZE(steps));
    }
}

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    build();
    check_reserved();
    check_latched();
    check_reloads();
    check_no_reloads();
    check_corners();
    check_set_pg();
    report_success(NULL);
}
