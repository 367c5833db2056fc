/* SPDX-License-Identifier: MIT */
/* exit_msr.c - CPUID, RDMSR, WRMSR: answered by the domain's policy (cpu/guest_*.c). */
#include <asm/cpu_policy.h>
#include <asm/current.h>
#include <asm/processor.h>

#include "../hvm/cr.h"
#include "vmx.h"

static enum exit_action general_protection(struct vcpu *v)
{
    hvm_inject_exception(v, X86_EXC_GP, 0);
    return EXIT_RESUME;
}

enum exit_action exit_cpuid(struct vcpu *v, struct cpu_user_regs *regs)
{
    if (unlikely(v->arch.hvm.cpuid_faulting) && hvm_get_cpl() != 0)
        return general_protection(v);
    guest_cpuid_regs(v, regs);
    return EXIT_ADVANCE;
}

enum exit_action exit_rdmsr(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t value;

    if (guest_rdmsr(v, regs->ecx, &value))
        return general_protection(v);
    regs_set_edx_eax(regs, value);
    return EXIT_ADVANCE;
}

enum exit_action exit_wrmsr(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t value = (uint64_t)regs->edx << 32 | regs->eax;

    /* EFER is what guests write most. */
    if (regs->ecx == MSR_EFER ? hvm_set_efer(v, value) : guest_wrmsr(v, regs->ecx, value))
        return general_protection(v);
    return EXIT_ADVANCE;
}
