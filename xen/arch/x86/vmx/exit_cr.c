/* SPDX-License-Identifier: MIT */
/*
 * exit_cr.c - MOV to and from control registers, CLTS, LMSW, MOV DR.
 * What is legal and what results is decided in hvm/cr.c.
 */

#include "../hvm/cr.h"
#include "vmx.h"

/* SDM "Exit Qualification for Control-Register Accesses" */
union cr_qualification {
    uint64_t raw;
    struct {
        uint64_t cr : 4;
        uint64_t type : 2;
        uint64_t : 2;
        uint64_t gpr : 4;
        uint64_t : 4;
        uint64_t lmsw_source : 16;
    };
};
enum { CR_MOV_TO, CR_MOV_FROM, CR_CLTS }; /* 3: LMSW */

unsigned long hvm_read_gpr(const struct cpu_user_regs *regs, unsigned int n)
{
    if (n == 4)
        return vmreadnw(GUEST_RSP);
    return *regs_gpr((struct cpu_user_regs *)regs, n);
}

void hvm_write_gpr(struct cpu_user_regs *regs, unsigned int n, unsigned long value)
{
    if (n == 4)
        vmwritenw(GUEST_RSP, value);
    else
        *regs_gpr(regs, n) = value;
}

enum exit_action exit_cr_access(struct vcpu *v, struct cpu_user_regs *regs)
{
    union cr_qualification q = {.raw = vmreadnw(EXIT_QUALIFICATION)};
    int rc = 0;

    if (likely(q.type == CR_MOV_TO)) {
        uint64_t value = hvm_read_gpr(regs, q.gpr);
        if (value >> 32 && !hvm_cs_is_64bit(v))
            value = (uint32_t)value;
        rc = likely(q.cr == 3) ? hvm_set_cr3(v, value) : hvm_set_cr(v, q.cr, value);
        if (unlikely(rc == -EINVAL))
            return EXIT_CRASH; /* it does not exit */
    } else if (q.type == CR_MOV_FROM) {
        if (q.cr == 3)
            hvm_write_gpr(regs, q.gpr, v->arch.hvm.ctrl.cr3);
        else if (q.cr == 8)
            hvm_write_gpr(regs, q.gpr, vlapic_get_cr8(v));
        else
            return EXIT_CRASH;
    } else {
        hvm_sync_ctrl(v);
        uint64_t cr0 = v->arch.hvm.ctrl.cr0;
        cr0 = q.type == CR_CLTS ? cr0 & ~X86_CR0_TS : x86_lmsw(cr0, q.lmsw_source);
        rc = hvm_set_cr0(v, cr0);
    }
    return unlikely(rc) ? exit_inject(v, X86_EXC_GP) : EXIT_ADVANCE;
}

/* Shadow paging.  The processor has checked the address already. */
enum exit_action exit_invlpg(struct vcpu *v, struct cpu_user_regs *regs)
{
    v->domain->arch.paging->invlpg(v, vmreadnw(EXIT_QUALIFICATION));
    return EXIT_ADVANCE;
}

/* The first touch since the vCPU came here: from now on it needs no exit. */
enum exit_action exit_dr_access(struct vcpu *v, struct cpu_user_regs *regs)
{
    vmx_load_debug_registers(v);
    return EXIT_RESUME;
}
