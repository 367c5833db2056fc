/* SPDX-License-Identifier: MIT */
/*
 * setup.h - the image's own layout (from xen.lds.S and head.S), and what the
 * boot code hands on.
 */
#ifndef ASM_SETUP_H
#define ASM_SETUP_H

#include <asm/page.h>

/* Page-aligned group borders, in this order. */
extern char _start[], _etext[], _erodata[], __init_begin[], __init_text_end[], __init_end[], _end[];
extern char _stext[]; /* first byte that C or entry code occupies */

/* L1 table of the image's 2 MiB: entry n maps XEN_VA_START + 2 MiB + n pages. */
extern pte_t xen_l1[PT_ENTRIES];

/* Physical address of something in the image. */
static inline uint64_t image_pa(const void *p)
{
    return (uintptr_t)p - XEN_VA_START;
}
/* During boot only: any physical address below 4 GiB. */
static inline void *boot_phys_to_virt(uint64_t pa)
{
    return (void *)(DIRECTMAP_VA_START + pa);
}

/* head.S calls it on the final stack: @kind BOOT_*, @info physical address. */
#define BOOT_MULTIBOOT2 0
#define BOOT_PVH        1
noreturn void start_xen(unsigned int kind, uint32_t info);

/* cpu/cpuid.c: read the processor into host_cpu. */
void host_cpu_init(void);
/* What another CPU misses of what CPU 0 has; NULL: nothing. On that CPU. */
const char *host_cpu_lacks(void);
/* cpu/desc.c, cpu/traps.c: turn on SMEP, SMAP, UMIP where present. */
void cpu_enable_protections(void);

/* The TSC when the loader handed over (head.S). */
extern uint64_t tsc_at_entry;

#endif
