/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - flushing guest translations.
 *
 * Guest mappings are never global, so loading CR3 drops them all.  Each
 * complete flush advances the clock: a frame that was unmapped before the
 * last tick cannot be reached through a TLB any more (mm/page_type.c).
 */
#include <asm/page_type.h>
#include <asm/processor.h>
#include <asm/current.h>

static uint32_t flush_clock = 1;

uint32_t tlb_clock(void)
{
    return flush_clock;
}

void tlb_flush_mask(unsigned long cpus)
{
    if (!(cpus & (1ul << smp_processor_id())))
        return;
    write_cr3(read_cr3());
    flush_clock++;
}

void tlb_flush_one_mask(unsigned long cpus, unsigned long va)
{
    if (cpus & (1ul << smp_processor_id()))
        invlpg(va);
}
