/* SPDX-License-Identifier: MIT */
/*
 * window.c - address space for stacks and foreign mappings: first fit over one
 * bit a page.  A page stays unused after each allocation, so that an overrun
 * faults.
 */
#include "kernel/mm.h"

#include <string.h>

#include "kernel/kernel.h"

#define WINDOW_PAGES (WINDOW_SIZE / PAGE_SIZE)

static uint8_t used[WINDOW_PAGES / 8];

static bool page_is_used(size_t page)
{
    return used[page / 8] & (1u << (page % 8));
}

static void set_used(size_t first, size_t nr, bool value)
{
    for (size_t page = first; page < first + nr; page++) {
        if (value)
            used[page / 8] |= 1u << (page % 8);
        else
            used[page / 8] &= ~(1u << (page % 8));
    }
}

unsigned long window_alloc(size_t nr)
{
    size_t run = 0;

    if (nr == 0 || nr >= WINDOW_PAGES)
        return 0;
    for (size_t page = 1; page < WINDOW_PAGES; page++) {
        run = page_is_used(page) ? 0 : run + 1;
        if (run == nr + 1) {
            set_used(page - nr, nr + 1, true);
            return WINDOW_BASE + (page - nr) * PAGE_SIZE;
        }
    }
    return 0;
}

void window_free(unsigned long va, size_t nr)
{
    set_used((va - WINDOW_BASE) / PAGE_SIZE, nr + 1, false);
}
