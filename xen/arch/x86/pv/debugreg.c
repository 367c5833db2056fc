/* SPDX-License-Identifier: MIT */
/*
 * debugreg.c - a PV vCPU's debug registers.
 *
 * Held in v->arch.dr*; in the hardware only while any breakpoint is enabled.
 * A breakpoint may not lie on hypervisor addresses.  An I/O breakpoint needs
 * CR4.DE, else its length and type mean something else to the processor.
 */
#include "private.h"

#define DR6_FIXED         0xffff0ff0ul
#define DR6_WRITABLE      0x0000e00ful
#define DR7_FIXED         0x00000400ul
#define DR7_ACTIVE        0x000000fful
#define DR7_RESERVED_ZERO 0x0000d800ul /* bits 11, 12, 14, 15 */
#define DR7_GD            0x00002000ul

#define DR_WRITE(n, v) __asm__ volatile("mov %0, %%db" #n ::"r"(v))

/* I/O breakpoints stay out of the hardware: a guest's port access never gets
 * there, and the hypervisor's own must not stop at them. */
static unsigned long hardware_dr7(unsigned long dr7)
{
    for (unsigned int i = 0; i < 4; i++)
        if ((dr7 >> (16 + 4 * i) & 3) == 2)
            dr7 &= ~(3ul << (2 * i));
    return dr7 | DR7_FIXED;
}

void pv_load_debugregs(struct vcpu *v)
{
    DR_WRITE(0, v->arch.dr[0]);
    DR_WRITE(1, v->arch.dr[1]);
    DR_WRITE(2, v->arch.dr[2]);
    DR_WRITE(3, v->arch.dr[3]);
    DR_WRITE(6, v->arch.dr6 | DR6_FIXED);
    DR_WRITE(7, hardware_dr7(v->arch.dr7));
}

/* A DR7 value with an impossible breakpoint enabled is refused. */
static int check_dr7(const struct vcpu *v, unsigned long value)
{
    if (value >> 32)
        return -EPERM;
    for (unsigned int i = 0; i < 4; i++) {
        unsigned int ctl = value >> (16 + 4 * i) & 15;
        bool io = (ctl & 3) == 2, exec = (ctl & 3) == 0;

        if (!(value >> (2 * i) & 3))
            continue;
        if (io && !(v->arch.pv.ctrlreg[4] & X86_CR4_DE))
            return -EPERM;
        if (exec && (ctl >> 2))
            return -EPERM;
    }
    return 0;
}

static long set_dr7(struct vcpu *v, unsigned long value)
{
    int rc = check_dr7(v, value);
    unsigned long dr7 = (value & ~(DR7_RESERVED_ZERO | DR7_GD)) | DR7_FIXED;

    if (rc)
        return rc;
    v->arch.dr7 = dr7;
    if (v == current) {
        if (dr7 & DR7_ACTIVE)
            pv_load_debugregs(v);
        else
            DR_WRITE(7, DR7_FIXED);
    }
    return 0;
}

long pv_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value)
{
    switch (reg) {
    case 0 ... 3:
        if (!pv_address_ok(value) || !is_canonical(value))
            return -EPERM;
        v->arch.dr[reg] = value;
        if (v == current && (v->arch.dr7 & DR7_ACTIVE))
            pv_load_debugregs(v);
        return 0;
    case 4:
    case 5:
        if (v->arch.pv.ctrlreg[4] & X86_CR4_DE)
            return -ENODEV;
        return pv_set_debugreg(v, reg + 2, value);
    case 6:
        if (value >> 32)
            return -EPERM;
        v->arch.dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
        if (v == current)
            DR_WRITE(6, v->arch.dr6);
        return 0;
    case 7:
        return set_dr7(v, value);
    default:
        return -ENODEV;
    }
}

bool pv_get_debugreg(const struct vcpu *v, unsigned int reg, unsigned long *value)
{
    if ((reg & ~1u) == 4 && !(v->arch.pv.ctrlreg[4] & X86_CR4_DE))
        reg += 2;
    if (reg < 4)
        *value = v->arch.dr[reg];
    else if (reg == 6)
        *value = v->arch.dr6 | DR6_FIXED;
    else if (reg == 7)
        *value = v->arch.dr7 | DR7_FIXED;
    else
        return false;
    return true;
}

long do_set_debugreg(unsigned long reg, unsigned long value)
{
    return pv_set_debugreg(current, reg, value);
}

long do_get_debugreg(unsigned long reg)
{
    unsigned long value;

    return pv_get_debugreg(current, reg, &value) ? (long)value : -ENODEV;
}
