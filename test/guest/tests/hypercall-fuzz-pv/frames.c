/* SPDX-License-Identifier: MIT */
/*
 * frames.c - machine frames, page-table entries, and where arguments lie.
 *
 * The arena is ours to lose: its frames become tables of any level, descriptor
 * tables and plain memory again, its addresses map anything.  What we stand on
 * (image, start_info, live slots of our tables) is only named where nobody can
 * take it from us.  The upper part of our memory may be given up.
 */
#include "pv-fuzz.h"

static uint8_t args[2][PAGE_SIZE] PAGE_BSS;
uint8_t arena[ARENA_PAGES][PAGE_SIZE] PAGE_BSS;
ulong tables[LEVELS];

#define NOWHERE 0x40000000u
#define SPARES  1024u

static const uint64_t *table_at(const uint64_t *upper, unsigned int slot)
{
    return pv_page((upper[slot] & 0xffffffffff000) >> PAGE_SHIFT);
}

void frames_init(void)
{
    const uint64_t *table = (const uint64_t *)pv_info->pt_base;

    for (unsigned int level = LEVELS; level--; table = table_at(table, 0)) {
        tables[level] = pv_mfn(table);
        if (!level)
            break;
    }
    if ((ulong)arena + sizeof(arena) > LARGE_SIZE)
        panic("the arena is not below our first L1 table");
    if (pv_info->nr_pages < 2 * SPARES)
        panic("there is too little memory");
}

static bool is_ours(ulong mfn)
{
    const ulong *list = (const ulong *)pv_info->mfn_list;

    for (ulong pfn = 0; pfn < pv_info->nr_pages; pfn++)
        if (list[pfn] == mfn)
            return true;
    return false;
}

ulong arena_mfn(void)
{
    return pv_mfn(arena[any(ARENA_PAGES)]);
}

ulong foreign_mfn(void)
{
    static const ulong wild[] = {
        0, 0xa0, 0xb8, 0x100, 0x200, 0xfee00, 0xfec00, 0x100000, (1ul << 40) - 1, ~0ul >> 12, ~0ul};
    ulong mfn = any(2) ? wild[any(ARRAY_SIZE(wild))] : any(0x10000);

    return is_ours(mfn) ? ~0ul >> 16 : mfn;
}

ulong any_mfn(void)
{
    switch (any(8)) {
    case 0:
        return foreign_mfn();
    case 1:
        return tables[any(LEVELS)];
    default:
        return arena_mfn();
    }
}

uint64_t any_entry(void)
{
    static const uint32_t usual[] = {0x67, 0x63, 0x65, 0x61, 0x27, 0x7, 0x5, 0x1};
    uint64_t mfn = any(24) ? any_mfn() : pv_mfn(args);

    switch (any(8)) {
    case 0:
        return 0;
    case 1:
        return mfn << PAGE_SHIFT | any(0x1000) | (uint64_t)any(0x1000) << 52;
    default:
        return mfn << PAGE_SHIFT | usual[any(ARRAY_SIZE(usual))];
    }
}

/* The machine address of an entry that we can spare. */
uint64_t any_entry_address(void)
{
    static const unsigned int first[LEVELS] = {0, 64, 8, 8};
    unsigned int level = any(LEVELS);
    ulong slot = first[level] + any(512 - first[level]);
    ulong mfn = tables[level];

    if (!level)
        slot = ((ulong)arena[any(ARENA_PAGES)] >> PAGE_SHIFT) % 512;
    if (!any(3)) {
        mfn = any(4) ? arena_mfn() : foreign_mfn();
        slot = any(512);
    }
    return mfn << PAGE_SHIFT | slot * 8 | (any(16) ? 0 : any(8));
}

/* The last pages are not mapped, and nothing is kept in them. */
uint64_t any_gfn(void)
{
    const ulong *list = (const ulong *)pv_info->mfn_list;

    return any(4) ? list[pv_info->nr_pages - 1 - any(SPARES)] : foreign_mfn();
}

uint64_t any_mapping(void)
{
    ulong page = (any(2) ? (ulong)arena[any(ARENA_PAGES)] : any_address()) & -(ulong)PAGE_SIZE;

    return any(2) ? any_entry_address() : page | (any(8) ? 0 : any(PAGE_SIZE));
}

/* Never one of our own that is mapped, except in the arena. */
uint64_t any_address(void)
{
    static const uint64_t wild[] = {
        NOWHERE,
        0xffff800000000000,
        0xffff804000000000,
        0xffff82d080200000,
        0xffff830000000000,
        0xffff87fffffffff8,
        1ull << 47,
        1ull << 63,
        0x00007ffffffff000,
        0xffff880000000000,
        ~0ull,
        ~0ull - 4095,
    };

    return any(3) ? (ulong)arena[any(ARENA_PAGES)] + (any(2) ? 0 : any(PAGE_SIZE))
                  : wild[any(ARRAY_SIZE(wild))];
}

struct copying {
    void *to;
    const void *from;
    unsigned int len;
};

static void copy(ulong arg)
{
    const struct copying *c = (const struct copying *)arg;

    memcpy(c->to, c->from, c->len);
}

/* In the arena it may not be writable, or not there, or watched by DR0..3. */
uint64_t put(const void *data, unsigned int len)
{
    struct copying c = {args[0] + any(PAGE_SIZE / 8) * 8, data, len};

    switch (any(12)) {
    case 0:
        return any_address();
    case 1:
    case 2:
        c.to = arena[any(ARENA_PAGES - 1)] + any(PAGE_SIZE / 8) * 8;
        guarded(copy, (ulong)&c);
        break;
    default:
        memcpy(c.to, data, len);
    }
    return (ulong)c.to;
}
