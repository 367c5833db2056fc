/* SPDX-License-Identifier: MIT */
/*
 * xen.lds.S - layout of the image: one group of whole pages per permission,
 * in the order read-execute, read, (init: read-execute, read-write),
 * read-write.  boot/head.S maps the groups by the symbols defined here.
 *
 * Linked at XEN_VA_START + XEN_LOAD_PHYS, loaded at XEN_LOAD_PHYS.
 */
#include <asm/config.h>

OUTPUT_FORMAT("elf64-x86-64", "elf64-x86-64", "elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    inittext PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

#define PHYS(section) AT(ADDR(section) - XEN_VA_START)

SECTIONS
{
    . = XEN_VA_START + XEN_LOAD_PHYS;
    _start = .;
    .text : PHYS(.text) {
        *(.text.head)
        _stext = .;
        *(.text.entry)
        *(.text .text.*)
        . = ALIGN(4096);
        _etext = .;
    } :text

    .rodata : PHYS(.rodata) {
        _srodata = .;
        *(.rodata .rodata.*)
        *(.got .got.plt)
        . = ALIGN(8);
        __extable_start = .;
        KEEP(*(.extable))
        __extable_end = .;
        . = ALIGN(8);
        __keys_start = .;
        KEEP(*(.keys))
        __keys_end = .;
    } :rodata
    .note.Xen : PHYS(.note.Xen) {
        KEEP(*(.note.Xen))
    } :rodata :note
    .note.gnu.build-id : PHYS(.note.gnu.build-id) {
        __build_id_start = .;
        KEEP(*(.note.gnu.build-id))
        __build_id_end = .;
    } :rodata :note
    . = ALIGN(4096);
    _erodata = .;

    __init_begin = .;
    .init.text : PHYS(.init.text) {
        *(.init.text)
        . = ALIGN(4096);
    } :inittext
    __init_text_end = .;
    .init.data : PHYS(.init.data) {
        . = ALIGN(8);
        __params_start = .;
        KEEP(*(.init.params))
        __params_end = .;
        *(.init.data .init.rodata)
        . = ALIGN(4096);
    } :data
    __init_end = .;

    .data : PHYS(.data) {
        *(.data .data.rel .data.rel.* .data.*.page)
    } :data
    .bss : PHYS(.bss) {
        *(.bss.page_aligned)
        . = ALIGN(64);
        __percpu_start = .;
        *(.bss.percpu)
        . = ALIGN(64);
        __percpu_end = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
    } :data
    _end = .;

    /DISCARD/ : {
        *(.comment .eh_frame .eh_frame_hdr .note.GNU-stack .note.gnu.property)
        *(.discard)
    }
}

ASSERT(_start == XEN_VA_START + XEN_LOAD_PHYS, "image begins where head.S maps it")
ASSERT(_end - _start <= 0x200000, "image larger than the one L1 table of head.S")
ASSERT((_etext & 4095) == 0 && (_erodata & 4095) == 0, "permission groups share a page")
ASSERT((__init_end & 4095) == 0, "init shares a page")
ASSERT((SIZEOF(.init.data) == 0) || (__params_start & 7) == 0, "parameters misaligned")
