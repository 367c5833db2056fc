/* SPDX-License-Identifier: MIT */
/*
 * image_pv.h - the pure part of building PV domains: where things lie and
 * what the first page tables hold.
 */
#ifndef TOOLS_LIBXL_IMAGE_PV_H
#define TOOLS_LIBXL_IMAGE_PV_H

#include <stdint.h>

#include "libctl/libctl.h"

/* Guest frame numbers; frame N is mapped at virt_base + N * 4096. */
struct pv_layout {
    uint64_t virt_base;
    uint64_t ramdisk, frame_list, start_info, store, console;
    uint64_t first_table; /* the level 4 table, the others behind it */
    uint64_t nr_tables;
    uint64_t per_level[5]; /* tables of level 1 to 4 */
    uint64_t stack;
    uint64_t nr_mapped; /* frames in the initial mapping */
};

/*
 * pv_layout_tables - place tables from frame @first_table on, so many that
 * they map everything up to the stack, themselves and 512 KiB more, rounded
 * up to 4 MiB.
 */
void pv_layout_tables(struct pv_layout *layout, uint64_t virt_base, uint64_t first_table);

/*
 * pv_fill_tables - the contents of all tables.
 * @p2m     machine frame of each of the domain's @nr_pages frames
 * @tables  nr_tables * 512 entries
 */
void pv_fill_tables(const struct pv_layout *layout, const xen_pfn_t *p2m, uint64_t nr_pages,
                    uint64_t *tables);

#endif
