/* SPDX-License-Identifier: MIT */
/*
 * values.c - the places where arguments lie.
 *
 * The arena is ours to spoil: every pointer that a call gets leads into it or
 * to where nothing is.  Its pages: good, absent, read-only, good, good, absent,
 * two for frames, absent.  No call has its answer put over a list: that has pages
 * of its own.
 */
#include "fuzz.h"

#include <xen/arch-x86/xen.h>
#ifdef GUEST_PV
#include <guest/pv.h>
#endif

#define PICK(table) ((table)[any(ARRAY_SIZE(table))])

/* ---- places ---- */

enum {
    GOOD,
    ABSENT,
    READ_ONLY,
    PAIR,
    PAIR_SECOND,
    ABSENT2,
    FRAMES,
    FRAMES_SECOND,
    ABSENT3,
    ARENA_PAGES
};

static uint8_t arena[ARENA_PAGES][PAGE_SIZE] PAGE_BSS;
static uint8_t read_only[PAGE_SIZE] PAGE_BSS; /* the frame of that page */

/* Each two pages and an absent one; the first list's pages are read-only. */
static uint8_t lists[LISTS][3][PAGE_SIZE] PAGE_BSS;
static uint8_t read_only_list[2][PAGE_SIZE] PAGE_BSS;

#define NOWHERE 0x90000000u

#if PAGING_LEVELS > 0
/* Have that frame read-only at @page, or nothing. */
static void page_set(const uint8_t *page, const uint8_t *frame)
{
#ifdef GUEST_PV
    uint64_t entry = frame ? pv_mfn(frame) << PAGE_SHIFT | PTE_P | PTE_US : 0;

    if (hypercall(__HYPERVISOR_update_va_mapping, (ulong)page, entry, UVMF_INVLPG, 0, 0))
        panic("a page for arguments cannot be changed");
#else
    pte_set(page, frame ? (ulong)frame | PTE_P | PTE_US : 0);
#endif
}
#endif

void places_init(void)
{
    for (unsigned int i = 0; i < LISTS; i++)
        memset(lists[i][2], 0xff, PAGE_SIZE);
#if PAGING_LEVELS > 0
    page_set(arena[ABSENT], NULL);
    page_set(arena[ABSENT2], NULL);
    page_set(arena[ABSENT3], NULL);
    page_set(arena[READ_ONLY], read_only);
    for (unsigned int i = 0; i < LISTS; i++)
        page_set(lists[i][2], NULL);
    page_set(lists[0][0], read_only_list[0]);
    page_set(lists[0][1], read_only_list[1]);
#endif
}

/* Never where any_gfn() may have had memory put, or a PV guest its tables: zeros
 * there would be read as a structure, and not every structure of zeros is harmless to us. */
static struct place wild_place(bool abi32)
{
    static const uint64_t wild32[] = {0xffffffff, 0xfffffffc, 0xfed00000, NOWHERE, 0xf0000000};
    static const uint64_t wild64[] = {1ull << 63, 1ull << 47,         ~0ull << 47,
                                      1ull << 32, 0xffff830000000000, NOWHERE};
    static const uint64_t wild_hvm[] = {0, ~0ull, 0xffffffffffffff80, (1ull << 47) - 8};
    uint64_t at = abi32 ? PICK(wild32) : IS_PV || any(2) ? PICK(wild64) : PICK(wild_hvm);

    return (struct place){at, NULL};
}

struct place place_put(const void *data, unsigned int len, bool abi32)
{
    unsigned int room = PAGE_SIZE - len, how = any(24);
    uint8_t *at = arena[GOOD] + any(room - 7) / 8 * 8;

    if (how == 0)
        return wild_place(abi32);
    if (how == 1 && PAGING_LEVELS > 0)
        return (struct place){(ulong)arena[ABSENT] + any(room), NULL};
    if (how == 2 && PAGING_LEVELS > 0) {
        memcpy(read_only + room, data, len);
        return (struct place){(ulong)arena[READ_ONLY] + room, read_only + room};
    }
    if (how == 3 && PAGING_LEVELS > 0 && len > 1) {
        unsigned int n = 1 + any(len - 1);

        memcpy(arena[ABSENT] - n, data, n);
        return (struct place){(ulong)arena[ABSENT] - n, NULL};
    }
    if (how == 4)
        at += any(8);
    if (how == 5 || how == 6)
        at = arena[PAIR_SECOND] - any(len + 1);
    memcpy(at, data, len);
    return (struct place){(ulong)at, at};
}

/* All that is there is this list: behind it are ones, or nothing. */
struct place place_list(const void *data, unsigned int len, bool abi32)
{
    static unsigned int turn;
    unsigned int i = turn++ % LISTS, end = 2 * PAGE_SIZE, how = any(12), at = end - len, n;
    uint8_t *seen = lists[i][0], *written = i || !PAGING_LEVELS ? seen : read_only_list[0];

    if (how == 0)
        return wild_place(abi32);
    if (how == 1 && PAGING_LEVELS > 0)
        at = end + any(PAGE_SIZE - len);
    if (how == 2 && PAGING_LEVELS > 0)
        at += any(len + 1);
    if (how == 3)
        at -= any(8);
    if (how == 4 || how == 5)
        at = PAGE_SIZE - any(len + 1);
    n = at >= end ? 0 : at + len > end ? end - at : len;
    memcpy(written + at, data, n);
    if (at + n < end)
        memset(written + at + n, 0xff, end - at - n);
    return (struct place){(ulong)seen + at, n == len && at < end ? seen + at : NULL};
}

/*
 * The frames of one list may be given up by the hypervisor: a list is never
 * read beyond its end, so nothing else may stand in its pages.
 */
uint64_t place_frames(unsigned int *nr, bool abi32)
{
    unsigned int size = abi32 ? 4 : 8, n = any(9);
    uint8_t *at = arena[ABSENT3] - n * size;
    bool in_order = any(2);
    uint64_t first = any_gfn();

    *nr = n;
    if (!any(16))
        return wild_place(abi32).address;
    for (unsigned int i = 0; i < n; i++) {
        uint64_t gfn = in_order && first < 0x100000 ? first + i : any_gfn();

        memcpy(at + i * size, &gfn, size);
    }
    if (PAGING_LEVELS > 0 && !any(16))
        *nr += any(1000);
    return (ulong)at;
}
