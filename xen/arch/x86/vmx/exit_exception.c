/* SPDX-License-Identifier: MIT */
/*
 * exit_exception.c - exceptions that exit: #DB and #AC, #UD while the
 * forced-emulation prefix is on, and #PF under shadow paging.
 *
 * The first two are the guest's own.  They are intercepted only because their delivery
 * can raise them again for ever (XSA-156): given back after an exit, each
 * round passes through here, where softirqs and the scheduler run.
 */
#include <asm/page.h>
#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/lib.h>

#include "../hvm/emul.h"
#include "lbr.h"
#include "vmx.h"

#define DR6_HIT_BITS 0xe00f /* BT BS BD B3-B0, as the exit qualification has them */
#define DR6_BD       (1ul << 13)
#define DR7_GD       (1ul << 13)

/* A #DB that exits leaves DR6, DR7.GD and DEBUGCTL untouched: do what delivery would. */
static void reinject_debug(struct vcpu *v, uint32_t info)
{
    unsigned int type = (info & INTR_TYPE_MASK) >> INTR_TYPE_SHIFT;
    unsigned long hits = vmreadnw(EXIT_QUALIFICATION) & DR6_HIT_BITS;
    unsigned long dr6;

    vmx_load_debug_registers(v);
    __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
    dr6 = (dr6 & ~0xful) | hits;
    __asm__ volatile("mov %0, %%db6" ::"r"(dr6));
    if (hits & DR6_BD)
        vmwritenw(GUEST_DR7, vmreadnw(GUEST_DR7) & ~DR7_GD);
    vmwrite64(GUEST_DEBUGCTL, vmread64(GUEST_DEBUGCTL) & ~DEBUGCTL_LBR);

    /* In a shadow with TF set, VM entry demands a pending single step (XSA-308). */
    if ((vmread32(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_SHADOW) &&
        (vmreadnw(GUEST_RFLAGS) & X86_EFLAGS_TF))
        vmwritenw(GUEST_PENDING_DBG, vmreadnw(GUEST_PENDING_DBG) | PENDING_DBG_BS);

    unsigned int len = type == INTR_TYPE_PRIV_SW_EXC ? vmread32(VM_EXIT_INSN_LEN) : 0;
    hvm_queue_event(v, X86_EXC_DB, type, false, 0, len);
}

void hvm_note_debug_trap(struct vcpu *v, unsigned long bits)
{
    unsigned long dr6;

    vmx_load_debug_registers(v);
    __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%db6" ::"r"(dr6 | bits));
}

enum exit_action exit_exception(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint32_t info = vmread32(VM_EXIT_INTR_INFO);

    if (info & INTR_NMI_UNBLOCK)
        exit_iret_faulted();

    if (unlikely(v->arch.hvm.vmx.vm86_active) && (info & INTR_VECTOR_MASK) != X86_EXC_DB &&
        (info & INTR_VECTOR_MASK) != X86_EXC_PF)
        return vmx_real_mode_exception(v, regs, info);
    switch (info & INTR_VECTOR_MASK) {
    case X86_EXC_DB:
        reinject_debug(v, info);
        return EXIT_RESUME;
    case X86_EXC_PF:
        return exit_page_fault(v, regs);
    case X86_EXC_UD:
        hvm_undefined_opcode(v, regs);
        return EXIT_RESUME;
    case X86_EXC_AC:
        hvm_inject_exception(v, X86_EXC_AC, vmread32(VM_EXIT_INTR_EC));
        return EXIT_RESUME;
    default:
        return EXIT_CRASH;
    }
}
