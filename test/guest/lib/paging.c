/* SPDX-License-Identifier: MIT */
/*
 * Edits of the page tables that head.S built.
 */
#include <guest/paging.h>

#include <guest/cpu.h>

void paging_cycle(uint32_t result[2]);

#if PAGING_LEVELS > 0
extern uint8_t user_start[], user_end[];

volatile pte_t *pte_of(const volatile void *va)
{
    if ((ulong)va >= LARGE_SIZE)
        panic("pte_of: %p is outside the small-page window", (const void *)va);
    return &page_l1[(ulong)va >> PAGE_SHIFT];
}

void pte_set(const volatile void *va, pte_t pte)
{
    *pte_of(va) = pte;
    invlpg((const void *)va);
}

void paging_init(void)
{
    for (uint8_t *page = user_start; page < user_end; page += PAGE_SIZE)
        pte_set(page, *pte_of(page) | PTE_US);
}
#else
void paging_init(void) {}
#endif

bool paging_toggle(uint64_t *efer_meanwhile)
{
    uint32_t result[2];

    paging_cycle(result);
    *efer_meanwhile = result[0];
    return !(result[1] & CR0_PG);
}
