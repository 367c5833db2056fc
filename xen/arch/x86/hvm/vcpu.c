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

void hvm_load_state(struct vcpu *v, const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl,
                    const uint64_t pdpte[4])
{
    hvm_forget_events(v); /* nor a shadow: flags need not fit to one */
    v->arch.hvm.ctrl = *ctrl;
    hvm_update_ctrl(v);
    hvm_set_cpu_state(v, s);
    if (x86_pae_paging(ctrl))
        hvm_set_pdptes(v, pdpte);
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID | HVM_WORK_ROOT | HVM_WORK_ROLE;
}

/* ---- its record ---- */

/* Fields of the record, and where each is kept. */
/* clang-format off */
#define SEGMENT(X, name, n) \
    X(name##_sel, s->seg[n].sel) X(name##_arbytes, s->seg[n].attr) \
    X(name##_limit, s->seg[n].limit) X(name##_base, s->seg[n].base)
#define STATE(X) \
    X(rip, s->rip) X(rsp, s->rsp) X(rflags, s->rflags) X(dr7, s->dr7) \
    X(sysenter_cs, s->sysenter_cs) X(sysenter_esp, s->sysenter_esp) \
    X(sysenter_eip, s->sysenter_eip) \
    SEGMENT(X, es, SEG_ES) SEGMENT(X, cs, SEG_CS) SEGMENT(X, ss, SEG_SS) SEGMENT(X, ds, SEG_DS) \
    SEGMENT(X, fs, SEG_FS) SEGMENT(X, gs, SEG_GS) \
    SEGMENT(X, ldtr, SEG_LDTR) SEGMENT(X, tr, SEG_TR) \
    X(gdtr_limit, s->seg[SEG_GDTR].limit) X(gdtr_base, s->seg[SEG_GDTR].base) \
    X(idtr_limit, s->seg[SEG_IDTR].limit) X(idtr_base, s->seg[SEG_IDTR].base) \
    X(cr0, ctrl->cr0) X(cr2, ctrl->cr2) X(cr3, ctrl->cr3) X(cr4, ctrl->cr4) X(msr_efer, ctrl->efer)
#define REGISTERS(X) \
    X(rax, r->rax) X(rbx, r->rbx) X(rcx, r->rcx) X(rdx, r->rdx) X(rbp, r->rbp) X(rsi, r->rsi) \
    X(rdi, r->rdi) X(r8, r->r8) X(r9, r->r9) X(r10, r->r10) X(r11, r->r11) X(r12, r->r12) \
    X(r13, r->r13) X(r14, r->r14) X(r15, r->r15) \
    X(dr0, v->arch.dr[0]) X(dr1, v->arch.dr[1]) X(dr2, v->arch.dr[2]) X(dr3, v->arch.dr[3]) \
    X(dr6, v->arch.dr6) X(shadow_gs, hvm->msr_kernel_gs) X(msr_star, hvm->msr_star) \
    X(msr_lstar, hvm->msr_lstar) X(msr_cstar, hvm->msr_cstar) \
    X(msr_syscall_mask, hvm->msr_fmask) X(msr_tsc_aux, hvm->msr_tsc_aux)
/* clang-format on */
#define LOAD(field, place) place = c->field;
#define SAVE(field, place) c->field = place;

static void record_to_state(const struct hvm_hw_cpu *c, struct hvm_cpu_state *s,
                            struct x86_ctrl *ctrl)
{
    *s = (struct hvm_cpu_state){0};
    *ctrl = (struct x86_ctrl){0};
    STATE(LOAD)
    ctrl->cr0 |= X86_CR0_ET;
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
    return NULL;
}

/* Selectors and attributes have 32 bits in the record, and 16 here. */
static bool segments_kept(const struct hvm_hw_cpu *c, const struct hvm_cpu_state *s)
{
#define KEPT(name, n) c->name##_sel == s->seg[n].sel && c->name##_arbytes == s->seg[n].attr
    return KEPT(es, SEG_ES) && KEPT(cs, SEG_CS) && KEPT(ss, SEG_SS) && KEPT(ds, SEG_DS) &&
           KEPT(fs, SEG_FS) && KEPT(gs, SEG_GS) && KEPT(ldtr, SEG_LDTR) && KEPT(tr, SEG_TR);
#undef KEPT
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
    if (!segments_kept(c, &s))
        return "selector or attributes";
    bad = hvm_cpu_state_bad(&s, &ctrl, &env);
    if (!bad && c->pending_valid)
        bad = hvm_event_bad(&s, &ctrl, c->pending_vector, c->pending_type, c->pending_error_valid);
    return bad;
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
    struct cpu_user_regs *r = &v->arch.user_regs;
    struct hvm_cpu_state s;
    struct x86_ctrl ctrl;
    uint64_t pdpte[4];

    record_to_state(c, &s, &ctrl);
    /* Latched PDPTEs are in a record of their own, if at all: else as MOV CR3. */
    if (hvm_read_pdptes(v, ctrl.cr3, pdpte))
        memset(pdpte, 0, sizeof(pdpte)); /* not present: the guest faults */
    hvm_load_state(v, &s, &ctrl, pdpte);
    REGISTERS(LOAD)
    set_domain_clock(v, c->tsc, tsc);
    if (c->flags & XEN_X86_FPU_INITIALISED)
        memcpy(v->arch.fpu, c->fpu_regs, sizeof(v->arch.fpu));
    else
        fpu_reset_area(v->arch.fpu);
    if (c->pending_valid)
        hvm_queue_event(v, c->pending_vector, c->pending_type, c->pending_error_valid,
                        c->error_code, 0);
    v->is_initialised = true;
    __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
}

static void save_cpu(struct vcpu *v, void *record, uint64_t tsc)
{
    struct hvm_hw_cpu *c = record;
    struct hvm_vcpu *hvm = &v->arch.hvm;
    const struct cpu_user_regs *r = &v->arch.user_regs;
    const struct x86_ctrl *ctrl = &hvm->ctrl;
    struct hvm_cpu_state state, *s = &state;

    hvm_sync_ctrl(v);
    hvm_get_cpu_state(v, s);
    STATE(SAVE)
    REGISTERS(SAVE)
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
