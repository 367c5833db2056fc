/* SPDX-License-Identifier: MIT */
/*
 * frame.S - the general registers of struct cpu_user_regs in assembly: pushed
 * from below the error code down, and popped again.  For inclusion.
 */
    /* A name that C and other files know. */
    .macro ENTRY name
    .globl \name
    .hidden \name
    .balign 16
\name:
    .endm

    .macro SAVE_REGS
    .irp reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    pushq %\reg
    .endr
    .endm

    .macro RESTORE_REGS
    .irp reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    popq %\reg
    .endr
    .endm
