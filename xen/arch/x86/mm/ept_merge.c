/* SPDX-License-Identifier: MIT */
/* ept_merge.c - is a table the same as one large leaf?  Pure; see ept.h. */
#include "ept.h"

/* The processor's own notes, accessed and dirty, do not matter. */
#define EPT_AD (3ull << 8)

bool ept_merged_leaf(const epte_t *table, unsigned int level, epte_t *leaf)
{
    uint64_t step = 1ull << (PAGE_SHIFT + 9 * (level - 1));
    uint64_t first = table[0].raw & ~EPT_AD;

    if (!(first & EPT_RWX) || epte_is_table(table[0], level))
        return false;
    if ((first & EPT_ADDR_MASK) & ((step << 9) - 1))
        return false;
    /* From the end: of a table that fills upwards the last comes last. */
    for (unsigned int i = 511; i > 0; i--)
        if ((table[i].raw & ~EPT_AD) != first + i * step)
            return false;
    leaf->raw = first | EPT_SUPERPAGE;
    return true;
}
