/* SPDX-License-Identifier: MIT */
/*
 * frames.c - random frames of an HVM guest.
 */
#include "fuzz.h"

#define RAM_FIRST  0x400u   /* 4 MiB: above us and what the loader gave us */
#define RAM_FRAMES 0x800u   /* a little less than there is */
#define HOLE_FIRST 0x40000u /* 1 GiB */

uint64_t any_gfn(void)
{
    static const uint64_t wild[] = {
        0xfee00,
        0xfec00,
        0xd0000,
        0x100000,
        (1ull << 24) + 0x40000,
        (1ull << 36) - 1,
        (1ull << 36) + 0x40000,
        ~0ull >> 12,
        ~0ull,
    };

    switch (any(8)) {
    case 0:
        return wild[any(ARRAY_SIZE(wild))];
    case 1:
    case 2:
        return HOLE_FIRST + any(0x400);
    default:
        return RAM_FIRST + any(RAM_FRAMES);
    }
}

uint64_t any_mapping(void)
{
    return any_gfn() << PAGE_SHIFT | (any(8) ? 0 : any(PAGE_SIZE));
}
