/* SPDX-License-Identifier: MIT */
/*
 * e820.c - puts a firmware memory map in order.  Pure.
 *
 * The result is sorted, without overlaps; where entries overlap, the higher
 * type wins (RAM is the lowest, so doubt never makes memory usable).
 */
#include <cairn/boot_info.h>

#include <cairn/lib.h>

static uint64_t entry_end(const struct e820_entry *e)
{
    uint64_t end = e->addr + e->size;

    return end < e->addr ? UINT64_MAX : end;
}

/* Type at the byte @at, 0 if no entry covers it; *@next: where it may change. */
static uint32_t type_at(const struct e820_entry *map, unsigned int nr, uint64_t at, uint64_t *next)
{
    uint32_t type = 0;

    *next = UINT64_MAX;
    for (unsigned int i = 0; i < nr; i++) {
        uint64_t start = map[i].addr, end = entry_end(&map[i]);
        if (start > at && start < *next)
            *next = start;
        if (start <= at && end > at) {
            if (end < *next)
                *next = end;
            if (map[i].type > type)
                type = map[i].type;
        }
    }
    return type;
}

unsigned int e820_sanitize(struct e820_entry *map, unsigned int nr, unsigned int max)
{
    struct e820_entry in[BOOT_MAX_E820];
    unsigned int n = 0, kept = 0;
    uint64_t at = 0, next;

    for (unsigned int i = 0; i < nr && i < BOOT_MAX_E820; i++)
        if (map[i].size && map[i].type)
            in[kept++] = map[i];
    for (; at != UINT64_MAX; at = next) {
        uint32_t type = type_at(in, kept, at, &next);
        struct e820_entry *last = n ? &map[n - 1] : NULL;
        if (!type)
            continue;
        if (last && last->type == type && last->addr + last->size == at)
            last->size = next - last->addr;
        else if (n < max)
            map[n++] = (struct e820_entry){at, next - at, type};
        else if (type == E820_RAM)
            break; /* no room: what is left is not used */
    }
    return n;
}
