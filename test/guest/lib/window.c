/* SPDX-License-Identifier: MIT */
/*
 * Tables of the window.  Owns its branch and the root's entry that leads there.
 */
#include <guest/window.h>

#include <guest/access.h>
#include <guest/cpu.h>

#if PAGING_LEVELS > 0

#define ENTRIES (PAGE_SIZE / sizeof(pte_t))
#define OPEN    (PTE_P | PTE_RW | PTE_US)

volatile uint8_t window_page[PAGE_SIZE] PAGE_BSS;
/* tables[n] holds entries of level n + 1. */
static pte_t tables[PAGING_LEVELS - 1][ENTRIES] PAGE_BSS;

static unsigned int slot(unsigned int level)
{
    unsigned int bits = PAGING_LEVELS == 2 ? 10 : 9;

    return (uint64_t)WINDOW_VA >> (PAGE_SHIFT + bits * (level - 1)) & (ENTRIES - 1);
}

volatile pte_t *window_entry(unsigned int level)
{
    pte_t *table = level == PAGING_LEVELS ? (pte_t *)page_root : tables[level - 1];

    return &table[slot(level)];
}

pte_t window_default(unsigned int level)
{
    if (level == 1)
        return WINDOW_PTE(OPEN);
    /* RW and US are reserved in a PDPTE of PAE paging. */
    return (ulong)tables[level - 2] | (PAGING_LEVELS == 3 && level == 3 ? PTE_P : OPEN);
}

void window_set(unsigned int level, pte_t pte)
{
    *window_entry(level) = pte;
    write_cr3(read_cr3());
}

void window_map(pte_t pte)
{
    window_page[0] = OPCODE_RET;
    for (unsigned int level = 2; level <= PAGING_LEVELS; level++)
        *window_entry(level) = window_default(level);
    window_set(1, pte);
}

#endif
