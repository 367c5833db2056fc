/* SPDX-License-Identifier: MIT */
/*
 * Changes of page tables and what makes them count.  After INVLPG, MOV CR3 or a
 * change of CR4.PGE the new entry must be used, at whatever level it stands;
 * a large page must give way to small ones and back; two addresses of one
 * frame and two roots must agree; a global page survives MOV CR3 at most until
 * PGE is toggled.  Only what the manual promises is asked: an entry that became
 * more permissive, or was absent, needs no flush at all.
 *
 * Source: SDM vol. 3A, "Invalidation of TLBs and Paging-Structure Caches".
 */
#include <guest/test.h>

const char test_title[] = "Flushing translations";

#define OPEN   (PTE_P | PTE_RW | PTE_US)
#define LARGE  0x400000 /* RAM that nothing else uses, two large pages of it */
#define WORD   (*(volatile uint32_t *)WINDOW)
#define FIRST  0x11111111u
#define SECOND 0x22222222u
#define THIRD  0x33333333u

static volatile uint32_t other_page[1024] PAGE_BSS;
static pte_t other_l1[PAGE_SIZE / sizeof(pte_t)] PAGE_BSS;
static uint8_t second_root[PAGE_SIZE] PAGE_BSS;

#define OTHER_PTE(flags) ((ulong)other_page | (flags))

static void flush_by_invlpg(void)
{
    invlpg((void *)WINDOW);
}

static void flush_by_cr3(void)
{
    write_cr3(read_cr3());
}

static void flush_by_pge(void)
{
    write_cr4(read_cr4() ^ CR4_PGE);
}

static void check_leaf(const char *name, void (*flush)(void))
{
    char what[64];

    snprintf(what, sizeof(what), "flush by %s: another frame", name);
    for (unsigned int round = 0; round < 4; round++) {
        *window_entry(1) = WINDOW_PTE(OPEN);
        flush();
        check_equal(what, WORD, FIRST);
        *window_entry(1) = OTHER_PTE(OPEN);
        flush();
        check_equal(what, WORD, SECOND);
    }
    snprintf(what, sizeof(what), "flush by %s: rights taken away", name);
    WORD = SECOND;
    *window_entry(1) = OTHER_PTE(PTE_P | PTE_US);
    flush();
    check_access(what, WINDOW, ACCESS_WRITE, PF(PF_P | PF_W));
    *window_entry(1) = OTHER_PTE(PTE_P | PTE_RW);
    flush();
    check_access(what, WINDOW, ACCESS_READ | ACCESS_USER, PF(PF_P | PF_U));
    *window_entry(1) = 0;
    flush();
    check_access(what, WINDOW, ACCESS_READ, PF(0));
    snprintf(what, sizeof(what), "flush by %s: an entry above the leaf", name);
    *window_entry(1) = WINDOW_PTE(OPEN);
    other_l1[0] = OTHER_PTE(OPEN);
    flush();
    check_equal(what, WORD, FIRST);
    *window_entry(2) = (ulong)other_l1 | OPEN;
    flush();
    check_equal(what, WORD, SECOND);
    *window_entry(2) = window_default(2);
    flush();
    check_equal(what, WORD, FIRST);
}

/* More rights, or an entry where none was: no flush is needed. */
static void check_no_flush(void)
{
    window_set(1, 0);
    check_access("absent", WINDOW, ACCESS_READ, PF(0));
    *window_entry(1) = WINDOW_PTE(PTE_P);
    check_access("became present", WINDOW, ACCESS_READ, 0);
    check_access("present, read-only", WINDOW, ACCESS_WRITE, PF(PF_P | PF_W));
    *window_entry(1) = WINDOW_PTE(PTE_P | PTE_RW);
    /* The fault before has thrown out what was cached of it. */
    check_access("became writable", WINDOW, ACCESS_WRITE, 0);
    check_access("writable, supervisor", WINDOW, ACCESS_READ | ACCESS_USER, PF(PF_P | PF_U));
    *window_entry(1) = WINDOW_PTE(OPEN);
    check_access("became the user's", WINDOW, ACCESS_WRITE | ACCESS_USER, 0);
    *(volatile uint32_t *)window_page = FIRST;
}

/* An upper entry loses a right, is used so, and gets it back. */
static void check_given_back(unsigned int level, void (*flush)(void))
{
    pte_t entry = *window_entry(level);

    *window_entry(1) = WINDOW_PTE(OPEN);
    *window_entry(level) = entry & ~(pte_t)(PTE_US | PTE_RW);
    flush();
    check_access("upper entry: user", WINDOW, ACCESS_USER, PF(PF_P | PF_U));
    check_access("upper entry: supervisor", WINDOW, ACCESS_READ, 0);
    *window_entry(level) = entry;
    flush();
    check_access("upper entry: write, rights given back", WINDOW, ACCESS_WRITE, 0);
    check_access("upper entry: user, rights given back", WINDOW, ACCESS_USER, 0);
    *(volatile uint32_t *)window_page = FIRST;
}

static void check_sizes(void)
{
    volatile uint32_t *ram = (void *)LARGE;

    ram[0] = THIRD;
    ram[LARGE_SIZE / 4 - 1] = ~THIRD;
    for (unsigned int round = 0; round < 4; round++) {
        window_set(2, LARGE | OPEN | PTE_PS);
        check_equal("large page: first word", WORD, THIRD);
        check_equal("large page: last word", *(volatile uint32_t *)(WINDOW + LARGE_SIZE - 4),
                    ~THIRD);
        *window_entry(2) = (LARGE + LARGE_SIZE) | OPEN | PTE_PS;
        invlpg((void *)(WINDOW + LARGE_SIZE / 2)); /* any address of it will do */
        ram[LARGE_SIZE / 4] = FIRST + round;
        check_equal("large page: another, INVLPG in its middle", WORD, FIRST + round);
        window_set(2, window_default(2));
        check_equal("large page: small one again", WORD, FIRST);
        check_access("large page: small one's neighbour", WINDOW + PAGE_SIZE, ACCESS_READ, PF(0));
    }
}

/* The same frame twice, and the same address under two roots. */
static void check_aliases(void)
{
    ulong cr3 = read_cr3();
    volatile pte_t *next = window_entry(1) + 1;
    volatile uint32_t *alias = (void *)(WINDOW + PAGE_SIZE);

    window_set(1, WINDOW_PTE(OPEN));
    *next = WINDOW_PTE(PTE_P);
    WORD = 0xabcd;
    check_equal("alias: read", *alias, 0xabcd);
    check_access("alias: write to the read-only one", alias, ACCESS_WRITE, PF(PF_P | PF_W));
    check_access("alias: write to the other", WINDOW, ACCESS_WRITE, 0);
    *next = 0;

    memcpy(second_root, page_root, PAGING_LEVELS == 3 ? 32 : PAGE_SIZE);
    write_cr3((ulong)second_root);
    WORD = 0x1234;
    check_equal("two roots: read in the second", WORD, 0x1234);
    *window_entry(1) = OTHER_PTE(OPEN); /* shared by both */
    write_cr3(cr3);
    check_equal("two roots: a leaf changed under the second", WORD, SECOND);
    *window_entry(1) = WINDOW_PTE(OPEN);
    write_cr3((ulong)second_root);
    check_equal("two roots: and back, under the second", WORD, 0x1234);
    write_cr3(cr3);
    WORD = FIRST;
}

static void check_global(void)
{
    ulong cr4 = read_cr4();

    write_cr4(cr4 | CR4_PGE);
    *window_entry(1) = WINDOW_PTE(OPEN | PTE_G);
    invlpg((void *)WINDOW);
    check_equal("global page: at first", WORD, FIRST);
    *window_entry(1) = OTHER_PTE(OPEN | PTE_G);
    write_cr3(read_cr3());
    check_true("global page: old or new after MOV CR3", WORD == FIRST || WORD == SECOND);
    invlpg((void *)WINDOW);
    check_equal("global page: INVLPG", WORD, SECOND);
    *window_entry(1) = WINDOW_PTE(OPEN | PTE_G);
    write_cr4(cr4 & ~(ulong)CR4_PGE);
    check_equal("global page: PGE cleared", WORD, FIRST);
    *window_entry(1) = OTHER_PTE(OPEN | PTE_G);
    write_cr4(cr4 | CR4_PGE);
    check_equal("global page: PGE set", WORD, SECOND);
    *window_entry(1) = WINDOW_PTE(OPEN);
    write_cr4(cr4 & ~(ulong)CR4_PGE);
    check_equal("global page: gone", WORD, FIRST);
    write_cr4(cr4);
}

/* Page tables that were data before and become data again. */
static void check_recycled_table(void)
{
    volatile uint32_t *as_data = (void *)other_l1;

    other_l1[0] = OTHER_PTE(OPEN);
    window_set(2, (ulong)other_l1 | OPEN);
    check_equal("recycled table: as a table", WORD, SECOND);
    window_set(2, window_default(2));
    for (unsigned int i = 0; i < 1024; i++)
        as_data[i] = i * 0x01010101u;
    for (unsigned int i = 0; i < 1024; i++)
        if (as_data[i] != i * 0x01010101u) {
            check_equal("recycled table: as data", as_data[i], i * 0x01010101u);
            break;
        }
    check_equal("recycled table: the window", WORD, FIRST);
    memset(other_l1, 0, sizeof(other_l1));
    other_l1[0] = WINDOW_PTE(OPEN);
    other_l1[1] = OTHER_PTE(OPEN);
    window_set(2, (ulong)other_l1 | OPEN);
    check_equal("recycled table: a table again", WORD, FIRST);
    check_equal("recycled table: its second entry", *(volatile uint32_t *)(WINDOW + PAGE_SIZE),
                SECOND);
    window_set(2, window_default(2));
}

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    window_map(WINDOW_PTE(OPEN));
    *(volatile uint32_t *)window_page = FIRST;
    other_page[0] = SECOND;
    check_leaf("INVLPG", flush_by_invlpg);
    check_leaf("MOV CR3", flush_by_cr3);
    check_leaf("CR4.PGE", flush_by_pge);
    write_cr4(read_cr4() & ~(ulong)CR4_PGE);
    check_no_flush();
    for (unsigned int level = 2; level <= (PAGING_LEVELS == 4 ? 4 : 2); level++) {
        check_given_back(level, flush_by_cr3);
        check_given_back(level, flush_by_invlpg);
    }
    check_sizes();
    check_aliases();
    check_global();
    check_recycled_table();
    report_success(NULL);
}
