/* SPDX-License-Identifier: MIT */
/*
 * bootmem.c - the list of free physical ranges used until the buddy allocator
 * has its frame table.
 */
#include <cairn/bootmem.h>

#include <asm/addr.h>
#include <cairn/errno.h>

int bootmem_add(struct bootmem *m, uint64_t start, uint64_t end)
{
    start = ROUNDUP(start, PAGE_SIZE);
    end &= PAGE_MASK;
    if (start >= end)
        return 0;
    if (m->nr == BOOTMEM_MAX)
        return -ENOSPC;
    m->range[m->nr++] = (struct bootmem_range){start, end};
    return 0;
}

int bootmem_reserve(struct bootmem *m, uint64_t start, uint64_t end)
{
    start &= PAGE_MASK;
    end = ROUNDUP(end, PAGE_SIZE);
    for (unsigned int i = 0; i < m->nr; i++) {
        struct bootmem_range *r = &m->range[i];
        uint64_t old_end = r->end;

        if (start >= r->end || end <= r->start || start >= end)
            continue;
        if (start > r->start) {
            r->end = start;
            if (end < old_end) {
                int rc = bootmem_add(m, end, old_end);
                if (rc)
                    return rc;
            }
        } else if (end < r->end) {
            r->start = end;
        } else {
            *r = m->range[--m->nr];
            i--;
        }
    }
    return 0;
}

uint64_t bootmem_take(struct bootmem *m, uint64_t size, uint64_t align, uint64_t limit)
{
    uint64_t best = 0;

    for (unsigned int i = 0; i < m->nr; i++) {
        uint64_t end = min(m->range[i].end, limit), at;

        if (end < size)
            continue;
        at = (end - size) & ~(align - 1);
        if (at >= m->range[i].start && at > best)
            best = at;
    }
    if (best && bootmem_reserve(m, best, best + size))
        return 0;
    return best;
}
