/* SPDX-License-Identifier: MIT */
/*
 * A page-sized window on its own branch of the page tables, so that a test can
 * change the entry of any level without pulling the rug from under itself.
 * Outside PAE all entries above the leaf allow everything.
 */
#ifndef GUEST_WINDOW_H
#define GUEST_WINDOW_H

#include <guest/paging.h>

#if PAGING_LEVELS > 0

/* 64-bit: PML4 slot 1; otherwise the second GiB. */
#if PAGING_LEVELS == 4
#define WINDOW_VA 0x8000000000
#else
#define WINDOW_VA 0x40000000
#endif
#define WINDOW ((volatile uint8_t *)WINDOW_VA)

/* What it shows at first: begins with a RET. */
extern volatile uint8_t window_page[PAGE_SIZE];

/* The window's address as its leaf entry wants it, with these flags. */
#define WINDOW_PTE(flags) ((ulong)window_page | (flags))

/* Build the branch, leaf = pte, and flush all of it. */
void window_map(pte_t pte);
/* The entry of a level, 1 is the leaf. */
volatile pte_t *window_entry(unsigned int level);
/* Write an entry and reload CR3, which flushes and loads PAE's PDPTEs. */
void window_set(unsigned int level, pte_t pte);
/* What window_map() puts there. */
pte_t window_default(unsigned int level);

#endif

#endif /* GUEST_WINDOW_H */
