/* SPDX-License-Identifier: MIT */
/*
 * multiboot2.c - the loader's tags into struct boot_info.  Pure: reads
 * nothing outside of the buffer, trusts no length in it.
 * Multiboot2 Specification 2.0, "Boot information format".
 */
#include <cairn/boot_info.h>

#include <cairn/lib.h>

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_LOADER = 2,
    TAG_MODULE = 3,
    TAG_MMAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_RSDP_OLD = 14,
    TAG_RSDP_NEW = 15
};

#define TAG_HEADER           8u
#define FRAMEBUFFER_EGA_TEXT 2

/* A string that must end within @len bytes; cut to fit @dst. */
static int copy_string(char *dst, size_t size, const uint8_t *s, size_t len)
{
    if (strnlen((const char *)s, len) == len)
        return -EINVAL;
    strlcpy(dst, (const char *)s, size);
    return 0;
}

static int parse_module(const uint8_t *t, size_t len, struct boot_info *bi)
{
    struct boot_module *m = &bi->mod[bi->nr_mods];
    uint32_t start, end;

    if (len < 17)
        return -EINVAL;
    if (bi->nr_mods == BOOT_MAX_MODULES)
        return -E2BIG;
    start = get32(t + 8);
    end = get32(t + 12);
    if (end < start)
        return -EINVAL;
    m->start = start;
    m->size = end - start;
    bi->nr_mods++;
    return copy_string(m->cmdline, sizeof(m->cmdline), t + 16, len - 16);
}

static int parse_mmap(const uint8_t *t, size_t len, struct boot_info *bi)
{
    uint32_t entry_size;

    if (len < 16)
        return -EINVAL;
    entry_size = get32(t + 8);
    if (entry_size < 24 || entry_size % 8)
        return -EINVAL;
    for (size_t at = 16; at < len; at += entry_size) {
        struct e820_entry e;
        if (len - at < entry_size)
            return -EINVAL;
        e = (struct e820_entry){get64(t + at), get64(t + at + 8), get32(t + at + 16)};
        if (bi->nr_e820 == BOOT_MAX_E820)
            return -E2BIG;
        bi->e820[bi->nr_e820++] = e;
    }
    return 0;
}

static void parse_rsdp(const uint8_t *t, size_t len, struct boot_info *bi)
{
    size_t n = min(len - TAG_HEADER, sizeof(bi->rsdp));

    /* The newer form is preferred, whichever comes first. */
    if (n < bi->rsdp_len)
        return;
    memcpy(bi->rsdp, t + TAG_HEADER, n);
    bi->rsdp_len = n;
}

static int parse_tag(uint32_t type, const uint8_t *t, size_t len, struct boot_info *bi)
{
    switch (type) {
    case TAG_CMDLINE:
        return copy_string(bi->cmdline, sizeof(bi->cmdline), t + TAG_HEADER, len - TAG_HEADER);
    case TAG_LOADER:
        return copy_string(bi->loader, sizeof(bi->loader), t + TAG_HEADER, len - TAG_HEADER);
    case TAG_MODULE:
        return parse_module(t, len, bi);
    case TAG_MMAP:
        return parse_mmap(t, len, bi);
    case TAG_FRAMEBUFFER:
        if (len < 30)
            return -EINVAL;
        bi->no_vga_text = t[29] != FRAMEBUFFER_EGA_TEXT;
        return 0;
    case TAG_RSDP_OLD:
    case TAG_RSDP_NEW:
        parse_rsdp(t, len, bi);
        return 0;
    default:
        return 0;
    }
}

int multiboot2_parse(const void *tags, size_t len, struct boot_info *bi)
{
    const uint8_t *base = tags;
    size_t at = 8;

    memset(bi, 0, sizeof(*bi));
    if (len < 16 || get32(base) > len || get32(base) < 16)
        return -EINVAL;
    len = get32(base);
    for (;;) {
        uint32_t type, size;
        int rc;
        if (len - at < TAG_HEADER)
            return -EINVAL;
        type = get32(base + at);
        size = get32(base + at + 4);
        if (size < TAG_HEADER || size > len - at)
            return -EINVAL;
        if (type == TAG_END)
            return bi->nr_e820 ? 0 : -ENOENT;
        rc = parse_tag(type, base + at, size, bi);
        if (rc)
            return rc;
        size = ROUNDUP(size, 8u);
        if (size > len - at)
            return -EINVAL;
        at += size;
    }
}
