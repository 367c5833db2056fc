/* SPDX-License-Identifier: MIT */
/*
 * state.c - guest state between hvm/ and the VMCS: what asm/hvm.h declares.
 */

#include "../hvm/check.h"
#include "mode.h"
#include "vmx.h"

/* May the guest's PE and PG be the hardware's? */
static bool vmx_is_unrestricted(const struct vcpu *v)
{
    return vmx_caps.unrestricted_guest && v->domain->arch.paging == &hap_ops;
}

/* hvm_segment.attr packs what the VMCS spreads over bits 15:12 and 16. */
static uint32_t vmx_attr_to_ar(uint16_t attr)
{
    uint32_t ar = (attr & 0xff) | (attr & 0xf00u) << 4;
    return attr & SEG_AR_P ? ar : ar | SEG_AR_UNUSABLE;
}

static uint16_t vmx_ar_to_attr(uint32_t ar)
{
    uint16_t attr = (ar & 0xff) | ((ar >> 4) & 0xf00);
    return ar & SEG_AR_UNUSABLE ? attr & ~SEG_AR_P : attr;
}

void hvm_get_segment(enum hvm_seg_name seg, struct hvm_segment *out)
{
    /* Fields of one kind follow each other in steps of two. */
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

void vmx_read_state(struct hvm_cpu_state *s)
{
    s->rip = vmreadnw(GUEST_RIP);
    s->rsp = vmreadnw(GUEST_RSP);
    s->rflags = vmreadnw(GUEST_RFLAGS);
    s->dr7 = vmreadnw(GUEST_DR7);
    for (unsigned int i = 0; i < NR_SEGS; i++)
        hvm_get_segment(i, &s->seg[i]);
    s->sysenter_cs = vmread32(GUEST_SYSENTER_CS);
    s->sysenter_esp = vmreadnw(GUEST_SYSENTER_ESP);
    s->sysenter_eip = vmreadnw(GUEST_SYSENTER_EIP);
}

void vmx_write_state(const struct hvm_cpu_state *s)
{
    vmwritenw(GUEST_RIP, s->rip);
    vmwritenw(GUEST_RSP, s->rsp);
    vmwritenw(GUEST_RFLAGS, s->rflags | X86_EFLAGS_MBS);
    vmwritenw(GUEST_DR7, s->dr7 | 0x400);
    for (unsigned int i = 0; i < NR_SEGS; i++)
        hvm_set_segment(i, &s->seg[i]);
    vmwrite32(GUEST_SYSENTER_CS, s->sysenter_cs);
    vmwritenw(GUEST_SYSENTER_ESP, s->sysenter_esp);
    vmwritenw(GUEST_SYSENTER_EIP, s->sysenter_eip);
}

void hvm_get_cpu_state(struct vcpu *v, struct hvm_cpu_state *s)
{
    vmcs_enter(v);
    hvm_show_state(v);
    vmx_read_state(s);
    vmcs_exit(v);
}

void hvm_set_cpu_state(struct vcpu *v, const struct hvm_cpu_state *s)
{
    vmcs_enter(v);
    hvm_show_state(v);
    vmx_write_state(s);
    if (!vmx_is_unrestricted(v))
        v->arch.hvm.work |= HVM_WORK_STATE;
    vmcs_exit(v);
}

__cold uint32_t hvm_get_blocking(struct vcpu *v)
{
    vmcs_enter(v);
    uint32_t b = vmread32(GUEST_INTERRUPTIBILITY) | vmreadnw(GUEST_PENDING_DBG)
                                                        << HVM_PENDING_SHIFT;
    vmcs_exit(v);
    return b & HVM_BLOCKING_ALL;
}

__cold void hvm_set_blocking(struct vcpu *v, uint32_t blocking)
{
    const struct hvm_vcpu *hvm = &v->arch.hvm;

    vmcs_enter(v);
    blocking = hvm_blocking_legal(blocking, vmreadnw(GUEST_RFLAGS),
                                  hvm->work & HVM_WORK_EVENT ? hvm->event.type : -1);
    vmwrite32(GUEST_INTERRUPTIBILITY, blocking & 0xff);
    vmwritenw(GUEST_PENDING_DBG, blocking >> HVM_PENDING_SHIFT);
    vmcs_exit(v);
}

void hvm_sync_ctrl(struct vcpu *v)
{
    struct x86_ctrl *ctrl = &v->arch.hvm.ctrl;
    if (!v->arch.hvm.vmx.ctrl_stale)
        return;
    vmcs_enter(v);
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;
    vmx->hw_cr0 = vmreadnw(GUEST_CR0);
    vmx->hw_cr4 = vmreadnw(GUEST_CR4);
    ctrl->cr0 = (ctrl->cr0 & vmx->cr0_mask) | (vmx->hw_cr0 & ~vmx->cr0_mask);
    ctrl->cr4 = (ctrl->cr4 & vmx->cr4_mask) | (vmx->hw_cr4 & ~vmx->cr4_mask);
    if (!v->arch.hvm.vmx.cr3_exits)
        ctrl->cr3 = vmreadnw(GUEST_CR3);
    v->arch.hvm.vmx.ctrl_stale = false;
    vmcs_exit(v);
}

void vmx_fill_mode_env(const struct vcpu *v, struct vmx_mode_env *env)
{
    *env = (struct vmx_mode_env){
        .cr0_fixed0 = vmx_caps.cr0_fixed0,
        .cr4_fixed0 = vmx_caps.cr4_fixed0,
        .cr4_legal = v->domain->arch.policy.cr4_legal,
        .ept = !v->domain->arch.paging->shadow,
        .unrestricted = vmx_is_unrestricted(v),
        .efer_switch = vmx_caps.efer_switch,
    };
}

static void plan_of(const struct vcpu *v, struct vmx_mode_plan *plan)
{
    struct vmx_mode_env env;

    vmx_fill_mode_env(v, &env);
    vmx_plan_mode(&env, &v->arch.hvm.ctrl, plan);
}

static void apply_efer(struct vcpu *v, const struct vmx_mode_plan *plan)
{
    vmx_write_efer(v, plan->efer, plan->efer_by_list);
    vmx_set_efer_read_exits(v, plan->efer_read_exits);
}

static always_inline void write_field(struct vmx_vcpu *vmx, enum vmcsnw field, uint64_t *known,
                                      uint64_t value)
{
    if (*known == value && vmx->ctrl_known)
        return;
    *known = value;
    vmwritenw(field, value);
}

/* What is there already is not written again: a toggle of one bit changes
 * one field or two.  Follows hvm_sync_ctrl(). */
static void write_control_registers(struct vmx_vcpu *vmx, const struct vmx_mode_plan *plan)
{
    write_field(vmx, GUEST_CR0, &vmx->hw_cr0, plan->cr0);
    write_field(vmx, CR0_GUEST_HOST_MASK, &vmx->cr0_mask, plan->cr0_mask);
    write_field(vmx, CR0_READ_SHADOW, &vmx->cr0_shadow, plan->cr0_shadow);
    write_field(vmx, GUEST_CR4, &vmx->hw_cr4, plan->cr4);
    write_field(vmx, CR4_GUEST_HOST_MASK, &vmx->cr4_mask, plan->cr4_mask);
    write_field(vmx, CR4_READ_SHADOW, &vmx->cr4_shadow, plan->cr4_shadow);
    vmx->ctrl_known = true;
}

static uint64_t hw_cr3(const struct vcpu *v, const struct vmx_mode_plan *plan)
{
    switch (plan->tables) {
    case VMX_TABLES_NONE:
    case VMX_TABLES_GUEST:
        return v->arch.hvm.ctrl.cr3;
    case VMX_TABLES_IDENT:
        return v->domain->arch.hvm.params[HVM_PARAM_IDENT_PT];
    default:
        return 0; /* the shadow code writes it */
    }
}

static void set_cr3_exits(struct vcpu *v, bool exits)
{
    v->arch.hvm.vmx.cr3_exits = exits;
    vmx_set_proc_control(v, PROC_CR3_LOAD_EXITING | PROC_CR3_STORE_EXITING, exits);
}

void hvm_update_ctrl(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;
    struct vmx_mode_plan plan;

    plan_of(v, &plan);
    uint32_t entry = vmx->entry_controls & ~ENTRY_IA32E_GUEST;
    if (plan.ia32e)
        entry |= ENTRY_IA32E_GUEST;

    vmcs_enter(v);
    if (vmx->ctrl_stale)
        vmx->ctrl_known = false;
    write_control_registers(vmx, &plan);
    if (v->domain->arch.paging->shadow)
        v->arch.hvm.work |= HVM_WORK_ROOT | HVM_WORK_ROLE;
    else
        vmwritenw(GUEST_CR3, hw_cr3(v, &plan));
    set_cr3_exits(v, plan.cr3_exits);
    if (vmx->vm86 || plan.vm86) {
        hvm_show_state(v);
        vmx->vm86 = plan.vm86;
        v->arch.hvm.work |= HVM_WORK_STATE;
    }
    apply_efer(v, &plan);
    vmx->efer_direct = vmx_caps.efer_switch && !plan.cr3_exits;
    if (entry != vmx->entry_controls) {
        vmx->entry_controls = entry;
        vmwrite32(VM_ENTRY_CONTROLS, entry);
    }
    vmx->ctrl_stale = false;
    vmcs_exit(v);
    if (v == current)
        vmx_crash_unless_runnable(v);
}

void hvm_update_cr0(struct vcpu *v, uint64_t changed)
{
    struct vmx_mode_env env;

    vmx_fill_mode_env(v, &env);
    if (!vmx_cr0_only_shadow(&env, changed)) {
        hvm_update_ctrl(v);
        return;
    }
    vmcs_enter(v);
    v->arch.hvm.vmx.cr0_shadow = v->arch.hvm.ctrl.cr0;
    vmwritenw(CR0_READ_SHADOW, v->arch.hvm.ctrl.cr0);
    vmcs_exit(v);
    v->arch.hvm.work |= HVM_WORK_ROOT | HVM_WORK_ROLE;
}

void vmx_crash_unless_runnable(struct vcpu *v)
{
    const struct vmx_vcpu *vmx = &v->arch.hvm.vmx;

    if (!vmx->cr3_exits)
        return;
    if (v->domain->arch.paging == &hap_ops && !v->domain->arch.hvm.params[HVM_PARAM_IDENT_PT])
        domain_crash(v->domain,
                     "vmx: vCPU %u is without paging, which this processor runs "
                     "only with HVM_PARAM_IDENT_PT set",
                     v->vcpu_id);
    else if (vmx->vm86 && !v->domain->arch.hvm.params[HVM_PARAM_VM86_TSS_SIZED])
        domain_crash(v->domain,
                     "vmx: vCPU %u is in real mode, which this processor runs only "
                     "with HVM_PARAM_VM86_TSS_SIZED set",
                     v->vcpu_id);
}

/* MOV to CR3 exits while GUEST_CR3 is not the guest's: nothing to write then.
 * A task switch loads CR3 in any case. */
void hvm_update_cr3(struct vcpu *v)
{
    if (v->domain->arch.paging->shadow) {
        v->arch.hvm.work |= HVM_WORK_ROOT;
        return;
    }
    if (v->arch.hvm.vmx.cr3_exits)
        return;
    vmcs_enter(v);
    vmwritenw(GUEST_CR3, v->arch.hvm.ctrl.cr3);
    vmcs_exit(v);
}

void hvm_set_hardware_cr3(struct vcpu *v, maddr_t root)
{
    vmcs_enter(v);
    vmwritenw(GUEST_CR3, maddr_x(root));
    vmcs_exit(v);
}

/* WRMSR EFER outside a mode change touches one field, where controls switch
 * it and the hardware's value can only be the guest's. */
void hvm_update_efer(struct vcpu *v)
{
    struct vmx_mode_env env;
    struct vmx_mode_plan plan;

    if (likely(v->arch.hvm.vmx.efer_direct) && likely(v == current)) {
        vmwrite64(GUEST_EFER, v->arch.hvm.ctrl.efer);
        return;
    }
    env.ept = !v->domain->arch.paging->shadow;
    env.unrestricted = vmx_is_unrestricted(v);
    env.efer_switch = vmx_caps.efer_switch;
    vmx_plan_efer(&env, &v->arch.hvm.ctrl, &plan);
    vmcs_enter(v);
    apply_efer(v, &plan);
    vmcs_exit(v);
}

/* The VMCS has fields for them only where there is EPT; without it the
 * processor reads its PDPTEs, which are not the guest's, from memory. */
void hvm_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
    if (v->domain->arch.paging->shadow) {
        memcpy(v->arch.hvm.pdpte, pdpte, sizeof(v->arch.hvm.pdpte));
        return;
    }
    vmcs_enter(v);
    for (unsigned int i = 0; i < 4; i++)
        vmwrite64((enum vmcs64)(GUEST_PDPTE0 + 2 * i), pdpte[i]);
    vmcs_exit(v);
}

void hvm_get_pdptes(struct vcpu *v, uint64_t pdpte[4])
{
    if (v->domain->arch.paging->shadow) {
        memcpy(pdpte, v->arch.hvm.pdpte, sizeof(v->arch.hvm.pdpte));
        return;
    }
    vmcs_enter(v);
    for (unsigned int i = 0; i < 4; i++)
        pdpte[i] = vmread64((enum vmcs64)(GUEST_PDPTE0 + 2 * i));
    vmcs_exit(v);
}

__cold void hvm_set_tsc_offset(struct vcpu *v, uint64_t offset)
{
    v->arch.hvm.tsc_offset = offset;
    vmcs_enter(v);
    vmwrite64(TSC_OFFSET, offset);
    if (vmx_caps.tsc_scaling)
        vmwrite64(TSC_MULTIPLIER, v->domain->arch.tsc_ratio);
    vmcs_exit(v);
}

__cold void hvm_set_pat(struct vcpu *v, uint64_t pat)
{
    v->arch.hvm.msr_pat = pat;
    /* Shadow entries choose the PAT's first type, which must stay write-back. */
    if (!vmx_caps.pat_switch || v->domain->arch.paging->shadow)
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
