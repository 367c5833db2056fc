/* SPDX-License-Identifier: MIT */
/*
 * context.c - a whole PV vCPU state from the public form
 * (VCPUOP_initialise, XEN_DOMCTL_setvcpucontext).
 */
#include "private.h"

static bool context_ok(const struct vcpu_guest_context *c)
{
    if (!is_canonical(c->event_callback_eip) || !is_canonical(c->failsafe_callback_eip) ||
        !is_canonical(c->syscall_callback_eip) || !is_canonical(c->fs_base) ||
        !is_canonical(c->gs_base_kernel) || !is_canonical(c->gs_base_user))
        return false;
    if (c->ldt_ents > 8192 || PAGE_OFFSET(c->ldt_base) ||
        (c->ldt_ents && !pv_address_ok(c->ldt_base)))
        return false;
    if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY)
        return false;
    /* What is loaded into CR3: the user mode's only if there is one. */
    if (!xen_cr3_to_pfn(c->ctrlreg[3]) ||
        (!(c->flags & VGCF_in_kernel) && !xen_cr3_to_pfn(c->ctrlreg[1])))
        return false;
    for (unsigned int i = 0; i < 256; i++)
        if (!is_canonical(c->trap_ctxt[i].address))
            return false;
    return true;
}

/* What has been taken stays in the vCPU over -ERESTART. */
static int take_root(struct domain *d, mfn_t *have, unsigned long cr3)
{
    mfn_t want = _mfn(xen_cr3_to_pfn(cr3));
    int rc;

    if (mfn_eq(*have, want))
        return 0;
    if (mfn_x(*have))
        put_page_and_type(mfn_to_page(*have));
    *have = _mfn(0);
    rc = mfn_x(want) ? pv_get_frame(d, want, PGT_l4_page_table) : 0;
    if (!rc)
        *have = want;
    return rc;
}

static void load_callbacks(struct pv_vcpu *pv, const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < 256; i++) {
        pv->trap_ctxt[i] = c->trap_ctxt[i];
        pv->trap_ctxt[i].cs = pv_fixup_selector(c->trap_ctxt[i].cs);
    }
    pv->callback[CALLBACKTYPE_event].address = c->event_callback_eip;
    pv->callback[CALLBACKTYPE_failsafe] =
        (struct pv_callback){c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events};
    pv->callback[CALLBACKTYPE_syscall] =
        (struct pv_callback){c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events};
}

static void load_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *pv = &v->arch.pv;
    struct cpu_user_regs *regs = &v->arch.user_regs;

    *regs = c->user_regs;
    regs->cs = pv_fixup_selector(regs->cs);
    regs->ss = pv_fixup_selector(regs->ss);
    regs->rflags = (regs->rflags & 0xfd5ul & ~X86_EFLAGS_IOPL) | X86_EFLAGS_IF | X86_EFLAGS_MBS;
    regs->entry_vector = 0;
    pv->iopl = (c->user_regs.rflags & X86_EFLAGS_IOPL) >> 12;
    pv->in_kernel = c->flags & VGCF_in_kernel;
    pv->fs_base = c->fs_base;
    pv->gs_base_kernel = c->gs_base_kernel;
    pv->gs_base_user = c->gs_base_user;
    pv->kernel_sp = c->kernel_sp;
    pv->kernel_ss = pv_fixup_selector(c->kernel_ss);
    pv->ctrlreg[4] = pv_fixup_cr4(v->domain, c->ctrlreg[4]);
    pv->cr0_ts = c->ctrlreg[0] & X86_CR0_TS;
    pv->ldt_base = c->ldt_base;
    pv->ldt_ents = c->ldt_ents;

    if (c->flags & VGCF_i387_valid) {
        memcpy(v->arch.fpu, &c->fpu_ctxt, sizeof(v->arch.fpu));
        /* Reserved MXCSR bits would fault in FXRSTOR. */
        *(uint32_t *)(v->arch.fpu + 24) &= 0xffbf;
    } else {
        fpu_reset_area(v->arch.fpu);
    }
}

int pv_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct domain *d = v->domain;
    int rc;

    if (!context_ok(c))
        return -EINVAL;
    if (v == current || vcpu_on_cpu(v))
        return -EBUSY;
    spin_lock(&d->arch.paging_lock);
    rc = take_root(d, &v->arch.pv.kernel_cr3, c->ctrlreg[3]);
    if (!rc)
        rc = take_root(d, &v->arch.pv.user_cr3, c->ctrlreg[1]);
    if (!rc) {
        pv_destroy_ldt(v);
        rc = pv_set_gdt(v, c->gdt_frames, c->gdt_ents);
    }
    spin_unlock(&d->arch.paging_lock);
    if (rc)
        return rc;

    load_callbacks(&v->arch.pv, c);
    load_registers(v, c);
    for (unsigned int i = 0; i < 8; i++)
        if (i < 4 || i > 5)
            (void)pv_set_debugreg(v, i, c->debugreg[i]);
    d->vm_assist |= c->vm_assist & (1ul << VMASST_TYPE_architectural_iopl);
    v->is_initialised = true;
    return 0;
}
