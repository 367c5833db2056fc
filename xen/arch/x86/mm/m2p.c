/* SPDX-License-Identifier: MIT */
/*
 * m2p.c - the machine-to-phys table: for each machine frame, the frame number
 * its owner knows it by.
 *
 * Public ABI: PV guests read it at MACH2PHYS_VIRT_START.  It holds nothing
 * secret and is only a hint that guests keep about their own frames; the
 * hypervisor never trusts it for a decision about safety.
 * Chunks exist where the frame table's do.
 */
#include <asm/mm.h>

#include <asm/config.h>
#include <asm/page.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

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
