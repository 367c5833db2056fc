/* SPDX-License-Identifier: MIT */
/* exit_msr.c - RDMSR and WRMSR; what each MSR means is in cpu/guest_msr.c. */
#include <asm/cpu_policy.h>
#include <asm/processor.h>

#include "../hvm/cr.h"
#include "vmx.h"

enum exit_action exit_rdmsr(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t value;
    if (guest_rdmsr(v, regs->ecx, &value)) {
        hvm_inject_exception(v, X86_EXC_GP, 0);
        return EXIT_RESUME;
    }
    regs->rax = (uint32_t)value;
    regs->rdx = value >> 32;
    return EXIT_ADVANCE;
}

enum exit_action exit_wrmsr(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t value = (uint64_t)regs->edx << 32 | regs->eax;
    /* EFER is what guests write most. */
    if (regs->ecx == MSR_EFER ? hvm_set_efer(v, value) : guest_wrmsr(v, regs->ecx, value)) {
        hvm_inject_exception(v, X86_EXC_GP, 0);
        return EXIT_RESUME;
    }
    return EXIT_ADVANCE;
}
