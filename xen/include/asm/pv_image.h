/* SPDX-License-Identifier: MIT */
/*
 * pv_image.h - a PV kernel as an ELF file, and where a domain builder puts
 * what it needs.  Pure: over a buffer and plain numbers.
 */
#ifndef ASM_PV_IMAGE_H
#define ASM_PV_IMAGE_H

#include <cairn/types.h>

#define PV_IMAGE_MAX_LOADS 16
#define PV_UNSET           (~0ull)

struct pv_image {
    struct pv_image_load {
        uint64_t offset, filesz; /* bytes of the file */
        uint64_t paddr, memsz;
    } load[PV_IMAGE_MAX_LOADS];
    unsigned int nr_loads;
    uint64_t pstart, pend; /* over all loads */
    /* Virtual addresses, notes and defaults resolved. */
    uint64_t virt_base, entry, kstart, kend;
    uint64_t paddr_offset;
    uint64_t hypercall_page; /* PV_UNSET: none */
    bool mod_start_is_pfn;
    char guest_os[32];
};

/* pv_image_parse - check @len bytes at @file completely, fill @img.
 * NULL, or what is wrong. */
const char *pv_image_parse(const void *file, size_t len, struct pv_image *img);

struct pv_layout_in {
    uint64_t virt_base, kend; /* kend: first address after the kernel */
    uint64_t initrd_len;
    uint64_t nr_pages; /* of the domain */
};

/* Virtual addresses, page-aligned, ascending; frame = (va - virt_base) >> 12. */
struct pv_layout {
    uint64_t initrd, p2m, start_info, page_tables, stack;
    uint64_t end;     /* first byte behind the stack page */
    uint64_t map_end; /* the initial mapping ends here */
    unsigned int nr_tables;
};

/* Tables that map [start, end) by 4 KiB pages, the root included. */
uint64_t pv_layout_tables(uint64_t start, uint64_t end);
/* pv_layout_compute - 0, -ENOMEM too few pages, -EINVAL addresses that a guest
 * cannot have. */
int pv_layout_compute(const struct pv_layout_in *in, struct pv_layout *out);

#endif
