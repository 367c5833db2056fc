/* SPDX-License-Identifier: MIT */
/*
 * entry.S - every exception and interrupt: a stub per vector, the frame
 * (struct cpu_user_regs), the call into C, and the way back to hypervisor
 * code.  The way back to a PV guest is pv_exit_to_guest (pv/entry.S).
 *
 * Interrupt gates throughout: interrupts are off until C enables them.
 */
#include <asm-offsets.h>
#include <asm/config.h>
#include <asm/frame.S>

#define EXC_DB 1
#define EXC_NMI 2
#define EXC_DF 8
#define EXC_MC 18
#define HAS_EC 0x60227d00 /* 8 10-14 17 21 29 30 */
#define FIRST_IRQ 0x20

    .section .text.entry, "ax", @progbits
    .code64

/* 16 bytes a vector: error code (0 if the processor pushed none), vector. */
ENTRY trap_stubs
    vector = 0
    .rept FIRST_IRQ
    .balign 16
    .if !((HAS_EC >> vector) & 1)
    pushq $0
    .endif
    movl $vector, 4(%rsp)
    jmp trap_common
    vector = vector + 1
    .endr
    .rept 256 - FIRST_IRQ
    .balign 16
    pushq $0
    movl $vector, 4(%rsp)
    jmp trap_common
    vector = vector + 1
    .endr
    .balign 16

trap_common:
    SAVE_REGS
    cld
    cmpb $0, cpu_smap_on(%rip)
    je 1f
    clac
1:  /* Nothing of the guest's stays in registers: no speculative gadget food. */
    xorl %ebp, %ebp
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    movl UREGS_entry_vector(%rsp), %eax
    cmpl $FIRST_IRQ, %eax
    jae handle_irq

    cmpl $EXC_DB, %eax
    je handle_debug
handle_exception:
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call do_exception
    movq %rbx, %rsp
    testb $3, UREGS_cs(%rsp)
    jz restore_all_host
    movl UREGS_entry_vector(%rsp), %eax
    cmpl $EXC_NMI, %eax
    je restore_all_host
    cmpl $EXC_MC, %eax
    je restore_all_host
    jmp pv_exit_to_guest

handle_irq:
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call do_irq
    movq %rbx, %rsp
    testb $3, UREGS_cs(%rsp)
    jnz pv_exit_to_guest
    /* fall through */

restore_all_host:
    RESTORE_REGS
    addq $8, %rsp
    iretq

/*
 * #DB has a stack of its own: after MOV SS; SYSCALL the processor delivers a
 * pending one at the first instruction of the SYSCALL entry, still on the
 * guest's stack pointer.  One that comes from the guest goes on as any
 * other exception, so its frame moves to the main stack.
 */
handle_debug:
    testb $3, UREGS_cs(%rsp)
    jz handle_exception
    movq %rsp, %rsi
    movq %rsp, %rdi
    orq $STACK_SIZE - 1, %rdi
    subq $CPUINFO_sizeof - 1 - CPUINFO_guest_regs, %rdi
    movq %rdi, %rax
    movl $UREGS_kernel_sizeof / 8, %ecx
    rep movsq
    movq %rax, %rsp
    jmp handle_exception

    .section .note.GNU-stack, "", @progbits
