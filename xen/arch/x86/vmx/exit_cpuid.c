/* SPDX-License-Identifier: MIT */
/* exit_cpuid.c - CPUID, answered by the domain's policy. */
#include <asm/cpu_policy.h>
#include <asm/processor.h>

#include "vmx.h"

enum exit_action exit_cpuid(struct vcpu *v, struct cpu_user_regs *regs)
{
    struct cpuid_leaf leaf;
    if (unlikely(v->arch.hvm.cpuid_faulting) && hvm_get_cpl() != 0) {
        hvm_inject_exception(v, X86_EXC_GP, 0);
        return EXIT_RESUME;
    }
    guest_cpuid(v, regs->eax, regs->ecx, &leaf);
    regs->rax = leaf.a;
    regs->rbx = leaf.b;
    regs->rcx = leaf.c;
    regs->rdx = leaf.d;
    return EXIT_ADVANCE;
}
