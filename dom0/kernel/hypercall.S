/* SPDX-License-Identifier: MIT */
/* hypercall.S - the way into the hypervisor. */
    .text

/*
 * long hypercall(unsigned int nr, a1, a2, a3, a4, a5)
 * From the C convention (rdi rsi rdx rcx r8 r9) to Xen's (page entry, rdi rsi
 * rdx r10 r8).  Clobbers what a C function may.
 */
    .globl hypercall
    .type hypercall, @function
hypercall:
    mov %edi, %eax
    shl $5, %eax
    add $hypercall_page, %eax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    jmp *%rax
    .size hypercall, . - hypercall

    .section .note.GNU-stack, "", @progbits
