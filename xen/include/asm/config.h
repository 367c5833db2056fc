/* SPDX-License-Identifier: MIT */
/*
 * config.h - the hypervisor's address space (slots of the top-level table).
 * Also included by assembly and the linker script.
 *
 *   256  ffff800000000000  machine-to-phys table, read-only to PV guests
 *   260  ffff820000000000  per-domain: GDT and LDT windows of PV vCPUs
 *   261  ffff828000000000  machine-to-phys table, writable, for ourselves
 *        ffff82c000000000  CPU stacks (with guard pages)... see below
 *        ffff82d040000000  ioremap window, uncached
 *        ffff82d080000000  the image (linked at + its load address)
 *        ffff82d0a0000000  SYSCALL stubs, a slot per CPU (read, execute)
 *        ffff82d0c0000000  CPU stacks
 *        ffff82e000000000  frame table
 *   262+ ffff830000000000  direct map of all RAM
 *   272+ ffff880000000000  PV guests again
 */
#ifndef ASM_CONFIG_H
#define ASM_CONFIG_H

#ifdef __ASSEMBLY__
#define VA(x) x
#else
#define VA(x) x##ul
#endif

#define HYPERVISOR_VA_START VA(0xffff800000000000)
#define HYPERVISOR_VA_END   VA(0xffff880000000000)
#define M2P_VA_START        VA(0xffff800000000000)
#define PERDOMAIN_VA_START  VA(0xffff820000000000)
#define RDWR_M2P_VA_START   VA(0xffff828000000000)
#define IOREMAP_VA_START    VA(0xffff82d040000000)
#define IOREMAP_VA_END      VA(0xffff82d080000000)
#define XEN_VA_START        VA(0xffff82d080000000)
#define STUBS_VA_START      VA(0xffff82d0a0000000)
#define STACKS_VA_START     VA(0xffff82d0c0000000)
#define FRAMETABLE_VA_START VA(0xffff82e000000000)
#define DIRECTMAP_VA_START  VA(0xffff830000000000)
#define DIRECTMAP_VA_END    VA(0xffff880000000000)

#define XEN_LOAD_PHYS 0x200000 /* where the loader puts the image */

#define PML4_SLOT_M2P              256
#define PML4_SLOT_PERDOMAIN        260
#define PML4_SLOT_XEN              261
#define PML4_SLOT_DIRECTMAP        262
#define PML4_SLOT_HYPERVISOR_FIRST 256
#define PML4_SLOT_HYPERVISOR_LAST  271

/*
 * A CPU's stack area: STACK_SIZE bytes, aligned to STACK_SIZE:
 *   page 0 #DF, page 1 NMI, page 2 #MC (IST stacks), page 3 guard,
 *   pages 4-7 main stack with struct cpu_info at the very top.
 */
#define STACK_ORDER 3
#define STACK_SIZE  (4096 << STACK_ORDER)

#define NR_CPUS 64 /* their stack areas fill one page table; a set is one word */

#endif
