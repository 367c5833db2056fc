/* SPDX-License-Identifier: MIT */
/*
 * build.h - a domain's memory: where it goes, and writing into it.
 */
#ifndef TOOLS_LIBXL_BUILD_H
#define TOOLS_LIBXL_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libctl/libctl.h"
#include "libxl/image_elf.h"

#define BUILD_PAGE_SHIFT 12
#define BUILD_PAGE_SIZE  4096ul

/*
 * Special pages of HVM guests, as Xen's toolstack places them: below 4 GiB and
 * below the local APIC, so that every guest can map them.
 */
#define BUILD_SPECIAL_FIRST 0xfeff8ul
#define BUILD_SPECIAL_END   0xff000ul
#define BUILD_PFN_ACPI      0xfeffbul /* PVH only */
#define BUILD_PFN_STORE     0xfeffcul
#define BUILD_PFN_VM86_TSS  0xfeffdul
#define BUILD_PFN_IDENT_PT  0xfeffeul
#define BUILD_PFN_CONSOLE   0xfeffful

/* RAM below this, the rest from 4 GiB on. */
#define BUILD_MMIO_START 0xf0000000ul

#define BUILD_MAX_RANGES 6

/* [start, end) in bytes; what the guest is told about it. */
struct build_range {
    uint64_t start, end;
    uint32_t type; /* XEN_HVM_MEMMAP_TYPE_* */
};

struct build_plan {
    unsigned int nr_ranges;
    struct build_range ranges[BUILD_MAX_RANGES]; /* ascending */
    unsigned int nr_special;
    uint64_t nr_pages; /* RAM and special pages */
};

/*
 * build_plan_hvm - lay out @memory_mb MiB.
 * @vga_hole  leave out 0xa0000-0xbffff and call what is around it reserved
 */
void build_plan_hvm(struct build_plan *plan, uint64_t memory_mb, bool vga_hole);

/* build_plan_holds - [start, start + size) is RAM throughout. */
bool build_plan_holds(const struct build_plan *plan, uint64_t start, uint64_t size);

/*
 * A domain's memory to write to.  @p2m translates for PV domains; NULL means
 * that the hypervisor does (HVM).
 */
struct build_memory {
    domid_t domid;
    const xen_pfn_t *p2m;
    uint64_t nr_pfns;
};

/*
 * build_populate - allocate all memory of @plan for the domain.
 * Returns 0 or -errno; what was allocated stays the domain's.
 */
int build_populate(domid_t domid, const struct build_plan *plan);

/*
 * build_write - copy @size bytes to guest physical @paddr; NULL @from zeroes.
 * Returns 0 or -errno.
 */
int build_write(const struct build_memory *memory, uint64_t paddr, const void *from, uint64_t size);

/* build_load - write all segments of @image, whose file is @file. */
int build_load(const struct build_memory *memory, const struct elf_image *image, const void *file);

#endif
