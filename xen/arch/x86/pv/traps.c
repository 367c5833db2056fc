/* SPDX-License-Identifier: MIT */
/*
 * traps.c - exceptions that a PV guest causes: emulated, fixed up, or handed
 * to its kernel; and the hypercalls that say how it wants them.
 */
#include "private.h"

#include <cairn/stretch.h>
#include <cairn/softirq.h>
#include <xen/physdev.h>

#define EC_EXT 1u
#define EC_IDT 2u
#define EC_TI  4u

/* ---- handing over ---- */

static void bounce_to(struct vcpu *v, unsigned int vector, bool has_ec, uint32_t ec)
{
    struct trap_bounce *tb = &v->arch.pv.trap_bounce;
    const struct trap_info *ti = &v->arch.pv.trap_ctxt[vector];

    perfc_incr(pv_traps);
    tb->flags = TBF_EXCEPTION | (has_ec ? TBF_ERROR_CODE : 0) | (TI_GET_IF(ti) ? TBF_INTERRUPT : 0);
    tb->error_code = ec;
    tb->cs = ti->cs;
    tb->eip = ti->address;
}

void pv_inject_exception(struct vcpu *v, unsigned int vector, uint32_t ec)
{
    bounce_to(v, vector, vector < 32 && (X86_EXC_HAS_EC >> vector & 1), ec);
}

void pv_inject_page_fault(struct vcpu *v, unsigned long cr2, uint32_t ec)
{
    /* Both modes run at ring 3; the guest is told which it was. */
    ec &= ~PFEC_U;
    if (!v->arch.pv.in_kernel)
        ec |= PFEC_U;
    v->vcpu_info->arch.cr2 = cr2;
    v->arch.pv.ctrlreg[2] = cr2;
    bounce_to(v, X86_EXC_PF, true, ec);
}

/* ---- what happened ---- */

/* In a window, one after the other for GDT and LDT, the processor looked for a
 * descriptor: of the GDT there is none then, in the LDT it is the guest's memory. */
static void page_fault(struct vcpu *v, struct cpu_user_regs *regs, unsigned long cr2)
{
    const unsigned long size = LDT_VA(0) - GDT_VA(0);
    unsigned long offset = cr2 - GDT_VA(v->vcpu_id);
    bool ldt = offset >= size;
    unsigned long addr = v->arch.pv.ldt_base + offset - size;

    perfc_incr(pv_page_faults);
    if (pv_fixup_page_fault(cr2))
        return;
    if (offset >= 2 * size)
        pv_inject_page_fault(v, cr2, regs->error_code);
    else if (ldt && is_canonical(addr))
        pv_inject_page_fault(v, addr, regs->error_code);
    else
        pv_inject_exception(v, X86_EXC_GP,
                            (offset % size & ~(EC_EXT | EC_IDT)) | (ldt ? EC_TI : 0));
}

/*
 * INT n from ring 3: our gates refuse it, the guest's table decides.  The
 * vector is taken from the instruction: the error code that goes with a
 * 16-byte gate differs between processors (QEMU's TCG says n * 16).
 */
static bool software_interrupt(struct vcpu *v, struct cpu_user_regs *regs, uint32_t *ec)
{
    unsigned int vector = *ec >> 3 & 0xff;
    const struct trap_info *ti;
    uint8_t insn[2];

    if (!raw_copy_from_guest(insn, regs->rip, sizeof(insn)) && insn[0] == 0xcd)
        vector = insn[1];
    *ec = vector << 3 | EC_IDT;
    ti = &v->arch.pv.trap_ctxt[vector];
    if (!ti->address || TI_GET_DPL(ti) < (v->arch.pv.in_kernel ? 1 : 3))
        return false;
    regs->rip += 2;
    bounce_to(v, vector, false, 0);
    return true;
}

static void general_protection(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint32_t ec = regs->error_code;

    if (ec & EC_EXT) {
        pv_inject_exception(v, X86_EXC_GP, ec);
        return;
    }
    if ((ec & EC_IDT) && software_interrupt(v, regs, &ec))
        return;
    if (ec == 0 && pv_emulate_privileged_op(regs))
        return;
    pv_inject_exception(v, X86_EXC_GP, ec);
}

static void device_not_available(struct vcpu *v)
{
    __asm__ volatile("clts");
    if (v->arch.pv.cr0_ts) {
        v->arch.pv.cr0_ts = false;
        pv_inject_exception(v, X86_EXC_NM, 0);
    }
}

static void debug_exception(struct vcpu *v, unsigned long dr6)
{
    v->arch.dr6 |= dr6 & 0xe00f;
    pv_inject_exception(v, X86_EXC_DB, 0);
}

void pv_handle_exception(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;
    unsigned int vector = regs->entry_vector;
    unsigned long cr2 = 0, dr6 = 0;

    stretch_begin(STRETCH_EXCEPTION, vector);

    /* What a nested fault or an interrupt would overwrite. */
    if (vector == X86_EXC_PF) {
        cr2 = read_cr2();
    } else if (vector == X86_EXC_DB) {
        __asm__ volatile("mov %%db6, %0" : "=r"(dr6));
        __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
    }
    local_irq_enable();

    switch (vector) {
    case X86_EXC_PF:
        page_fault(v, regs, cr2);
        break;
    case X86_EXC_GP:
        general_protection(v, regs);
        break;
    case X86_EXC_UD:
        if (!pv_emulate_invalid_op(regs))
            pv_inject_exception(v, X86_EXC_UD, 0);
        break;
    case X86_EXC_NM:
        device_not_available(v);
        break;
    case X86_EXC_DB:
        debug_exception(v, dr6);
        break;
    default:
        pv_inject_exception(v, vector, regs->error_code);
        break;
    }
}

/* ---- hypercalls ---- */

long do_set_trap_table(unsigned long traps)
{
    struct vcpu *v = current;

    if (!traps) {
        memset(v->arch.pv.trap_ctxt, 0, sizeof(v->arch.pv.trap_ctxt));
        return 0;
    }
    for (;;) {
        struct trap_info ti;

        if (copy_from_guest_va(&ti, traps))
            return -EFAULT;
        if (!ti.address)
            return 0;
        if (!is_canonical(ti.address))
            return -EINVAL;
        ti.cs = pv_fixup_selector(ti.cs);
        v->arch.pv.trap_ctxt[ti.vector] = ti;
        traps += sizeof(ti);
        if (preempt_check()) {
            hypercall_set_arg(0, traps);
            return -ERESTART;
        }
    }
}

long do_stack_switch(unsigned long ss, unsigned long sp)
{
    current->arch.pv.kernel_ss = pv_fixup_selector(ss);
    current->arch.pv.kernel_sp = sp;
    return 0;
}

long do_fpu_taskswitch(unsigned long set)
{
    struct vcpu *v = current;

    v->arch.pv.cr0_ts = set;
    if (set)
        write_cr0(read_cr0() | X86_CR0_TS);
    else
        __asm__ volatile("clts");
    return 0;
}

long do_set_segment_base(unsigned long which, unsigned long base)
{
    which = (uint32_t)which; /* all that the ABI passes */
    if (which < SEGBASE_GS_USER_SEL && !is_canonical(base))
        return -EINVAL;
    switch (which) {
    case SEGBASE_FS:
        wrmsr(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER:
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        wrmsr(MSR_GS_BASE, base);
        return 0;
    case SEGBASE_GS_USER_SEL:
        return pv_load_gs_user(base) ? 0 : -EFAULT;
    default:
        return -EINVAL;
    }
}

static long set_iopl(struct domain *d, void *arg)
{
    const struct physdev_set_iopl *iopl = arg;

    if (iopl->iopl > 3)
        return -EINVAL;
    current->arch.pv.iopl = iopl->iopl;
    return 0;
}

static long set_iobitmap(struct domain *d, void *arg)
{
    const struct physdev_set_iobitmap *bitmap = arg;
    unsigned long va = (unsigned long)bitmap->bitmap.p;

    if (bitmap->nr_ports > 65536 || !pv_address_ok(va))
        return -EINVAL;
    current->arch.pv.iobmp = va;
    current->arch.pv.iobmp_ports = bitmap->nr_ports;
    return 0;
}

long do_physdev_op(unsigned long cmd, unsigned long arg)
{
    static const struct arg_op ops[] = {
        [PHYSDEVOP_set_iopl] = {set_iopl, sizeof(struct physdev_set_iopl)},
        [PHYSDEVOP_set_iobitmap] = {set_iobitmap, sizeof(struct physdev_set_iobitmap)},
    };
    return run_arg_op(ARG_OP(ops, cmd), arg);
}
