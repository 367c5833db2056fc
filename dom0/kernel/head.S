/* SPDX-License-Identifier: MIT */
/*
 * head.S - what the domain builder reads, and the first instructions.
 *
 * The kernel is linked at VIRT_BASE 0, 1 MiB up: newlib is compiled for the
 * small code model, which wants all code and data below 2 GiB, and with
 * VIRT_BASE 0 the virtual address of a boot-time page is its frame number
 * times the page size, for every builder.  The unused first MiB becomes the
 * pool of page tables (kernel/frames.c).
 */
#include <xen/elfnote.h>

/* elfnote NAME, TYPE, KIND, VALUE: one note of owner "Xen". */
.macro elfnote type:req, kind:req, value:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 2f - 1f
    .long 4f - 3f
    .long \type
1:  .asciz "Xen"
2:  .balign 4
3:  \kind \value
4:  .balign 4
    .popsection
.endm

elfnote XEN_ELFNOTE_GUEST_OS, .asciz, "Cairn dom0"
elfnote XEN_ELFNOTE_GUEST_VERSION, .asciz, CAIRN_VERSION
elfnote XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
elfnote XEN_ELFNOTE_VIRT_BASE, .quad, 0
elfnote XEN_ELFNOTE_ENTRY, .quad, _start
elfnote XEN_ELFNOTE_HYPERCALL_PAGE, .quad, hypercall_page
elfnote XEN_ELFNOTE_FEATURES, .asciz, "!writable_page_tables|pae_pgdir_above_4gb"
elfnote XEN_ELFNOTE_PAE_MODE, .asciz, "yes"
elfnote XEN_ELFNOTE_LOADER, .asciz, "generic"

    .section .text.head, "ax", @progbits
    .code64

/*
 * In:  %rsi start_info, %rsp the builder's stack, events masked.
 * The builder's stack is the last thing it placed, so its address also tells
 * where free memory begins.
 */
    .globl _start
    .type _start, @function
_start:
    cld
    mov %rsi, %rdi
    mov %rsp, %rsi
    mov $main_stack_top, %esp
    xor %ebp, %ebp
    call start
    ud2
    .size _start, . - _start

/* Filled by the hypervisor: entry nr is at 32 * nr. */
    .section .text.hypercall_page, "ax", @progbits
    .globl hypercall_page
    .balign 4096
hypercall_page:
    .fill 4096, 1, 0xc3
    .size hypercall_page, 4096

    .section .note.GNU-stack, "", @progbits
