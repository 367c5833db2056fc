/* SPDX-License-Identifier: MIT */
/*
 * exit_insn.c - CPUID, RDMSR, WRMSR, answered by the domain's policy
 * (cpu/guest_*.c); IN and OUT from their qualification, INS and OUTS by the
 * emulator.
 */

#include "../hvm/cr.h"
#include "../hvm/devices.h"
#include "../hvm/emul.h"
#include "vmx.h"

enum exit_action exit_cpuid(struct vcpu *v, struct cpu_user_regs *regs)
{
    if (unlikely(v->arch.hvm.cpuid_faulting) && hvm_get_cpl() != 0)
        return exit_inject(v, X86_EXC_GP);
    guest_cpuid_regs(v, regs);
    return EXIT_ADVANCE;
}

enum exit_action exit_rdmsr(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t value;

    if (guest_rdmsr(v, regs->ecx, &value))
        return exit_inject(v, X86_EXC_GP);
    regs_set_edx_eax(regs, value);
    return EXIT_ADVANCE;
}

enum exit_action exit_wrmsr(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t value = (uint64_t)regs->edx << 32 | regs->eax;

    /* EFER is what guests write most. */
    if (regs->ecx == MSR_EFER ? hvm_set_efer(v, value) : guest_wrmsr(v, regs->ecx, value))
        return exit_inject(v, X86_EXC_GP);
    return EXIT_ADVANCE;
}

/* SDM "Exit Qualification for I/O Instructions" */
union io_qualification {
    uint64_t raw;
    struct {
        uint64_t size_less_one : 3;
        uint64_t in : 1;
        uint64_t string : 1;
        uint64_t : 11;
        uint64_t port : 16;
    };
};

enum exit_action exit_io(struct vcpu *v, struct cpu_user_regs *regs)
{
    union io_qualification q = {.raw = vmreadnw(EXIT_QUALIFICATION)};
    unsigned int size = q.size_less_one + 1;
    uint32_t value;

    if (unlikely(q.string))
        return hvm_emulate_one(v, regs) == EMUL_UNHANDLEABLE ? EXIT_CRASH : EXIT_RESUME;
    if (!q.in) {
        hvm_port_out(v, q.port, size, regs->eax);
        return EXIT_ADVANCE;
    }
    value = hvm_port_in(v, q.port, size);
    if (size == 1)
        regs->al = value;
    else if (size == 2)
        regs->ax = value;
    else
        regs->rax = value; /* a 32-bit result clears the upper half */
    return EXIT_ADVANCE;
}
