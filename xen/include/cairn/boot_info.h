/* SPDX-License-Identifier: MIT */
/*
 * boot_info.h - what the loader told us, in one struct whatever the loader.
 *
 * multiboot2_parse() and pvh_parse() are pure: they read (buffer, length) or
 * a copy and fill this struct, checking every tag's length.
 */
#ifndef CAIRN_BOOT_INFO_H
#define CAIRN_BOOT_INFO_H

#include <cairn/types.h>

#define BOOT_MAX_E820     128
#define BOOT_MAX_MODULES  8
#define BOOT_CMDLINE_SIZE 1024

enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4, E820_UNUSABLE = 5 };

/* As guests are given them. */
struct e820_entry {
    uint64_t addr, size;
    uint32_t type;
} __packed;

struct boot_module {
    uint64_t start, size; /* physical bytes */
    char cmdline[BOOT_CMDLINE_SIZE];
};

struct boot_info {
    char cmdline[BOOT_CMDLINE_SIZE];
    char loader[64];
    struct e820_entry e820[BOOT_MAX_E820];
    unsigned int nr_e820;
    struct boot_module mod[BOOT_MAX_MODULES];
    unsigned int nr_mods;
    uint8_t rsdp[36]; /* copy of the RSDP if the loader gave it */
    unsigned int rsdp_len;
    uint64_t rsdp_addr; /* 0 if not known */
    bool no_vga_text;   /* the loader says that the screen is not in text mode */
};

extern struct boot_info boot_info;
/* RAM of the machine, entry by entry of its sanitised map. */
#define for_each_ram(e)                                                                            \
    for (const struct e820_entry *e = boot_info.e820; e < &boot_info.e820[boot_info.nr_e820]; e++) \
        if (e->type == E820_RAM)

/*
 * multiboot2_parse - @tags: the information structure from its total_size
 * on, of which @len bytes are readable.
 * pvh_parse - @si: copy of hvm_start_info; @read copies @len bytes of
 * physical memory from @addr, or returns false if that is not possible.
 * Both return 0, -EINVAL malformed, -E2BIG too many entries, -ENOENT no
 * memory map.
 */
int multiboot2_parse(const void *tags, size_t len, struct boot_info *bi);
struct hvm_start_info;
typedef bool (*phys_read_fn)(void *dst, uint64_t addr, size_t len);
int pvh_parse(const struct hvm_start_info *si, phys_read_fn read, struct boot_info *bi);

/* e820_sanitize - sort, split overlaps (the higher type wins), merge. Pure.
 * Returns the new count; @max entries fit in @map. */
unsigned int e820_sanitize(struct e820_entry *map, unsigned int nr, unsigned int max);

/* build_id - common/version.c: that of this image, as its note has it; *@len bytes. */
const uint8_t *build_id(size_t *len);

#endif
