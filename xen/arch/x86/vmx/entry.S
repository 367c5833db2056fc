/* SPDX-License-Identifier: MIT */
/*
 * entry.S - into the guest and out of it.  Saves and loads the general
 * registers (all but RSP, which the VMCS switches) and decides nothing.
 *
 * Stack: HOST_RSP points at guest_regs.error_code of struct cpu_info, so that
 * fifteen pushes fill guest_regs.r15 .. guest_regs.rdi.  &guest_regs is 8
 * modulo 16: one more push aligns the stack for a call.
 */
#include <asm/frame.S>

        .section .text, "ax", @progbits

/*
 * vmx_exit_entry - HOST_RIP: the guest stopped.
 * in:       guest general registers; rsp = &guest_regs.error_code; IF=0
 * out:      the guest again (vmx_handle_exit may instead switch vCPU and not return)
 * clobbers: everything; what is not saved here is in the VMCS
 */
ENTRY vmx_exit_entry
        SAVE_REGS
        /* No guest value is left for C to compute with by mistake. */
        xor     %ebx, %ebx
        xor     %ebp, %ebp
        xor     %r12d, %r12d
        xor     %r13d, %r13d
        xor     %r14d, %r14d
        xor     %r15d, %r15d
        mov     %rsp, %rdi
        sub     $8, %rsp
        call    vmx_handle_exit
        mov     %rax, %rsp
        RESTORE_REGS
        vmresume
        jmp     vmx_entry_refused

/*
 * hvm_enter_guest - run the current vCPU, coming from a context switch.
 * in:       any rsp on this CPU's main stack, at or below guest_regs
 * out:      the guest
 */
ENTRY hvm_enter_guest
        and     $-16, %rsp
        xor     %ebp, %ebp
        call    vmx_prepare_entry
        mov     %rax, %rsp
        test    %rdx, %rdx
        jz      1f
        RESTORE_REGS
        vmresume
        jmp     vmx_entry_refused
1:      RESTORE_REGS
        vmlaunch
        /* fall through: an entry that succeeds does not come back here */

/*
 * vmx_entry_refused - VMLAUNCH or VMRESUME set CF or ZF.
 * in:       rsp = &guest_regs.error_code; the registers below it are intact
 */
vmx_entry_refused:
        sub     $16 * 8, %rsp
        call    vmx_entry_failed
        jmp     hvm_enter_guest

        .section .note.GNU-stack, "", @progbits
