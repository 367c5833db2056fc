/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables: 0..4 GiB mapped to itself, supervisor, writable;
 * the first 2 MiB (PSE: 4 MiB) by small pages, of which page 0 is absent and
 * the .user_* sections are open to ring 3.  hvm32 has no tables at all.
 * Source: SDM vol. 3A, "Paging".
 */
#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <guest/asm.h>
#include <guest/lib.h>

#if PAGING_LEVELS == 2
typedef uint32_t pte_t;
#else
typedef uint64_t pte_t;
#endif

#if PAGING_LEVELS > 2
#define PTE_NX (1ull << 63)
#endif

#if PAGING_LEVELS > 0
extern pte_t page_l1[];     /* small pages of the first window */
extern pte_t page_l2[];     /* large pages; PAE and 64-bit: four tables in a row */
extern uint8_t page_root[]; /* what CR3 holds */

/* The entry that maps va, which must lie in the small-page window. */
volatile pte_t *pte_of(const volatile void *va);
/* Write the entry of va and flush it from the TLB. */
void pte_set(const volatile void *va, pte_t pte);
#endif

/* Open .user_* to ring 3.  Called once at start. */
void paging_init(void);

/* Turn paging off and on again; true if PG read back as 0 in between. */
bool paging_toggle(uint64_t *efer_meanwhile);

#endif /* GUEST_PAGING_H */
