/* SPDX-License-Identifier: MIT */
/*
 * elf_make.h - a small kernel image, for tests to load and to damage.
 */
#ifndef TEST_ELF_MAKE_H
#define TEST_ELF_MAKE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <elf.h>

#include <xen/elfnote.h>

/* ELF32 with machine x86-64, as 64-bit HVM test kernels are. */
struct small32 {
    Elf32_Ehdr header;
    Elf32_Phdr segments[2];
    struct {
        Elf32_Nhdr header;
        char name[4];
        uint32_t value;
    } note;
    char code[5000];
};

static inline struct small32 elf_make32(void)
{
    struct small32 f;

    memset(&f, 0, sizeof(f));
    memcpy(f.header.e_ident, ELFMAG, 4);
    f.header.e_ident[EI_CLASS] = ELFCLASS32;
    f.header.e_ident[EI_DATA] = ELFDATA2LSB;
    f.header.e_type = ET_EXEC;
    f.header.e_machine = EM_X86_64;
    f.header.e_entry = 0x100000;
    f.header.e_phoff = offsetof(struct small32, segments);
    f.header.e_phentsize = sizeof(Elf32_Phdr);
    f.header.e_phnum = 2;
    f.segments[0] = (Elf32_Phdr){.p_type = PT_LOAD,
                                 .p_offset = offsetof(struct small32, code),
                                 .p_vaddr = 0x100000,
                                 .p_paddr = 0x100000,
                                 .p_filesz = sizeof(f.code),
                                 .p_memsz = 0x2000};
    f.segments[1] = (Elf32_Phdr){
        .p_type = PT_NOTE, .p_offset = offsetof(struct small32, note), .p_filesz = sizeof(f.note)};
    f.note.header = (Elf32_Nhdr){4, 4, XEN_ELFNOTE_PHYS32_ENTRY};
    memcpy(f.note.name, "Xen", 4);
    f.note.value = 0x100070;
    return f;
}

#endif
