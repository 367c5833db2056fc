/* SPDX-License-Identifier: MIT */
/*
 * image_elf.h - reading of guest kernels in ELF format.
 *
 * Pure: works on (buffer, length), allocates nothing, trusts no offset.
 * Accepts 32 and 64 bit little-endian x86 executables, including the ELF32
 * files with machine x86-64 that 64-bit HVM test kernels come as.
 */
#ifndef TOOLS_LIBXL_IMAGE_ELF_H
#define TOOLS_LIBXL_IMAGE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 16

/* One PT_LOAD: bytes [offset, offset + filesz) of the file go to @paddr. */
struct elf_segment {
    uint64_t offset;
    uint64_t filesz;
    uint64_t memsz; /* >= filesz; the rest is zero */
    uint64_t paddr;
    uint64_t vaddr;
};

/* A Xen note with a number in it. */
struct elf_number {
    bool present;
    uint64_t value;
};

struct elf_image {
    bool is_64bit; /* of the file, not of the guest */
    bool is_i386;  /* machine i386, otherwise x86-64 */
    uint64_t entry;
    unsigned int nr_segments;
    struct elf_segment segments[ELF_MAX_SEGMENTS];
    uint64_t low_paddr, high_paddr; /* [low, high) over all segments */
    uint64_t low_vaddr, high_vaddr;
    bool has_xen_notes;
    struct elf_number phys32_entry;
    struct elf_number virt_base;
    struct elf_number virt_entry;
    struct elf_number hypercall_page;
    struct elf_number paddr_offset;
    struct elf_number init_p2m;
    struct elf_number mod_start_pfn;
};

/*
 * elf_parse - check @buf, @len bytes, and describe it.
 * Promises on success that each segment's file bytes lie inside the buffer,
 * that no segment wraps, and that segments do not overlap in paddr.
 * Returns 0; -1 with one clear sentence in @why.
 */
int elf_parse(const void *buf, size_t len, struct elf_image *image, char *why, size_t why_size);

#endif
