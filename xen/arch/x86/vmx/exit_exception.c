/* SPDX-License-Identifier: MIT */
/*
 * exit_exception.c - exceptions that exit: #DB and #AC, #UD while the
 * forced-emulation prefix is on, and #PF under shadow paging.
 *
 * The first two are the guest's own.  They are intercepted only because their delivery
 * can raise them again for ever (XSA-156): given back after an exit, each
 * round passes through here, where softirqs and the scheduler run.
 */

#include "../hvm/emul.h"
#include "lbr.h"
#include "vmx.h"

#define DR6_HIT_BITS 0xe00f /* BT BS BD B3-B0, as the exit qualification has them */
#define DR6_BD       (1ul << 13)
#define DR7_GD       (1ul << 13)
#define DR7_WRITABLE 0xffff23fful
#define DR7_FIXED    0x400ul

/* A #DB that exits leaves DR6, DR7.GD and DEBUGCTL untouched: do what delivery would. */
static __cold void reinject_debug(struct vcpu *v, uint32_t info)
{
    unsigned int type = INTR_TYPE(info);
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

__cold void hvm_note_debug_trap(struct vcpu *v, unsigned long bits)
{
    unsigned long dr6;

    vmx_load_debug_registers(v);
    __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%db6" ::"r"(dr6 | bits));
}

__cold bool hvm_move_dr(struct vcpu *v, unsigned int n, uint64_t *value, bool write)
{
    unsigned long dr7 = vmreadnw(GUEST_DR7);
    unsigned long *dr = n == 7 ? &dr7 : n == 6 ? &v->arch.dr6 : &v->arch.dr[n];

    if (dr7 & DR7_GD) {
        vmwritenw(GUEST_DR7, dr7 & ~DR7_GD);
        hvm_note_debug_trap(v, DR6_BD);
        return false;
    }
    vmx_save_debug_registers(v);
    if (!write)
        *value = *dr;
    else
        *dr = *value;
    if (write && n == 7)
        vmwritenw(GUEST_DR7, (dr7 & DR7_WRITABLE) | DR7_FIXED);
    vmx_load_debug_registers(v);
    return true;
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
