/* SPDX-License-Identifier: MIT */
/*
 * image_elf.c - see image_elf.h.
 *
 * All reading of the file goes through file_bytes(), which checks the bounds;
 * both ELF classes are brought to one form before anything is decided.
 */
#include "libxl/image_elf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xen/elfnote.h>

/* Field values of the ELF specification that matter here. */
enum {
    ELFCLASS_32 = 1,
    ELFCLASS_64 = 2,
    ELFDATA_LITTLE = 1,
    ELF_TYPE_EXEC = 2,
    ELF_TYPE_DYN = 3,
    ELF_MACHINE_I386 = 3,
    ELF_MACHINE_X86_64 = 62,
    SEGMENT_LOAD = 1,
    SEGMENT_NOTE = 4,
    SECTION_NOTE = 7,
};

struct elf_file {
    const unsigned char *bytes;
    size_t len;
    bool is_64bit;
    uint64_t phoff, shoff;
    uint32_t phnum, phentsize, shnum, shentsize;
    struct elf_image *image;
    char *why;
    size_t why_size;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct elf_file *f, const char *format,
                                                      ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(f->why, f->why_size, format, args);
    va_end(args);
    return -1;
}

static bool inside(const struct elf_file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->len && size <= f->len - offset;
}

/* A little-endian number of @size bytes; the caller checked the bounds. */
static uint64_t number_at(const struct elf_file *f, uint64_t offset, unsigned int size)
{
    uint64_t value = 0;

    for (unsigned int i = size; i-- > 0;)
        value = value << 8 | f->bytes[offset + i];
    return value;
}

static int read_header(struct elf_file *f)
{
    static const unsigned char magic[4] = {0x7f, 'E', 'L', 'F'};
    struct elf_image *image = f->image;

    if (f->len < 16 || memcmp(f->bytes, magic, 4) != 0)
        return fail(f, f->len < 16 ? "the file is too short for an ELF file" : "not an ELF file");
    if ((f->bytes[4] != ELFCLASS_32 && f->bytes[4] != ELFCLASS_64) || f->bytes[5] != ELFDATA_LITTLE)
        return fail(f, "neither a 32 nor a 64 bit little-endian ELF file");
    f->is_64bit = f->bytes[4] == ELFCLASS_64;
    if (f->len < (f->is_64bit ? 64 : 52))
        return fail(f, "truncated: the ELF header is incomplete");

    uint64_t type = number_at(f, 16, 2), machine = number_at(f, 18, 2);
    if (type != ELF_TYPE_EXEC && type != ELF_TYPE_DYN)
        return fail(f, "ELF type %u is no executable", (unsigned int)type);
    if (machine != ELF_MACHINE_I386 && machine != ELF_MACHINE_X86_64)
        return fail(f, "ELF machine %u is neither i386 nor x86-64", (unsigned int)machine);
    image->is_64bit = f->is_64bit;
    image->is_i386 = machine == ELF_MACHINE_I386;

    unsigned int word = f->is_64bit ? 8 : 4;
    unsigned int counts = f->is_64bit ? 54 : 42;
    image->entry = number_at(f, 24, word);
    f->phoff = number_at(f, 24 + word, word);
    f->shoff = number_at(f, 24 + 2 * word, word);
    f->phentsize = number_at(f, counts, 2);
    f->phnum = number_at(f, counts + 2, 2);
    f->shentsize = number_at(f, counts + 4, 2);
    f->shnum = number_at(f, counts + 6, 2);
    return 0;
}

static int check_tables(const struct elf_file *f)
{
    if (f->phnum == 0)
        return fail(f, "no program headers: not an executable");
    if (f->phentsize != (f->is_64bit ? 56 : 32))
        return fail(f, "program header entries of %u bytes", f->phentsize);
    if (!inside(f, f->phoff, (uint64_t)f->phnum * f->phentsize))
        return fail(f, "truncated: program headers at %llu do not fit the %zu bytes of the file",
                    (unsigned long long)f->phoff, f->len);
    if (f->shoff == 0)
        return 0;
    if (f->shnum && f->shentsize != (f->is_64bit ? 64 : 40))
        return fail(f, "section header entries of %u bytes", f->shentsize);
    if (!inside(f, f->shoff, (uint64_t)f->shnum * f->shentsize))
        return fail(f, "truncated: section headers at %llu do not fit the %zu bytes of the file",
                    (unsigned long long)f->shoff, f->len);
    return 0;
}

struct header {
    uint32_t type;
    uint64_t offset, vaddr, paddr, filesz, memsz;
};

static struct header program_header(const struct elf_file *f, uint32_t index)
{
    uint64_t at = f->phoff + (uint64_t)index * f->phentsize;
    unsigned int word = f->is_64bit ? 8 : 4;
    uint64_t first = at + word; /* the 64-bit form has the flags second */

    return (struct header){
        .type = number_at(f, at, 4),
        .offset = number_at(f, first, word),
        .vaddr = number_at(f, first + word, word),
        .paddr = number_at(f, first + 2 * word, word),
        .filesz = number_at(f, first + 3 * word, word),
        .memsz = number_at(f, first + 4 * word, word),
    };
}

static int add_segment(const struct elf_file *f, uint32_t index, const struct header *h)
{
    struct elf_image *image = f->image;

    if (!inside(f, h->offset, h->filesz))
        return fail(
            f, "truncated: segment %u needs file bytes %llu to %llu, the file has %zu bytes", index,
            (unsigned long long)h->offset, (unsigned long long)(h->offset + h->filesz), f->len);
    if (h->filesz > h->memsz)
        return fail(f, "segment %u is larger in the file than in memory", index);
    if (h->memsz == 0)
        return 0;
    if (h->paddr + h->memsz < h->paddr || h->vaddr + h->memsz < h->vaddr)
        return fail(f, "segment %u wraps around the end of the address space", index);
    if (image->nr_segments == ELF_MAX_SEGMENTS)
        return fail(f, "more than %d segments to load", ELF_MAX_SEGMENTS);

    for (unsigned int i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *other = &image->segments[i];

        if (h->paddr < other->paddr + other->memsz && other->paddr < h->paddr + h->memsz)
            return fail(f, "segment %u overlaps another in memory", index);
    }
    bool first = image->nr_segments == 0;
    if (first || h->paddr < image->low_paddr)
        image->low_paddr = h->paddr;
    if (first || h->paddr + h->memsz > image->high_paddr)
        image->high_paddr = h->paddr + h->memsz;
    if (first || h->vaddr < image->low_vaddr)
        image->low_vaddr = h->vaddr;
    if (first || h->vaddr + h->memsz > image->high_vaddr)
        image->high_vaddr = h->vaddr + h->memsz;
    image->segments[image->nr_segments++] = (struct elf_segment){
        .offset = h->offset,
        .filesz = h->filesz,
        .memsz = h->memsz,
        .paddr = h->paddr,
        .vaddr = h->vaddr,
    };
    return 0;
}

static void keep_note(struct elf_image *image, uint32_t type, uint64_t value, bool is_number)
{
    static const struct {
        uint32_t type;
        size_t offset;
    } known[] = {
        {XEN_ELFNOTE_PHYS32_ENTRY, offsetof(struct elf_image, phys32_entry)},
        {XEN_ELFNOTE_VIRT_BASE, offsetof(struct elf_image, virt_base)},
        {XEN_ELFNOTE_ENTRY, offsetof(struct elf_image, virt_entry)},
        {XEN_ELFNOTE_HYPERCALL_PAGE, offsetof(struct elf_image, hypercall_page)},
        {XEN_ELFNOTE_PADDR_OFFSET, offsetof(struct elf_image, paddr_offset)},
        {XEN_ELFNOTE_INIT_P2M, offsetof(struct elf_image, init_p2m)},
        {XEN_ELFNOTE_MOD_START_PFN, offsetof(struct elf_image, mod_start_pfn)},
    };

    image->has_xen_notes = true;
    for (size_t i = 0; is_number && i < sizeof(known) / sizeof(known[0]); i++) {
        struct elf_number *number = (void *)((char *)image + known[i].offset);

        if (known[i].type == type)
            *number = (struct elf_number){true, value};
    }
}

/* Walk the notes in [offset, offset + size), which the caller checked. */
static int read_notes(const struct elf_file *f, uint64_t offset, uint64_t size)
{
    uint64_t end = offset + size;

    while (end - offset >= 12) {
        uint64_t name_size = number_at(f, offset, 4);
        uint64_t desc_size = number_at(f, offset + 4, 4);
        uint32_t type = number_at(f, offset + 8, 4);
        uint64_t desc = 12 + ((name_size + 3) & ~3ull);
        uint64_t whole = desc + ((desc_size + 3) & ~3ull);

        /* The padding of the last note may be missing. */
        if (desc > end - offset || desc_size > end - offset - desc)
            return fail(f, "a note is larger than what holds it");
        if (name_size == 4 && memcmp(f->bytes + offset + 12, "Xen", 4) == 0) {
            bool is_number = desc_size == 4 || desc_size == 8;

            keep_note(f->image, type, is_number ? number_at(f, offset + desc, desc_size) : 0,
                      is_number);
        }
        if (whole > end - offset)
            break;
        offset += whole;
    }
    return 0;
}

static int read_segments(const struct elf_file *f)
{
    for (uint32_t i = 0; i < f->phnum; i++) {
        struct header h = program_header(f, i);

        if (h.type == SEGMENT_LOAD && add_segment(f, i, &h) < 0)
            return -1;
        if (h.type != SEGMENT_NOTE)
            continue;
        if (!inside(f, h.offset, h.filesz))
            return fail(f, "truncated: the notes lie behind the end of the file");
        if (read_notes(f, h.offset, h.filesz) < 0)
            return -1;
    }
    if (f->image->nr_segments == 0)
        return fail(f, "nothing to load in the file");
    return 0;
}

/* Kernels linked without a note segment still have the note sections. */
static int read_note_sections(const struct elf_file *f)
{
    unsigned int word = f->is_64bit ? 8 : 4;

    for (uint32_t i = 0; f->shoff && i < f->shnum; i++) {
        uint64_t at = f->shoff + (uint64_t)i * f->shentsize;
        uint64_t offset = number_at(f, at + 8 + 2 * word, word);
        uint64_t size = number_at(f, at + 8 + 3 * word, word);

        if (number_at(f, at + 4, 4) != SECTION_NOTE)
            continue;
        if (!inside(f, offset, size))
            return fail(f, "truncated: a note section lies behind the end of the file");
        if (read_notes(f, offset, size) < 0)
            return -1;
    }
    return 0;
}

int elf_parse(const void *buf, size_t len, struct elf_image *image, char *why, size_t why_size)
{
    struct elf_file f = {
        .bytes = buf,
        .len = len,
        .image = image,
        .why = why,
        .why_size = why_size,
    };

    memset(image, 0, sizeof(*image));
    if (read_header(&f) < 0 || check_tables(&f) < 0 || read_segments(&f) < 0)
        return -1;
    return image->has_xen_notes ? 0 : read_note_sections(&f);
}
