/* SPDX-License-Identifier: MIT */
/*
 * image.c - reading a PV kernel's ELF file and Xen notes.
 *
 * Pure.  Every offset and length of the file is checked against the buffer
 * before it is used; nothing is trusted.
 */
#include <asm/pv_image.h>

#include <asm/addr.h>
#include <cairn/lib.h>
#include <xen/elfnote.h>

/* ELF-64, System V ABI. */
struct elf64_ehdr {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf64_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
struct elf_note {
    uint32_t namesz, descsz, type;
};

#define PT_LOAD   1
#define PT_NOTE   4
#define EM_X86_64 62
#define MAX_PADDR (1ull << 46)

static bool in_file(uint64_t offset, uint64_t size, size_t len)
{
    return offset <= len && size <= len - offset;
}

/* Read through memcpy: nothing in the file need be aligned. */
static void phdr_read(const uint8_t *file, const struct elf64_ehdr *eh, unsigned int i,
                      struct elf64_phdr *ph)
{
    memcpy(ph, file + eh->phoff + (uint64_t)i * sizeof(*ph), sizeof(*ph));
}

static const char *check_header(const uint8_t *file, size_t len, struct elf64_ehdr *eh)
{
    if (len < sizeof(*eh))
        return "shorter than an ELF header";
    memcpy(eh, file, sizeof(*eh));
    if (memcmp(eh->ident, "\177ELF", 4))
        return "not an ELF file";
    if (eh->ident[4] != 2 || eh->ident[5] != 1 || eh->machine != EM_X86_64)
        return "not a 64-bit x86 ELF file";
    if (eh->phentsize != sizeof(struct elf64_phdr))
        return "program headers of unknown size";
    if (!in_file(eh->phoff, (uint64_t)eh->phnum * sizeof(struct elf64_phdr), len))
        return "program headers outside the file";
    return NULL;
}

static const char *add_load(const struct elf64_phdr *ph, size_t len, struct pv_image *img)
{
    unsigned int n = img->nr_loads;

    if (!ph->memsz)
        return NULL;
    if (n == PV_IMAGE_MAX_LOADS)
        return "too many segments";
    if (!in_file(ph->offset, ph->filesz, len) || ph->filesz > ph->memsz)
        return "segment outside the file";
    if (ph->paddr >= MAX_PADDR || ph->memsz >= MAX_PADDR)
        return "segment at an impossible address";
    img->load[img->nr_loads++] =
        (struct pv_image_load){ph->offset, ph->filesz, ph->paddr, ph->memsz};
    if (!n || ph->paddr < img->pstart)
        img->pstart = ph->paddr;
    if (!n || ph->paddr + ph->memsz > img->pend)
        img->pend = ph->paddr + ph->memsz;
    return NULL;
}

static uint64_t note_number(const uint8_t *desc, uint32_t size)
{
    uint64_t v = 0;

    if (size != 4 && size != 8)
        return PV_UNSET;
    memcpy(&v, desc, size);
    return v;
}

static void take_note(uint32_t type, const uint8_t *desc, uint32_t size, struct pv_image *img)
{
    switch (type) {
    case XEN_ELFNOTE_VIRT_BASE:
        img->virt_base = note_number(desc, size);
        break;
    case XEN_ELFNOTE_ENTRY:
        img->entry = note_number(desc, size);
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        img->hypercall_page = note_number(desc, size);
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        img->paddr_offset = note_number(desc, size);
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        img->mod_start_is_pfn = note_number(desc, size) == 1;
        break;
    case XEN_ELFNOTE_GUEST_OS:
        for (unsigned int i = 0; i < size && i + 1 < sizeof(img->guest_os) && desc[i]; i++)
            img->guest_os[i] = desc[i] >= ' ' && desc[i] < 127 ? desc[i] : '?';
        break;
    default:
        break;
    }
}

static const char *read_notes(const uint8_t *p, uint64_t size, struct pv_image *img,
                              unsigned int *found)
{
    uint64_t pos = 0;

    while (size - pos >= sizeof(struct elf_note)) {
        struct elf_note note;
        uint64_t name = pos + sizeof(note), desc;

        memcpy(&note, p + pos, sizeof(note));
        desc = name + ROUNDUP((uint64_t)note.namesz, 4);
        if (!in_file(desc, note.descsz, size))
            return "note outside its segment";
        if (note.namesz == 4 && !memcmp(p + name, "Xen", 4)) {
            take_note(note.type, p + desc, note.descsz, img);
            ++*found;
        }
        pos = desc + ROUNDUP((uint64_t)note.descsz, 4);
        if (pos > size)
            break;
    }
    return NULL;
}

/* Notes that are absent get the ABI's defaults. */
static const char *resolve(const struct elf64_ehdr *eh, struct pv_image *img)
{
    if (img->virt_base == PV_UNSET)
        img->virt_base = 0;
    if (img->paddr_offset == PV_UNSET)
        img->paddr_offset = 0;
    if (img->entry == PV_UNSET)
        img->entry = eh->entry;
    if (img->pstart < img->paddr_offset)
        return "segments below PADDR_OFFSET";
    img->kstart = img->pstart - img->paddr_offset + img->virt_base;
    img->kend = img->pend - img->paddr_offset + img->virt_base;
    if (img->kend < img->kstart || (img->virt_base & (PAGE_SIZE - 1)))
        return "VIRT_BASE that does not fit";
    if (img->entry < img->kstart || img->entry >= img->kend)
        return "entry point outside the kernel";
    if (img->hypercall_page != PV_UNSET &&
        ((img->hypercall_page & (PAGE_SIZE - 1)) || img->hypercall_page < img->kstart ||
         img->hypercall_page >= img->kend || img->kend - img->hypercall_page < PAGE_SIZE))
        return "hypercall page outside the kernel";
    return NULL;
}

const char *pv_image_parse(const void *file, size_t len, struct pv_image *img)
{
    struct elf64_ehdr eh;
    struct elf64_phdr ph;
    unsigned int notes = 0;
    const char *err = check_header(file, len, &eh);

    memset(img, 0, sizeof(*img));
    img->virt_base = img->entry = img->paddr_offset = img->hypercall_page = PV_UNSET;
    for (unsigned int i = 0; !err && i < eh.phnum; i++) {
        phdr_read(file, &eh, i, &ph);
        if (ph.type == PT_LOAD)
            err = add_load(&ph, len, img);
        else if (ph.type == PT_NOTE && !in_file(ph.offset, ph.filesz, len))
            err = "notes outside the file";
        else if (ph.type == PT_NOTE)
            err = read_notes((const uint8_t *)file + ph.offset, ph.filesz, img, &notes);
    }
    if (err)
        return err;
    if (!img->nr_loads)
        return "no segment to load";
    if (!notes)
        return "no Xen notes: not a PV kernel";
    return resolve(&eh, img);
}
