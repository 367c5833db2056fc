/* SPDX-License-Identifier: MIT */
/*
 * frametable.c - what there is for each frame: its struct page_info, and the
 * number its owner knows it by (machine-to-phys).
 *
 * Owns the arrays at FRAMETABLE_VA_START and RDWR_M2P_VA_START, present by chunks
 * where there is RAM.
 * Promises: 32 bytes a frame, all zero (count 0: no reference can be taken)
 * until the frame is given to the allocator.
 *
 * Public ABI: PV guests read the M2P at MACH2PHYS_VIRT_START.  It holds nothing
 * secret and is only a hint that guests keep about their own frames; the
 * hypervisor never trusts it for a decision about safety.
 */
#include <asm/mm.h>

#include <asm/config.h>
#include <asm/page.h>
#include <cairn/boot_info.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

#define NR_CHUNKS   ((1ul << (44 - PAGE_SHIFT)) / FRAME_CHUNK)
#define FRAME_TABLE ((struct page_info *)FRAMETABLE_VA_START)

static uint64_t chunk_map[NR_CHUNKS / 64];

bool frame_present(uint32_t frame)
{
    unsigned long chunk = frame >> FRAME_CHUNK_ORDER;

    return chunk_map[chunk / 64] & (1ul << (chunk % 64));
}

bool mfn_valid(mfn_t mfn)
{
    return mfn_x(mfn) < max_page && frame_present(mfn_x(mfn));
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    ASSERT(mfn_valid(mfn));
    return &FRAME_TABLE[mfn_x(mfn)];
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn(pg - FRAME_TABLE);
}

static void __init add_chunk(unsigned long chunk)
{
    unsigned long first = chunk << FRAME_CHUNK_ORDER;
    unsigned long nr = min(FRAME_CHUNK, max_page - first);
    unsigned long pages = PFN_UP(nr * sizeof(struct page_info));
    /* A whole chunk's part is one large page. */
    mfn_t mfn = boot_alloc(pages, nr == FRAME_CHUNK ? pages : 1);

    if (map_range((unsigned long)&FRAME_TABLE[first], mfn, pages, PAGE_HYPERVISOR))
        panic("No memory for the frame table");
    chunk_map[chunk / 64] |= 1ul << (chunk % 64);
}

void __init frametable_init(void)
{
    for_each_ram(e) {
        uint64_t first = PFN_UP(e->addr),
                 last = min(PFN_DOWN(e->addr + e->size), (uint64_t)max_page);

        for (uint64_t c = first >> FRAME_CHUNK_ORDER;
             first < last && c <= (last - 1) >> FRAME_CHUNK_ORDER; c++)
            if (!frame_present(c << FRAME_CHUNK_ORDER))
                add_chunk(c);
    }
}

/* ---- machine-to-phys ---- */

#define M2P ((unsigned long *)RDWR_M2P_VA_START)

void set_gpfn_from_mfn(mfn_t mfn, unsigned long pfn)
{
    if (mfn_valid(mfn))
        M2P[mfn_x(mfn)] = pfn;
}

void set_gpfns_from_mfns(mfn_t mfn, unsigned long pfn, unsigned long nr)
{
    unsigned long *entry = &M2P[mfn_x(mfn)];

    ASSERT(mfn_valid(mfn) && mfn_valid(mfn_add(mfn, nr - 1)));
    for (unsigned long i = 0; i < nr; i++)
        entry[i] = pfn + i;
}

unsigned long get_gpfn_from_mfn(mfn_t mfn)
{
    return mfn_valid(mfn) ? M2P[mfn_x(mfn)] : INVALID_M2P_ENTRY;
}

static void __init fill_invalid(void *va, unsigned long words)
{
    __asm__ volatile("rep stosq" : "+D"(va), "+c"(words) : "a"(INVALID_M2P_ENTRY) : "memory");
}

void __init m2p_init(void)
{
    for (unsigned long first = 0; first < max_page; first += FRAME_CHUNK) {
        unsigned long nr = min(FRAME_CHUNK, max_page - first);
        unsigned long pages = PFN_UP(nr * sizeof(unsigned long));
        unsigned long offset = first * sizeof(unsigned long);
        mfn_t mfn;

        if (!frame_present(first))
            continue;
        mfn = boot_alloc(pages, 1);
        fill_invalid(mfn_to_virt(mfn), pages << PAGE_SHIFT >> 3);
        if (map_range(M2P_VA_START + offset, mfn, pages, PAGE_HYPERVISOR_RO | PTE_U) ||
            map_range(RDWR_M2P_VA_START + offset, mfn, pages, PAGE_HYPERVISOR))
            panic("No memory for the machine-to-phys table");
    }
}
