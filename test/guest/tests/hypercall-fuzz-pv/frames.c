/* SPDX-License-Identifier: MIT */
/*
 * frames.c - machine frames, page-table entries, and where arguments lie.
 *
 * The arena is ours to lose: its frames become tables of any level, descriptor
 * tables and plain memory again, its addresses map anything.  What we stand on
 * (image, start_info, live slots of our tables) is only named where nobody can
 * take it from us.  The upper part of our memory may be given up.  The arena may
 * also map our live tables: what is read there can be one of their entries, and
 * what was left there can be anything.  So it holds no list that could do us harm.
 */
#include "pv-fuzz.h"

static uint8_t args[2][PAGE_SIZE] PAGE_BSS;
uint8_t arena[ARENA_PAGES][PAGE_SIZE] PAGE_BSS;
ulong tables[LEVELS];

#define NOWHERE    0x40000000u
#define SPARES     1024u
#define OURS_IN_L2 64 /* slots: what the kernel stands on */

static ulong live[OURS_IN_L2 + 1]; /* our L1 tables and that of user mode */

static ulong frame_at(const uint64_t *table, unsigned int slot)
{
    return table[slot] & PTE_P ? (table[slot] & 0xffffffffff000) >> PAGE_SHIFT : 0;
}

void frames_init(void)
{
    const uint64_t *table = (const uint64_t *)pv_info->pt_base, *user = pv_page(pv_user_root());

    tables[LEVELS - 1] = pv_mfn(table);
    for (unsigned int level = LEVELS - 1; level > 0; level--) {
        tables[level - 1] = frame_at(table, 0);
        if (level > 1) {
            table = pv_page(tables[level - 1]);
            user = pv_page(frame_at(user, 0));
        }
    }
    for (unsigned int slot = 0; slot < OURS_IN_L2; slot++)
        live[slot] = frame_at(table, slot);
    live[OURS_IN_L2] = frame_at(user, 0);
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
    static const unsigned int first[LEVELS] = {0, OURS_IN_L2, 8, 8};
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

static bool is_live_l1(ulong mfn)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(live); i++)
        if (live[i] == mfn)
            return true;
    return false;
}

/*
 * An entry that we can spare, or a page: flags that are made elsewhere say which it
 * is, and nobody sees to it that they are right.  So the machine address of an entry must
 * not be the linear address of what we stand on, nor the other way round.
 */
uint64_t any_mapping(void)
{
    uint64_t page = any(2) ? (ulong)arena[any(ARENA_PAGES)] : any_address();
    uint64_t entry = any_entry_address();

    if (any(2))
        return is_live_l1(page >> PAGE_SHIFT) ? NOWHERE : page | (any(8) ? 0 : any(PAGE_SIZE));
    if (entry >> PAGE_SHIFT < pv_info->nr_pages && entry - (ulong)arena >= sizeof(arena))
        return NOWHERE;
    return entry;
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

/* In the arena it may not be writable, or not there, or watched by DR0..3; and any
 * other may be read in its place.  So nothing that is obeyed: see place_list(). */
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
