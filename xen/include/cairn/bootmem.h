/* SPDX-License-Identifier: MIT */
/*
 * bootmem.h - memory before there is an allocator: a short list of free
 * ranges.  Pure.
 */
#ifndef CAIRN_BOOTMEM_H
#define CAIRN_BOOTMEM_H

#include <cairn/types.h>

#define BOOTMEM_MAX 160

struct bootmem_range {
    uint64_t start, end; /* physical bytes, page aligned, start < end */
};

struct bootmem {
    struct bootmem_range range[BOOTMEM_MAX];
    unsigned int nr;
};

/* bootmem_add - whole pages within [start, end) are free.  -ENOSPC: list full. */
int bootmem_add(struct bootmem *m, uint64_t start, uint64_t end);
/* bootmem_reserve - every page that [start, end) touches is not free.  -ENOSPC. */
int bootmem_reserve(struct bootmem *m, uint64_t start, uint64_t end);
/* bootmem_take - @size bytes aligned to @align (powers of two, >= a page) as
 * high as possible below @limit.  0: none. */
uint64_t bootmem_take(struct bootmem *m, uint64_t size, uint64_t align, uint64_t limit);

#endif
