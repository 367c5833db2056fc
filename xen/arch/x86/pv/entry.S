/* SPDX-License-Identifier: MIT */
/*
 * entry.S - SYSCALL and SYSENTER from a PV guest, and the way back to it.
 *
 * SYSCALL lands in a per-CPU stub (pv/domain.c), which parks RAX in
 * cpu_info.scratch and exchanges the stack pointer: here RSP is the top of
 * the main stack (guest_regs.es) and RAX the guest's RSP.  Interrupts are off
 * by SFMASK; NMI, #MC and #DB have stacks of their own.
 *
 * Invariant everywhere below the entry points: RSP = guest_regs of cpu_info,
 * which is 8 modulo 16.
 */
#include <asm-offsets.h>
#include <asm/config.h>
#include <asm/frame.S>

#define TRAP_SYSCALL 0x100
#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_SS64 0xe02b
#define SCRATCH_FROM_EC (CPUINFO_scratch - CPUINFO_guest_regs - UREGS_error_code)

    /* Frame of a SYSCALL that came from code segment \cs. */
    .macro SYSCALL_FRAME cs
    pushq $FLAT_RING3_SS64
    pushq %rax
    pushq %r11
    pushq $\cs
    pushq %rcx
    pushq $0
    movl $TRAP_SYSCALL, 4(%rsp)
    movq SCRATCH_FROM_EC(%rsp), %rax
    SAVE_REGS
    .endm

    /* Call C with the frame as the argument. */
    .macro CALL_WITH_REGS fn
    movq %rsp, %rdi
    subq $8, %rsp
    call \fn
    addq $8, %rsp
    .endm

    .section .text.entry, "ax", @progbits
    .code64

ENTRY lstar_enter
    SYSCALL_FRAME FLAT_RING3_CS64
    CALL_WITH_REGS pv_hypercall
    /* fall through */

ENTRY pv_exit_to_guest
    cli
    CALL_WITH_REGS pv_exit_prepare
    testl %eax, %eax
    jz exit_by_iret
    RESTORE_REGS
    movq UREGS_rip-UREGS_error_code(%rsp), %rcx
    movq UREGS_eflags-UREGS_error_code(%rsp), %r11
    movq UREGS_rsp-UREGS_error_code(%rsp), %rsp
    sysretq

exit_by_iret:
    RESTORE_REGS
    addq $8, %rsp
1:  iretq
    .section .extable, "a"
    .balign 4
    .long 1b - ., iret_fault - .
    .previous

/* The frame cannot be returned to: make it whole again, with the error code and
 * vector that were met, and go on as if the guest had met them: interrupts on,
 * since the next frame may be refused too, as long as there is stack. */
iret_fault:
    pushq CPUINFO_scratch-CPUINFO_guest_regs-UREGS_rip(%rsp)
    SAVE_REGS
    CALL_WITH_REGS pv_handle_exception
    jmp pv_exit_to_guest

ENTRY cstar_enter
    SYSCALL_FRAME FLAT_RING3_CS32
    CALL_WITH_REGS pv_compat_syscall
    jmp pv_exit_to_guest

/* RSP = guest_regs.es; the guest's RIP and RSP are known to itself only. */
ENTRY sysenter_entry
    pushq $FLAT_RING3_SS64
    pushq $0
    pushfq
    pushq $3
    pushq $0
    pushq $0
    movl $TRAP_SYSCALL, 4(%rsp)
    SAVE_REGS
    /* SYSENTER leaves NT, AC, DF and TF as the guest had them. */
    pushq $2
    popfq
    CALL_WITH_REGS pv_sysenter
    jmp pv_exit_to_guest

/*
 * reset_stack_and_jump() target.  No interrupt may come while RSP points to
 * the end of struct cpu_info: its frame would lie on top of that.
 */
ENTRY pv_enter_guest
    cli
    orq $STACK_SIZE - 1, %rsp
    subq $CPUINFO_sizeof - 1 - CPUINFO_guest_regs, %rsp
    jmp pv_exit_to_guest

    .section .note.GNU-stack, "", @progbits
