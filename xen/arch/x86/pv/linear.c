/* SPDX-License-Identifier: MIT */
/*
 * linear.c - what a PV guest reaches by way of a root table that maps itself.
 *
 * Pure.  Each index of an address is into the root again as long as the one
 * before was of a slot that maps it; an index of a slot of the hypervisor then
 * leads into the hypervisor's tables, a level too low.
 */
#include <asm/config.h>
#include <asm/page.h>
#include <asm/pv.h>

static bool page_shows_hypervisor(const uint64_t *linear_slots, unsigned long va)
{
    for (unsigned int level = 4; level; level--) {
        unsigned int slot = PT_INDEX(va, level);

        if (is_hypervisor_slot(slot))
            return true;
        if (!(linear_slots[slot / 64] >> slot % 64 & 1))
            return false;
    }
    return false;
}

bool pv_linear_shows_hypervisor(const uint64_t linear_slots[8], unsigned long va, size_t len)
{
    size_t left = len ? len + (va & ~PAGE_MASK) : 0;

    for (va &= PAGE_MASK; left; va += PAGE_SIZE) {
        if (page_shows_hypervisor(linear_slots, va))
            return true;
        left -= min(left, (size_t)PAGE_SIZE);
    }
    return false;
}
