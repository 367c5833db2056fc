/* SPDX-License-Identifier: MIT */
/*
 * mm.h - how the hypervisor's own address space is built; between the files
 * of arch/x86/mm and page_alloc.c.  Everyone else: cairn/mm.h.
 */
#ifndef ASM_MM_H
#define ASM_MM_H

#include <asm/addr.h>
#include <cairn/bootmem.h>

/* Free memory until page_alloc_init() takes it over. */
extern struct bootmem boot_mem;

/* boot_alloc - below 4 GiB, zeroed; panics when there is none.  Only before
 * page_alloc_init(). */
mfn_t boot_alloc(unsigned long pages, unsigned long align_pages);

/* Frame table and M2P exist by chunks of 64 K frames (256 MiB), where there
 * is RAM. */
#define FRAME_CHUNK_ORDER 16
#define FRAME_CHUNK       (1ul << FRAME_CHUNK_ORDER)
bool frame_present(uint32_t frame);
void frametable_init(void);
void m2p_init(void);

/* map_range - @nr frames from @mfn at @va with @flags (PTE_U is given to upper
 * levels too), by large pages where aligned.  0 or -ENOMEM. */
int map_range(unsigned long va, mfn_t mfn, unsigned long nr, uint64_t flags);

#endif
