/* SPDX-License-Identifier: MIT */
/*
 * CR0.WP, the rights that several levels give together, and the accessed and
 * dirty flags.  The processor sets A in each entry that it uses and D in the one
 * that maps the page, D only for a write that is allowed; software clears them
 * and sees them come back after a flush.  A hypervisor that keeps shadows must
 * set them in the guest's own tables, no sooner and no later; with WP = 0 it
 * must let ring 0 write what the guest's entry forbids, and still not ring 3.
 *
 * Not in the numbered tests of the design page; the messages say AD and WP.
 * Source: SDM vol. 3A, "Access Rights", "Accessed and Dirty Flags".
 */
#include <guest/test.h>

const char test_title[] = "Write protection, accessed and dirty flags";

#define OPEN  (PTE_P | PTE_RW | PTE_US)
#define READ  ACCESS_READ
#define WRITE ACCESS_WRITE
#define FETCH ACCESS_FETCH
#define USER  ACCESS_USER
#define AD    (PTE_A | PTE_D)
#define LARGE 0x400000 /* RAM that nothing else uses */

/* PAE's PDPTEs have no flags. */
#define FLAG_LEVELS (PAGING_LEVELS == 3 ? 2 : PAGING_LEVELS)

static void set_wp(bool on)
{
    ulong cr0 = read_cr0();

    write_cr0(on ? cr0 | CR0_WP : cr0 & ~(ulong)CR0_WP);
}

/* ---- rights ---- */

static void check_wp(void)
{
    window_set(1, (ulong)window_page | PTE_P | PTE_US);
    check_access("WP: write to a read-only page, WP=1", WINDOW, WRITE, PF(PF_P | PF_W));
    check_access("WP: user write to a read-only page, WP=1", WINDOW, WRITE | USER,
                 PF(PF_P | PF_W | PF_U));
    set_wp(false);
    check_access("WP: write to a read-only page, WP=0", WINDOW, WRITE, 0);
    check_access("WP: user write to a read-only page, WP=0", WINDOW, WRITE | USER,
                 PF(PF_P | PF_W | PF_U));
    check_access("WP: read of a read-only page, WP=0", WINDOW, READ, 0);
    window_page[1] = 0x55;
    WINDOW[1] = 0xaa;
    check_equal("WP: a write with WP=0 lands", window_page[1], 0xaa);
    check_access("WP: user read after such a write", WINDOW, READ | USER, 0);
    check_access("WP: user write after such a write", WINDOW, WRITE | USER, PF(PF_P | PF_W | PF_U));
    set_wp(true);
    check_access("WP: write, WP=1 again", WINDOW, WRITE, PF(PF_P | PF_W));
    window_set(1, 0);
    set_wp(false);
    check_access("WP: write to an absent page, WP=0", WINDOW, WRITE, PF(PF_W));
    set_wp(true);
}

/* A right exists only if each level gives it. */
static void check_levels(void)
{
    char what[48];

    window_set(1, WINDOW_PTE(OPEN));
    for (unsigned int level = 1; level <= FLAG_LEVELS; level++) {
        snprintf(what, sizeof(what), "WP: write, read-only at level %u", level);
        window_set(level, window_default(level) & ~(pte_t)PTE_RW);
        check_access(what, WINDOW, WRITE, PF(PF_P | PF_W));
        check_access(what, WINDOW, WRITE | USER, PF(PF_P | PF_W | PF_U));
        check_access(what, WINDOW, READ | USER, 0);
        snprintf(what, sizeof(what), "WP: user, supervisor at level %u", level);
        window_set(level, window_default(level) & ~(pte_t)PTE_US);
        check_access(what, WINDOW, READ | USER, PF(PF_P | PF_U));
        check_access(what, WINDOW, WRITE, 0);
        snprintf(what, sizeof(what), "WP: absent at level %u", level);
        window_set(level, window_default(level) & ~(pte_t)PTE_P);
        check_access(what, WINDOW, READ, PF(0));
        check_access(what, WINDOW, WRITE | USER, PF(PF_W | PF_U));
        window_set(level, window_default(level));
        snprintf(what, sizeof(what), "WP: level %u open again", level);
        check_access(what, WINDOW, WRITE | USER, 0);
    }
}

/* ---- flags ---- */

/* Clear the flags of all levels, access once, compare. */
static void check_flags(const char *what, unsigned int access, fault_t fault, uint32_t want_leaf,
                        unsigned int leaf)
{
    char text[64];

    for (unsigned int pass = 0; pass < 2; pass++) {
        for (unsigned int level = leaf; level <= FLAG_LEVELS; level++)
            *window_entry(level) &= ~(pte_t)AD;
        write_cr3(read_cr3());
        check_fault(what, access_do(WINDOW, access), fault);
        snprintf(text, sizeof(text), "AD: %s: flags of the leaf", what);
        check_equal(text, *window_entry(leaf) & AD, want_leaf);
        if (fault)
            continue; /* upper levels may or may not have been marked */
        for (unsigned int level = leaf + 1; level <= FLAG_LEVELS; level++) {
            snprintf(text, sizeof(text), "AD: %s: A at level %u", what, level);
            check_equal(text, *window_entry(level) & PTE_A, PTE_A);
        }
    }
}

static void check_small_pages(void)
{
    window_set(1, WINDOW_PTE(OPEN));
    check_flags("read", READ, 0, PTE_A, 1);
    check_flags("write", WRITE, 0, AD, 1);
    check_flags("fetch", FETCH, 0, PTE_A, 1);
    check_flags("user read", READ | USER, 0, PTE_A, 1);
    check_flags("user write", WRITE | USER, 0, AD, 1);
    check_flags("user fetch", FETCH | USER, 0, PTE_A, 1);
    window_set(1, (ulong)window_page | PTE_P);
    check_flags("write, read-only", WRITE, PF(PF_P | PF_W), 0, 1);
    check_flags("user read, supervisor", READ | USER, PF(PF_P | PF_U), 0, 1);
    check_flags("user write, supervisor", WRITE | USER, PF(PF_P | PF_U | PF_W), 0, 1);
    set_wp(false);
    check_flags("write, read-only, WP=0", WRITE, 0, AD, 1);
    set_wp(true);
    window_set(1, (ulong)window_page);
    check_flags("read, absent", READ, PF(0), 0, 1);
}

static void check_dirty_after_read(void)
{
    window_set(1, WINDOW_PTE(OPEN));
    access_do(WINDOW, READ);
    check_equal("AD: warm by a read", *window_entry(1) & AD, PTE_A);
    access_do(WINDOW, WRITE);
    check_equal("AD: then a write", *window_entry(1) & AD, AD);
    *window_entry(1) &= ~(pte_t)PTE_D;
    invlpg((void *)WINDOW);
    access_do(WINDOW, READ);
    check_equal("AD: D cleared, INVLPG, read", *window_entry(1) & AD, PTE_A);
    access_do(WINDOW, WRITE);
    check_equal("AD: and a write", *window_entry(1) & AD, AD);
    *window_entry(1) &= ~(pte_t)AD;
    invlpg((void *)WINDOW);
    access_do(WINDOW, WRITE);
    check_equal("AD: both cleared, INVLPG, write", *window_entry(1) & AD, AD);
    /* Neither is taken away by the processor. */
    window_set(1, WINDOW_PTE(OPEN) | AD);
    access_do(WINDOW, READ);
    check_equal("AD: both set by software, read", *window_entry(1) & AD, AD);
    check_equal("AD: nothing else changed", *window_entry(1), WINDOW_PTE(OPEN) | AD);
}

static void check_large_pages(void)
{
    *(volatile uint8_t *)LARGE = OPCODE_RET;
    window_set(2, LARGE | OPEN | PTE_PS);
    check_flags("read, large page", READ, 0, PTE_A, 2);
    check_flags("write, large page", WRITE, 0, AD, 2);
    check_flags("fetch, large page", FETCH, 0, PTE_A, 2);
    check_flags("user write, large page", WRITE | USER, 0, AD, 2);
    window_set(2, LARGE | PTE_P | PTE_US | PTE_PS);
    check_flags("write, large read-only page", WRITE, PF(PF_P | PF_W), 0, 2);
    check_access("WP: large read-only page, user write", WINDOW, WRITE | USER,
                 PF(PF_P | PF_W | PF_U));
    set_wp(false);
    check_flags("write, large read-only page, WP=0", WRITE, 0, AD, 2);
    set_wp(true);
    window_set(2, window_default(2));
}

/* Tables that are themselves mapped: writes to them must be seen. */
static void check_many_entries(void)
{
    volatile pte_t *first = window_entry(1);

    for (unsigned int i = 0; i < 64; i++)
        first[i] = WINDOW_PTE(OPEN);
    write_cr3(read_cr3());
    for (unsigned int i = 0; i < 64; i++)
        access_do(WINDOW + i * PAGE_SIZE, i & 1 ? WRITE : READ);
    for (unsigned int i = 0; i < 64; i++)
        check_equal("AD: one of many", first[i] & AD, i & 1 ? AD : PTE_A);
    for (unsigned int i = 1; i < 64; i++)
        first[i] = 0;
    write_cr3(read_cr3());
    check_access("AD: one of many, gone", WINDOW + PAGE_SIZE, READ, PF(0));
}

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    window_map(WINDOW_PTE(OPEN));
    check_wp();
    check_levels();
    check_small_pages();
    check_dirty_after_read();
    check_large_pages();
    check_many_entries();
    report_success(NULL);
}
