/* SPDX-License-Identifier: MIT */
/*
 * state.c - guest state between hvm/ and the VMCS: what asm/hvm.h declares.
 */
#include <asm/current.h>
#include <asm/processor.h>
#include <cairn/lib.h>

#include "mode.h"
#include "vmx.h"

/* hvm_segment.attr packs what the VMCS spreads over bits 15:12 and 16. */
uint32_t vmx_attr_to_ar(uint16_t attr)
{
    uint32_t ar = (attr & 0xff) | (attr & 0xf00u) << 4;
    return attr & SEG_AR_P ? ar : ar | SEG_AR_UNUSABLE;
}

uint16_t vmx_ar_to_attr(uint32_t ar)
{
    uint16_t attr = (ar & 0xff) | ((ar >> 4) & 0xf00);
    return ar & SEG_AR_UNUSABLE ? attr & ~SEG_AR_P : attr;
}

void hvm_get_cpu_state(struct vcpu *v, struct hvm_cpu_state *s)
{
    vmcs_enter(v);
    s->rip = vmreadnw(GUEST_RIP);
    s->rsp = vmreadnw(GUEST_RSP);
    s->rflags = vmreadnw(GUEST_RFLAGS);
    s->dr7 = vmreadnw(GUEST_DR7);
    for (unsigned int i = 0; i < NR_SEGS; i++) {
        struct hvm_segment *seg = &s->seg[i];
        /* Fields of one kind follow each other in steps of two. */
        seg->base = vmreadnw((enum vmcsnw)(GUEST_ES_BASE + 2 * i));
        seg->limit = vmread32((enum vmcs32)(GUEST_ES_LIMIT + 2 * i));
        seg->sel = seg->attr = 0;
        if (i <= SEG_TR) {
            seg->sel = vmread16((enum vmcs16)(GUEST_ES_SELECTOR + 2 * i));
            seg->attr = vmx_ar_to_attr(vmread32((enum vmcs32)(GUEST_ES_AR + 2 * i)));
        }
    }
    s->sysenter_cs = vmread32(GUEST_SYSENTER_CS);
    s->sysenter_esp = vmreadnw(GUEST_SYSENTER_ESP);
    s->sysenter_eip = vmreadnw(GUEST_SYSENTER_EIP);
    vmcs_exit(v);
}

void hvm_set_cpu_state(struct vcpu *v, const struct hvm_cpu_state *s)
{
    vmcs_enter(v);
    vmwritenw(GUEST_RIP, s->rip);
    vmwritenw(GUEST_RSP, s->rsp);
    vmwritenw(GUEST_RFLAGS, s->rflags | X86_EFLAGS_MBS);
    vmwritenw(GUEST_DR7, s->dr7 | 0x400);
    for (unsigned int i = 0; i < NR_SEGS; i++) {
        const struct hvm_segment *seg = &s->seg[i];
        vmwritenw((enum vmcsnw)(GUEST_ES_BASE + 2 * i), seg->base);
        vmwrite32((enum vmcs32)(GUEST_ES_LIMIT + 2 * i), seg->limit);
        if (i <= SEG_TR) {
            vmwrite16((enum vmcs16)(GUEST_ES_SELECTOR + 2 * i), seg->sel);
            vmwrite32((enum vmcs32)(GUEST_ES_AR + 2 * i), vmx_attr_to_ar(seg->attr));
        }
    }
    vmwrite32(GUEST_SYSENTER_CS, s->sysenter_cs);
    vmwritenw(GUEST_SYSENTER_ESP, s->sysenter_esp);
    vmwritenw(GUEST_SYSENTER_EIP, s->sysenter_eip);
    vmcs_exit(v);
}

void hvm_sync_ctrl(struct vcpu *v)
{
    struct x86_ctrl *ctrl = &v->arch.hvm.ctrl;
    if (!v->arch.hvm.vmx.ctrl_stale)
        return;
    vmcs_enter(v);
    uint64_t cr0_owned = vmx_cr0_guest_owned();
    uint64_t cr4_owned = vmx_cr4_guest_owned(v->domain->arch.policy.cr4_legal);
    ctrl->cr0 = (ctrl->cr0 & ~cr0_owned) | (vmreadnw(GUEST_CR0) & cr0_owned);
    ctrl->cr4 = (ctrl->cr4 & ~cr4_owned) | (vmreadnw(GUEST_CR4) & cr4_owned);
    ctrl->cr3 = vmreadnw(GUEST_CR3); /* MOV CR3 does not exit under EPT */
    v->arch.hvm.vmx.ctrl_stale = false;
    vmcs_exit(v);
}

void hvm_update_ctrl(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;
    const struct vmx_mode_env env = {
        .cr0_fixed0 = vmx_caps.cr0_fixed0,
        .cr4_fixed0 = vmx_caps.cr4_fixed0,
        .cr4_legal = v->domain->arch.policy.cr4_legal,
    };
    struct vmx_mode_plan plan;

    vmx_plan_mode(&env, &v->arch.hvm.ctrl, &plan);
    ASSERT(!plan.efer_read_exits); /* the MSR bitmap lets EFER be read */
    uint32_t entry = vmx->entry_controls & ~ENTRY_IA32E_GUEST;
    if (plan.ia32e)
        entry |= ENTRY_IA32E_GUEST;

    vmcs_enter(v);
    vmwritenw(GUEST_CR0, plan.cr0);
    vmwritenw(CR0_GUEST_HOST_MASK, plan.cr0_mask);
    vmwritenw(CR0_READ_SHADOW, plan.cr0_shadow);
    vmwritenw(GUEST_CR4, plan.cr4);
    vmwritenw(CR4_GUEST_HOST_MASK, plan.cr4_mask);
    vmwritenw(CR4_READ_SHADOW, plan.cr4_shadow);
    vmwritenw(GUEST_CR3, v->arch.hvm.ctrl.cr3);
    vmwrite64(GUEST_EFER, plan.efer);
    if (entry != vmx->entry_controls) {
        vmx->entry_controls = entry;
        vmwrite32(VM_ENTRY_CONTROLS, entry);
    }
    vmx->ctrl_stale = false;
    vmcs_exit(v);
}

/* WRMSR EFER outside a mode change touches one field. */
void hvm_update_efer(struct vcpu *v)
{
    vmcs_enter(v);
    vmwrite64(GUEST_EFER, v->arch.hvm.ctrl.efer);
    vmcs_exit(v);
}

void hvm_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
    vmcs_enter(v);
    vmwrite64(GUEST_PDPTE0, pdpte[0]);
    vmwrite64(GUEST_PDPTE1, pdpte[1]);
    vmwrite64(GUEST_PDPTE2, pdpte[2]);
    vmwrite64(GUEST_PDPTE3, pdpte[3]);
    vmcs_exit(v);
}

void hvm_get_pdptes(struct vcpu *v, uint64_t pdpte[4])
{
    vmcs_enter(v);
    pdpte[0] = vmread64(GUEST_PDPTE0);
    pdpte[1] = vmread64(GUEST_PDPTE1);
    pdpte[2] = vmread64(GUEST_PDPTE2);
    pdpte[3] = vmread64(GUEST_PDPTE3);
    vmcs_exit(v);
}

void hvm_set_tsc_offset(struct vcpu *v, uint64_t offset)
{
    v->arch.hvm.tsc_offset = offset;
    vmcs_enter(v);
    vmwrite64(TSC_OFFSET, offset);
    vmcs_exit(v);
}

void hvm_set_pat(struct vcpu *v, uint64_t pat)
{
    v->arch.hvm.msr_pat = pat;
    if (!vmx_caps.pat_switch)
        return;
    vmcs_enter(v);
    vmwrite64(GUEST_PAT, pat);
    vmcs_exit(v);
}

/* ---- the current vCPU ---- */

unsigned int hvm_get_cpl(void)
{
    return SEG_AR_DPL(vmread32(GUEST_SS_AR));
}

bool hvm_cs_is_64bit(struct vcpu *v)
{
    return (v->arch.hvm.vmx.entry_controls & ENTRY_IA32E_GUEST) &&
           (vmread32(GUEST_CS_AR) & SEG_AR_L);
}

bool hvm_cs_is_32bit(void)
{
    return vmread32(GUEST_CS_AR) & SEG_AR_D;
}

uint64_t hvm_get_rflags(void)
{
    return vmreadnw(GUEST_RFLAGS);
}

uint64_t hvm_get_rip(void)
{
    return vmreadnw(GUEST_RIP);
}

uint64_t hvm_get_segment_base(enum hvm_seg_name seg)
{
    return vmreadnw((enum vmcsnw)(GUEST_ES_BASE + 2 * seg));
}
