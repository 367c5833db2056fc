/* SPDX-License-Identifier: MIT */
/*
 * build.c - see build.h.  Owns nothing; maps a window of a guest at a time.
 */
#include "libxl/build.h"

#include <errno.h>
#include <string.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "plat.h"

#define VGA_START     0xa0000ul
#define VGA_END       0xc0000ul
#define ONE_MIB       0x100000ul
#define FOUR_GIB      0x100000000ul
#define EXTENT_2M     9
#define BATCH         512 /* extents a hypercall */
#define WINDOW_PAGES  64  /* foreign pages mapped at a time */
#define SPECIAL_PAGES 5   /* the last one for PVH only */

static void plan_add(struct build_plan *plan, uint64_t start, uint64_t end, uint32_t type)
{
    if (start < end)
        plan->ranges[plan->nr_ranges++] = (struct build_range){start, end, type};
}

static uint64_t min_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void build_plan_hvm(struct build_plan *plan, uint64_t memory_mb, bool vga_hole)
{
    uint64_t bytes = memory_mb << 20;
    uint64_t low_end = min_of(bytes, BUILD_MMIO_START);

    memset(plan, 0, sizeof(*plan));
    if (vga_hole) {
        plan_add(plan, 0, min_of(low_end, VGA_START), XEN_HVM_MEMMAP_TYPE_RAM);
        plan_add(plan, VGA_START, ONE_MIB, XEN_HVM_MEMMAP_TYPE_RESERVED);
        plan_add(plan, ONE_MIB, low_end, XEN_HVM_MEMMAP_TYPE_RAM);
    } else {
        plan_add(plan, 0, low_end, XEN_HVM_MEMMAP_TYPE_RAM);
    }
    plan_add(plan, BUILD_SPECIAL_FIRST << BUILD_PAGE_SHIFT, BUILD_SPECIAL_END << BUILD_PAGE_SHIFT,
             XEN_HVM_MEMMAP_TYPE_RESERVED);
    plan_add(plan, FOUR_GIB, FOUR_GIB + bytes - low_end, XEN_HVM_MEMMAP_TYPE_RAM);
    plan->nr_special = SPECIAL_PAGES - vga_hole;
    plan->nr_pages = (bytes >> BUILD_PAGE_SHIFT) + plan->nr_special;
    if (vga_hole)
        plan->nr_pages -= (VGA_END - VGA_START) >> BUILD_PAGE_SHIFT;
}

bool build_plan_holds(const struct build_plan *plan, uint64_t start, uint64_t size)
{
    if (start + size < start)
        return false;
    for (unsigned int i = 0; i < plan->nr_ranges; i++) {
        const struct build_range *r = &plan->ranges[i];

        if (r->type == XEN_HVM_MEMMAP_TYPE_RAM && start >= r->start && start + size <= r->end)
            return true;
    }
    return false;
}

/* Populate guest frames [pfn, end) with extents of @order only. */
static int populate_order(domid_t domid, uint64_t *pfn, uint64_t end, unsigned int order)
{
    xen_pfn_t frames[BATCH];

    while (*pfn + (1ul << order) <= end) {
        size_t nr = min_of((end - *pfn) >> order, BATCH);

        for (size_t i = 0; i < nr; i++)
            frames[i] = *pfn + (i << order);
        long done = ctl_memory_populate(domid, order, nr, frames);
        if (done < 0)
            return done;
        *pfn += (uint64_t)done << order;
        if ((size_t)done < nr)
            return -XEN_ENOMEM;
    }
    return 0;
}

/* The largest extents that are aligned and to be had, else single pages. */
static int populate_range(domid_t domid, uint64_t pfn, uint64_t end)
{
    while (pfn < end) {
        unsigned int order = EXTENT_2M;

        while (pfn & ((1ul << order) - 1) || pfn + (1ul << order) > end)
            order--;
        /* As many as there are room for, or one before a larger one. */
        uint64_t next = order == EXTENT_2M ? end : pfn + (1ul << order);
        int rc = populate_order(domid, &pfn, next, order);
        /* No memory in large pieces is no failure: try small ones. */
        if (rc < 0 && order)
            rc = populate_order(domid, &pfn, next, 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int build_populate(domid_t domid, const struct build_plan *plan)
{
    int rc = 0;

    for (unsigned int i = 0; rc == 0 && i < plan->nr_ranges; i++) {
        const struct build_range *r = &plan->ranges[i];

        if (r->type == XEN_HVM_MEMMAP_TYPE_RAM)
            rc = populate_range(domid, r->start >> BUILD_PAGE_SHIFT, r->end >> BUILD_PAGE_SHIFT);
        else if (r->start == VGA_START) /* RAM behind the hole, where ROMs would be */
            rc = populate_range(domid, VGA_END >> BUILD_PAGE_SHIFT, ONE_MIB >> BUILD_PAGE_SHIFT);
    }
    if (rc < 0)
        return rc;

    xen_pfn_t special[SPECIAL_PAGES] = {BUILD_PFN_STORE, BUILD_PFN_VM86_TSS, BUILD_PFN_IDENT_PT,
                                        BUILD_PFN_CONSOLE, BUILD_PFN_ACPI};
    long done = ctl_memory_populate(domid, 0, plan->nr_special, special);
    if (done < 0)
        return done;
    return done == plan->nr_special ? 0 : -XEN_ENOMEM;
}

int build_write(const struct build_memory *memory, uint64_t paddr, const void *from, uint64_t size)
{
    const char *source = from;

    while (size > 0) {
        uint64_t frames[WINDOW_PAGES];
        uint64_t first = paddr >> BUILD_PAGE_SHIFT;
        uint64_t in_page = paddr & (BUILD_PAGE_SIZE - 1);
        uint64_t chunk = min_of(size, WINDOW_PAGES * BUILD_PAGE_SIZE - in_page);
        size_t nr = (in_page + chunk + BUILD_PAGE_SIZE - 1) >> BUILD_PAGE_SHIFT;

        if (memory->p2m && first + nr > memory->nr_pfns)
            return -XEN_EFAULT;
        for (size_t i = 0; i < nr; i++)
            frames[i] = memory->p2m ? memory->p2m[first + i] : first + i;
        char *window = plat_map_foreign(memory->domid, frames, nr, true, NULL);
        if (!window)
            return errno == ENOMEM ? -XEN_ENOMEM : -XEN_EFAULT;
        if (source)
            memcpy(window + in_page, source, chunk);
        else
            memset(window + in_page, 0, chunk);
        plat_unmap_foreign(window, nr);
        source = source ? source + chunk : NULL;
        paddr += chunk;
        size -= chunk;
    }
    return 0;
}

int build_load(const struct build_memory *memory, const struct elf_image *image, const void *file)
{
    for (unsigned int i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *s = &image->segments[i];

        int rc = build_write(memory, s->paddr, (const char *)file + s->offset, s->filesz);
        if (rc == 0)
            rc = build_write(memory, s->paddr + s->filesz, NULL, s->memsz - s->filesz);
        if (rc < 0)
            return rc;
    }
    return 0;
}
