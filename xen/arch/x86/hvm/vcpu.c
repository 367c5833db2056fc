/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - an HVM vCPU, and its registers as a CPU record of save.c.
 */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/paging.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <cairn/time.h>

#include "check.h"
#include "reset.h"
#include "save.h"

#define PAT_RESET 0x0007040600070406ull

int hvm_vcpu_create(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    hvm->msr_pat = PAT_RESET;
    hvm->msr_mtrr_def_type = 0;
    vlapic_vcpu_init(v);
    /* One clock for all vCPUs of a domain. */
    const struct vcpu *first = domain_vcpu(v->domain, 0);
    hvm->tsc_offset =
        first ? first->arch.hvm.tsc_offset : -tsc_scale(rdtsc(), v->domain->arch.tsc_ratio);
    fpu_reset_area(v->arch.fpu);
    int rc = v->domain->arch.paging->vcpu_create(v);
    if (rc)
        return rc;
    rc = vmx_vcpu_create(v);
    if (rc) {
        v->domain->arch.paging->vcpu_destroy(v);
        return rc;
    }
    hvm_vcpu_reset(v, HVM_RESET);
    v->arch.user_regs.rdx = v->domain->arch.policy.basic[1].a;
    return 0;
}

void hvm_vcpu_destroy(struct vcpu *v)
{
    vlapic_vcpu_destroy(v);
    vmx_vcpu_destroy(v);
    v->domain->arch.paging->vcpu_destroy(v);
}

/* ---- its record ---- */

#define SEGS(X)   \
    X(SEG_ES, es) \
    X(SEG_CS, cs) \
    X(SEG_SS, ss) X(SEG_DS, ds) X(SEG_FS, fs) X(SEG_GS, gs) X(SEG_LDTR, ldtr) X(SEG_TR, tr)
#define GPRS(X) \
    X(rax)      \
    X(rbx) X(rcx) X(rdx) X(rbp) X(rsi) X(rdi) X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) X(r14) X(r15)

static void record_to_state(const struct hvm_hw_cpu *c, struct hvm_cpu_state *s,
                            struct x86_ctrl *ctrl)
{
    *s = (struct hvm_cpu_state){
        .rip = c->rip,
        .rsp = c->rsp,
        .rflags = c->rflags,
        .dr7 = c->dr7,
        .sysenter_cs = c->sysenter_cs,
        .sysenter_esp = c->sysenter_esp,
        .sysenter_eip = c->sysenter_eip,
    };
#define LOAD_SEG(n, r)                \
    s->seg[n] = (struct hvm_segment){ \
        .sel = c->r##_sel, .attr = c->r##_arbytes, .limit = c->r##_limit, .base = c->r##_base};
    SEGS(LOAD_SEG)
#undef LOAD_SEG
    s->seg[SEG_GDTR] = (struct hvm_segment){.limit = c->gdtr_limit, .base = c->gdtr_base};
    s->seg[SEG_IDTR] = (struct hvm_segment){.limit = c->idtr_limit, .base = c->idtr_base};
    *ctrl = (struct x86_ctrl){.cr0 = c->cr0 | X86_CR0_ET,
                              .cr2 = c->cr2,
                              .cr3 = c->cr3,
                              .cr4 = c->cr4,
                              .efer = c->msr_efer};
}

/* What the record holds beyond the state that check.c looks at. */
static const char *record_rest_bad(const struct hvm_hw_cpu *c)
{
    if (!is_canonical(c->msr_lstar) || !is_canonical(c->msr_cstar) || !is_canonical(c->shadow_gs) ||
        c->msr_syscall_mask >> 32)
        return "SYSCALL registers";
    if (c->dr6 >> 32)
        return "DR6";
    if (c->msr_tsc_aux >> 32)
        return "TSC_AUX";
    if (c->flags & ~XEN_X86_FPU_INITIALISED)
        return "flags";
    if (c->pending_valid && c->pending_reserved)
        return "pending event";
#define SEL_BAD(n, r)                                 \
    if ((c->r##_sel >> 16) || (c->r##_arbytes >> 16)) \
        return "selector or attributes";
    SEGS(SEL_BAD)
#undef SEL_BAD
    return NULL;
}

static const char *record_bad(const struct vcpu *v, const void *record)
{
    const struct hvm_hw_cpu *c = record;
    const struct x86_ctrl_env env = x86_ctrl_env_of(&v->domain->arch.policy);
    struct hvm_cpu_state s;
    struct x86_ctrl ctrl;
    uint32_t mxcsr;

    const char *bad = record_rest_bad(c);
    if (bad)
        return bad;
    memcpy(&mxcsr, &c->fpu_regs[24], sizeof(mxcsr));
    if ((c->flags & XEN_X86_FPU_INITIALISED) && (mxcsr & ~0xffffu))
        return "MXCSR";
    record_to_state(c, &s, &ctrl);
    bad = hvm_cpu_state_bad(&s, &ctrl, &env);
    if (!bad && c->pending_valid)
        bad = hvm_event_bad(&s, &ctrl, c->pending_vector, c->pending_type, c->pending_error_valid);
    return bad;
}

static void load_gprs(struct vcpu *v, const struct hvm_hw_cpu *c)
{
    struct cpu_user_regs *r = &v->arch.user_regs;
#define LOAD_GPR(name) r->name = c->name;
    GPRS(LOAD_GPR)
#undef LOAD_GPR
}

/* One clock for all: vCPUs that have no state yet begin with it too. */
static void set_domain_clock(struct vcpu *v, uint64_t tsc, uint64_t host)
{
    struct domain *d = v->domain;

    guest_set_tsc(v, tsc, host);
    for_each_vcpu(d, other)
        if (!other->is_initialised)
            guest_set_tsc(other, tsc, host);
}

static void load_cpu(struct vcpu *v, const void *record, uint64_t tsc)
{
    const struct hvm_hw_cpu *c = record;
    struct hvm_vcpu *hvm = &v->arch.hvm;
    struct hvm_cpu_state s;
    uint64_t pdpte[4];

    record_to_state(c, &s, &hvm->ctrl);
    hvm_forget_events(v); /* nor a shadow: flags need not fit to one */
    hvm_update_ctrl(v);
    hvm_set_cpu_state(v, &s);
    /* Latched PDPTEs are in a record of their own, if at all: else as MOV CR3. */
    if (x86_pae_paging(&hvm->ctrl)) {
        if (hvm_copy_from_guest_phys(v->domain, pdpte, _gaddr(hvm->ctrl.cr3 & 0xffffffe0),
                                     sizeof(pdpte)) ||
            !x86_pdptes_valid(pdpte, v->domain->arch.policy.maxphysaddr))
            memset(pdpte, 0, sizeof(pdpte)); /* not present: the guest faults */
        hvm_set_pdptes(v, pdpte);
    }
    load_gprs(v, c);
    v->arch.dr[0] = c->dr0;
    v->arch.dr[1] = c->dr1;
    v->arch.dr[2] = c->dr2;
    v->arch.dr[3] = c->dr3;
    v->arch.dr6 = c->dr6;
    hvm->msr_star = c->msr_star;
    hvm->msr_lstar = c->msr_lstar;
    hvm->msr_cstar = c->msr_cstar;
    hvm->msr_fmask = c->msr_syscall_mask;
    hvm->msr_kernel_gs = c->shadow_gs;
    hvm->msr_tsc_aux = c->msr_tsc_aux;
    set_domain_clock(v, c->tsc, tsc);
    if (c->flags & XEN_X86_FPU_INITIALISED)
        memcpy(v->arch.fpu, c->fpu_regs, sizeof(v->arch.fpu));
    else
        fpu_reset_area(v->arch.fpu);
    if (c->pending_valid)
        hvm_queue_event(v, c->pending_vector, c->pending_type, c->pending_error_valid,
                        c->error_code, 0);
    hvm->work |= HVM_WORK_FLUSH_VPID | HVM_WORK_ROOT | HVM_WORK_ROLE;
    v->is_initialised = true;
    __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
}

static void save_cpu(struct vcpu *v, void *record, uint64_t tsc)
{
    struct hvm_hw_cpu *c = record;
    struct hvm_vcpu *hvm = &v->arch.hvm;
    const struct cpu_user_regs *r = &v->arch.user_regs;
    struct hvm_cpu_state s;

    hvm_sync_ctrl(v);
    hvm_get_cpu_state(v, &s);
#define SAVE_GPR(name) c->name = r->name;
    GPRS(SAVE_GPR)
#undef SAVE_GPR
#define SAVE_SEG(n, r)              \
    c->r##_sel = s.seg[n].sel;      \
    c->r##_arbytes = s.seg[n].attr; \
    c->r##_limit = s.seg[n].limit;  \
    c->r##_base = s.seg[n].base;
    SEGS(SAVE_SEG)
#undef SAVE_SEG
    c->gdtr_limit = s.seg[SEG_GDTR].limit;
    c->gdtr_base = s.seg[SEG_GDTR].base;
    c->idtr_limit = s.seg[SEG_IDTR].limit;
    c->idtr_base = s.seg[SEG_IDTR].base;
    c->rip = s.rip;
    c->rsp = s.rsp;
    c->rflags = s.rflags;
    c->dr0 = v->arch.dr[0];
    c->dr1 = v->arch.dr[1];
    c->dr2 = v->arch.dr[2];
    c->dr3 = v->arch.dr[3];
    c->dr6 = v->arch.dr6;
    c->dr7 = s.dr7;
    c->cr0 = hvm->ctrl.cr0;
    c->cr2 = hvm->ctrl.cr2;
    c->cr3 = hvm->ctrl.cr3;
    c->cr4 = hvm->ctrl.cr4;
    c->msr_efer = hvm->ctrl.efer;
    c->sysenter_cs = s.sysenter_cs;
    c->sysenter_esp = s.sysenter_esp;
    c->sysenter_eip = s.sysenter_eip;
    c->shadow_gs = hvm->msr_kernel_gs;
    c->msr_star = hvm->msr_star;
    c->msr_lstar = hvm->msr_lstar;
    c->msr_cstar = hvm->msr_cstar;
    c->msr_syscall_mask = hvm->msr_fmask;
    c->msr_tsc_aux = hvm->msr_tsc_aux;
    c->tsc = guest_tsc(v, tsc);
    /* Events of instructions are made again by these: RIP is still there. */
    if ((hvm->work & HVM_WORK_EVENT) && hvm->event.type < 4) {
        c->pending_vector = hvm->event.vector;
        c->pending_type = hvm->event.type;
        c->pending_error_valid = hvm->event.has_ec;
        c->pending_valid = 1;
        c->error_code = hvm->event.ec;
    }
    memcpy(c->fpu_regs, v->arch.fpu, sizeof(c->fpu_regs));
    c->flags = XEN_X86_FPU_INITIALISED;
}

const struct hvm_record hvm_cpu_record = {HVM_SAVE_CODE(CPU), sizeof(struct hvm_hw_cpu), record_bad,
                                          load_cpu, save_cpu};
