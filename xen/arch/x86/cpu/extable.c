/* SPDX-License-Identifier: MIT */
/*
 * extable.c - instructions that may fault, and where to go on when they do.
 * The linker collects the pairs; the list is short and unsorted, faults are
 * rare.  Also the accessors that are built on it.
 */
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/errno.h>

struct extable_entry {
    int32_t from, to; /* relative to the field itself */
};

extern const struct extable_entry __extable_start[], __extable_end[];

unsigned long extable_fixup(unsigned long rip)
{
    for (const struct extable_entry *e = __extable_start; e < __extable_end; e++)
        if ((unsigned long)&e->from + e->from == rip)
            return (unsigned long)&e->to + e->to;
    return 0;
}
