/* SPDX-License-Identifier: MIT */
/*
 * emulate.c - the current VMCS as the instruction emulator sees and leaves it.
 */
#include <asm/processor.h>

#include "vmx.h"

void hvm_show_state(struct vcpu *v)
{
    vmx_show_real_state(v);
}

void hvm_get_segment(enum hvm_seg_name seg, struct hvm_segment *out)
{
    out->base = vmreadnw((enum vmcsnw)(GUEST_ES_BASE + 2 * seg));
    out->limit = vmread32((enum vmcs32)(GUEST_ES_LIMIT + 2 * seg));
    out->sel = out->attr = 0;
    if (seg <= SEG_TR) {
        out->sel = vmread16((enum vmcs16)(GUEST_ES_SELECTOR + 2 * seg));
        out->attr = vmx_ar_to_attr(vmread32((enum vmcs32)(GUEST_ES_AR + 2 * seg)));
    }
}

void hvm_set_segment(enum hvm_seg_name seg, const struct hvm_segment *in)
{
    vmwritenw((enum vmcsnw)(GUEST_ES_BASE + 2 * seg), in->base);
    vmwrite32((enum vmcs32)(GUEST_ES_LIMIT + 2 * seg), in->limit);
    if (seg <= SEG_TR) {
        vmwrite16((enum vmcs16)(GUEST_ES_SELECTOR + 2 * seg), in->sel);
        vmwrite32((enum vmcs32)(GUEST_ES_AR + 2 * seg), vmx_attr_to_ar(in->attr));
    }
}

void hvm_set_rip(uint64_t rip)
{
    vmwritenw(GUEST_RIP, rip);
}

void hvm_finish_instruction(struct vcpu *v, const struct hvm_finished *f)
{
    uint32_t old = vmread32(GUEST_INTERRUPTIBILITY), shadow = old & ~INTERRUPTIBILITY_SHADOW;

    vmwritenw(GUEST_RIP, f->rip);
    vmwritenw(GUEST_RFLAGS, f->rflags | X86_EFLAGS_MBS);
    if (f->shadow_ss)
        shadow |= INTERRUPTIBILITY_MOV_SS;
    else if (f->shadow_sti)
        shadow |= INTERRUPTIBILITY_STI;
    if (f->iret)
        shadow &= ~INTERRUPTIBILITY_NMI;
    if (shadow != old)
        vmwrite32(GUEST_INTERRUPTIBILITY, shadow);
    /* In a MOV SS shadow the trap waits for the next instruction, and the
     * pending bit is what VM entry then demands. */
    if (f->single_step)
        vmwritenw(GUEST_PENDING_DBG, vmreadnw(GUEST_PENDING_DBG) | PENDING_DBG_BS);
}
