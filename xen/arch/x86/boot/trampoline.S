/* SPDX-License-Identifier: MIT */
/*
 * trampoline.S - where a CPU begins after a start-up IPI: real mode, in a page
 * below 1 MiB that boot/smp_boot.c copied this to.
 *
 * Position independent until paging is on: EBX is the page's address.  The
 * page tables it uses map that page (read, execute) beside the hypervisor.
 */
#include <asm-offsets.h>
#include <asm/config.h>

#define MSR_EFER 0xc0000080
#define MSR_MISC_ENABLE 0x1a0
#define CS32 0x08
#define DS32 0x10
#define CS64 0x18

#define REL(sym) ((sym) - trampoline_start)

    .section .init.data, "aw", @progbits
    .macro SYMBOL name
    .globl \name
    .hidden \name
\name:
    .endm

    .code16
    .balign 16
SYMBOL trampoline_start
    cli
    cld
    xorl %ebx, %ebx
    movw %cs, %bx
    movw %bx, %ds
    shll $4, %ebx
    /* The addresses that depend on where we are. */
    leal REL(.Lgdt)(%ebx), %eax
    movl %eax, REL(.Lgdtr) + 2
    leal REL(.Lstart32)(%ebx), %eax
    movl %eax, REL(.Ljump32)
    leal REL(.Lstart64)(%ebx), %eax
    movl %eax, REL(.Ljump64)
    lgdtl REL(.Lgdtr)
    movl $0x11, %eax /* PE ET */
    movl %eax, %cr0
    ljmpl *REL(.Ljump32)

    .code32
.Lstart32:
    movw $DS32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %ebx, %ebp

    /* Firmware can hide NX: as in head.S, and CPU 0 has it. */
    movl $0x80000001, %eax
    cpuid
    btl $20, %edx
    jc 1f
    movl $MSR_MISC_ENABLE, %ecx
    rdmsr
    andl $~4, %edx
    wrmsr
1:
    movl $0x20, %eax /* PAE */
    movl %eax, %cr4
    movl REL(trampoline_cr3)(%ebp), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $0x901, %eax /* NXE LME SCE */
    wrmsr
    movl $0x80010033, %eax /* PG WP NE ET MP PE, caches on */
    movl %eax, %cr0
    ljmpl *REL(.Ljump64)(%ebp)

    .code64
.Lstart64:
    movabsq $ap_high_entry, %rax
    jmp *%rax

    .balign 8
.Lgdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* ring 0 code, 32-bit */
    .quad 0x00cf93000000ffff /* ring 0 data */
    .quad 0x00af9b000000ffff /* ring 0 code, 64-bit */
.Lgdtr:
    .word .Lgdtr - .Lgdt - 1
    .long 0
.Ljump32:
    .long 0
    .word CS32
.Ljump64:
    .long 0
    .word CS64
    .balign 4
SYMBOL trampoline_cr3
    .long 0
SYMBOL trampoline_end

    .section .text.entry, "ax", @progbits
    .code64
    .balign 16
/* At its real address: the final page tables and its own stack. */
ap_high_entry:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    leaq idle_pgt(%rip), %rax
    movabsq $XEN_VA_START, %rcx
    subq %rcx, %rax
    movq %rax, %cr3
    movq %cr4, %rax
    orq $0x80, %rax /* PGE */
    movq %rax, %cr4
    movq ap_boot_stack(%rip), %rsp
    pushq $0
    popfq
    xorl %ebp, %ebp
    call start_ap
1:  hlt
    jmp 1b

    .section .note.GNU-stack, "", @progbits
