/* SPDX-License-Identifier: MIT */
/*
 * One guest walks through every kind of paging, there and back: unpaged, two
 * levels, unpaged, PAE, unpaged, four levels, and the same backwards.  One
 * address shows another page in each, so a translation that survived from the
 * mode before is seen at once; a page written in one mode must read back in the
 * others; and EFER, CR0 and CR4 must say the truth at each stop.  Under shadow
 * paging each stop is another set of shadows, under EPT without unrestricted
 * guest the unpaged ones run on tables of the hypervisor's.
 *
 * Source: SDM vol. 3A, "Paging-Mode Enabling".
 */
#include <guest/mode.h>
#include <guest/test.h>

const char test_title[] = "Through all paging modes";

#define UNPAGED   (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP)
#define PAGED     (UNPAGED | CR0_PG)
#define MODE_BITS (EFER_LME | EFER_LMA | EFER_NXE)
#define ALL       0xffffffff
#define ROUNDS    8
#define GP0       FAULT(VEC_GP, 0)

/* What the window's own frame holds, and the frames of the modes. */
static uint32_t frames[5][PAGE_SIZE / 4] PAGE_BSS;
static uint32_t seed;

static uint32_t pattern(unsigned int levels)
{
    return seed << 16 | 0xa500 | levels;
}

/* At a stop: registers, the old content, leave a new one.  efer as it must read. */
#define STOP(text, levels, pg, efer)                                                       \
    MODE_GIVES(text ": PG", MODE_GET_CR0, 0, CR0_PG, pg),                                  \
        MODE_GIVES(text ": EFER", MODE_RDMSR, MSR_EFER, MODE_BITS, efer),                  \
        MODE_GIVES(text ": the window", MODE_READ, MODE_WINDOW, ALL, pattern(levels)),     \
        MODE_DO(MODE_WRITE, MODE_WINDOW, pattern(levels) + 0x10),                          \
        MODE_GIVES(text ": written", MODE_READ, MODE_WINDOW, ALL, pattern(levels) + 0x10), \
        MODE_DO(MODE_WRITE, MODE_WINDOW, pattern(levels))
#define UNPAGE(cr4, efer)                                             \
    MODE_DO(MODE_SET_CR0, 0, UNPAGED), MODE_DO(MODE_SET_CR4, 0, cr4), \
        MODE_DO(MODE_WRMSR, MSR_EFER, efer)
#define PAGE(levels) MODE_DO(MODE_SET_CR3, 0, mode_root(levels)), MODE_DO(MODE_SET_CR0, 0, PAGED)

static void walk(uint32_t nxe)
{
    struct mode_step there[] = {
        UNPAGE(CR4_PSE, nxe),
        STOP("T52: unpaged", 0, 0, nxe),
        PAGE(2),
        STOP("T52: two levels", 2, CR0_PG, nxe),
        UNPAGE(CR4_PAE, nxe),
        PAGE(3),
        STOP("T52: PAE", 3, CR0_PG, nxe),
        UNPAGE(CR4_PAE, EFER_LME | nxe),
        STOP("T52: unpaged with LME", 0, 0, EFER_LME | nxe),
        PAGE(4),
        STOP("T52: long mode", 4, CR0_PG, EFER_LME | EFER_LMA | nxe),
    };
    struct mode_step back[] = {
        UNPAGE(CR4_PAE, EFER_LME | nxe),
        PAGE(4),
        STOP("T52: long mode, back", 4, CR0_PG, EFER_LME | EFER_LMA | nxe),
        UNPAGE(CR4_PAE | CR4_PSE, nxe),
        PAGE(3),
        STOP("T52: PAE, back", 3, CR0_PG, nxe),
        MODE_DO(MODE_SET_CR0, 0, UNPAGED),
        MODE_DO(MODE_SET_CR4, 0, CR4_PSE),
        PAGE(2),
        STOP("T52: two levels, back", 2, CR0_PG, nxe),
        UNPAGE(CR4_PSE, nxe),
        STOP("T52: unpaged, back", 0, 0, nxe),
    };

    mode_check(there, ARRAY_SIZE(there));
    mode_check(back, ARRAY_SIZE(back));
}

/*
 * CR4.PAE changed while PG is set: the same root read as both formats.  In the
 * directory's place stands a PDPT whose first entry is a present, read-only PDE
 * as well; what it leads to is a table of 1024 small pages, or a directory of
 * 512 large ones.  Both map the first 2 MiB to themselves, and TWIN each to a
 * place of its own.  The way back is closed: two-level paging has set the
 * accessed flag, which is a reserved bit of a PDPTE.
 */
#define TWIN      0x300000
#define PAE_LARGE 0x200000
#define TWIN_RAM  0x600000 /* large frame behind TWIN in PAE paging */
#define TWIN_PHYS (TWIN_RAM + (TWIN & (PAE_LARGE - 1)))

static uint32_t twin_root[1024] PAGE_BSS, twin_table[1024] PAGE_BSS;

static void build_twin(void)
{
    volatile uint32_t *pae = (void *)TWIN_PHYS;

    twin_root[0] = (ulong)twin_table | PTE_P;
    for (unsigned int i = 256; i < 512; i++)
        twin_table[i] = i << PAGE_SHIFT | PTE_P | PTE_RW;
    twin_table[TWIN >> PAGE_SHIFT] = (ulong)frames[2] | PTE_P | PTE_RW;
    twin_table[0] = PTE_P | PTE_RW | PTE_PS;
    twin_table[2] = TWIN_RAM | PTE_P | PTE_RW | PTE_PS;
    frames[2][0] = pattern(2);
    *pae = pattern(3);
}

static void check_pae_toggle(void)
{
    const uint32_t paged = PAGED & ~CR0_WP;
    struct mode_step steps[] = {
        UNPAGE(CR4_PAE | CR4_PSE, 0), /* so that PAE alone changes below */
        MODE_DO(MODE_SET_CR3, 0, (ulong)twin_root),
        MODE_DO(MODE_SET_CR0, 0, paged),
        MODE_GIVES("T52: twin root, PAE", MODE_READ, TWIN, ALL, pattern(3)),
        MODE_DO(MODE_WRITE, TWIN, pattern(3) + 0x10),
        MODE_DO(MODE_SET_CR4, 0, CR4_PSE),
        MODE_GIVES("T52: PAE cleared while paging", MODE_READ, TWIN, ALL, pattern(2)),
        MODE_DO(MODE_WRITE, TWIN, pattern(2) + 0x10),
        MODE_FAULTS("T28: PAE set over a bad PDPTE", MODE_SET_CR4, 0, CR4_PAE | CR4_PSE, GP0),
        MODE_GIVES("T28: CR4 after that", MODE_GET_CR4, 0, CR4_PAE | CR4_PSE, CR4_PSE),
        MODE_GIVES("T28: still two levels", MODE_READ, TWIN, ALL, pattern(2) + 0x10),
        MODE_FAULTS("T28: once more", MODE_SET_CR4, 0, CR4_PAE | CR4_PSE, GP0),
        UNPAGE(CR4_PAE, 0),
        MODE_GIVES("T52: what was written in PAE paging", MODE_READ, TWIN_PHYS, ALL,
                   pattern(3) + 0x10),
    };

    build_twin();
    mode_check(steps, ARRAY_SIZE(steps));
}

void test_main(void)
{
    uint32_t target[5];
    volatile uint32_t *unpaged = (void *)MODE_WINDOW;

    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    if (!cpu_has_long_mode()) {
        report_skip("this processor has no long mode");
        return;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(target); i++)
        target[i] = (ulong)frames[i];
    mode_build_tables(target);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        seed = round + 1;
        *unpaged = pattern(0);
        for (unsigned int levels = 2; levels <= 4; levels++)
            frames[levels][0] = pattern(levels);
        walk(round & 1 && cpu_has_nx() ? EFER_NXE : 0);
        for (unsigned int levels = 2; levels <= 4; levels++)
            check_equal("T52: a mode's page at the end", frames[levels][0], pattern(levels));
        check_equal("T52: the unpaged frame at the end", *unpaged, pattern(0));
    }
    check_pae_toggle();
    report_success(NULL);
}
