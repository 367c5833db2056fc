/* SPDX-License-Identifier: MIT */
/*
 * entry.S - where the hypervisor enters the kernel, and the thread switch.
 *
 * An exception frame, from the top of the stack: rcx, r11, [error code], rip,
 * cs, rflags, rsp, ss.  With the first two popped it is what a processor
 * pushes.  The way back is the iret hypercall.
 */
#include <xen/xen.h>

    .text

/* In: an 8-byte `flags' of 0, rip, cs, rflags, rsp, ss on the stack. */
#define HYPERVISOR_IRET hypercall_page + 32 * __HYPERVISOR_iret

/*
 * Event upcall.  The kernel looks at event channels only when it is idle, so
 * this has nothing to do but return with events masked again: IF in the frame
 * becomes the new (inverted) mask.  No register but rcx and r11 is touched.
 */
    .globl entry_event
    .type entry_event, @function
entry_event:
    pop %rcx
    pop %r11
    andl $~0x200, 16(%rsp)
    push $0
    jmp HYPERVISOR_IRET
    .size entry_event, . - entry_event

/* NMI is masked in dom0 and failsafe means a bad selector: neither is ours. */
    .globl entry_failsafe
    .type entry_failsafe, @function
entry_failsafe:
    mov %rsp, %rdi
    call trap_failsafe
    ud2
    .size entry_failsafe, . - entry_failsafe

.macro trap_entry vec:req, has_error:req
    .globl trap_entry_\vec
    .type trap_entry_\vec, @function
trap_entry_\vec:
    pop %rcx
    pop %r11
    .if \has_error == 0
    push $0
    .endif
    push $\vec
    jmp trap_common
    .size trap_entry_\vec, . - trap_entry_\vec
.endm

    .irp vec, 0, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19
    trap_entry \vec, 0
    .endr
    .irp vec, 8, 10, 11, 12, 13, 14, 17, 21
    trap_entry \vec, 1
    .endr

/* Saves what struct trap_frame lists, in that order. */
trap_common:
    .irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    push %\reg
    .endr
    cld
    mov %rsp, %rdi
    mov %rsp, %rbx
    and $~15, %rsp
    call trap_handle
    mov %rbx, %rsp
    .irp reg, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    pop %\reg
    .endr
    add $16, %rsp
    push $0
    jmp HYPERVISOR_IRET

/*
 * void thread_switch(void **save, void *load): keep this stack in *save, go on
 * with the one of load.  FPU control words are the same in all threads.
 */
    .globl thread_switch
    .type thread_switch, @function
thread_switch:
    .irp reg, rbx, rbp, r12, r13, r14, r15
    push %\reg
    .endr
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    .irp reg, r15, r14, r13, r12, rbp, rbx
    pop %\reg
    .endr
    ret
    .size thread_switch, . - thread_switch

/* First instructions of a thread: thread_switch() returns to here. */
    .globl thread_entry
    .type thread_entry, @function
thread_entry:
    xor %ebp, %ebp
    call thread_main
    ud2
    .size thread_entry, . - thread_entry

/* The stack of the first thread, with a page below that start.c unmaps. */
    .section .bss.main_stack, "aw", @nobits
    .balign 4096
    .globl main_stack_guard
main_stack_guard:
    .skip 4096
    .skip 128 * 1024
    .globl main_stack_top
main_stack_top:

    .section .note.GNU-stack, "", @progbits
