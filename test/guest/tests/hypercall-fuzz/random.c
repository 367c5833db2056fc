/* SPDX-License-Identifier: MIT */
/*
 * random.c - random and boundary values; the PV fuzzer has them, too.
 */
#include "fuzz.h"

uint64_t seed = 1;
domid_t self;

uint32_t any(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % limit;
}

#define PICK(table) ((table)[any(ARRAY_SIZE(table))])

uint64_t any_value(void)
{
    static const uint64_t edges[] = {
        127,        128,        255,        256,        4095,         4096,
        0x7fff,     0xffff,     0x10000,    0x7fffffff, 0x80000000,   0xffffffff,
        1ull << 32, 1ull << 47, ~0ull >> 1, 1ull << 63, ~0ull - 4095, ~0ull,
    };

    switch (any(4)) {
    case 0:
        return any(4);
    case 1:
        return any(64);
    case 2:
        return PICK(edges);
    default:
        return (uint64_t)any(~0u) << any(33) | any(256);
    }
}

domid_t any_domid(void)
{
    static const domid_t others[] = {0,         0x7f00,     DOMID_SELF,    DOMID_IO,  DOMID_XEN,
                                     DOMID_COW, DOMID_IDLE, DOMID_INVALID, DOMID_MASK};

    switch (any(8)) {
    case 0:
        return PICK(others);
    case 1:
        return self;
    case 2:
        return any(16) ? DOMID_SELF : any(0x10000);
    default:
        return DOMID_SELF;
    }
}
