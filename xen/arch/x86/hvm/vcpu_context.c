/* SPDX-License-Identifier: MIT */
/*
 * vcpu_context.c - VCPUOP_initialise of an HVM guest: another of its vCPUs
 * begins with the registers that it gives.
 *
 * The whole state is made and checked first; what VM entry would refuse is an
 * error for the caller.  Source: <xen/hvm/hvm_vcpu.h>.
 */
#include <asm/hvm.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <xen/hvm/hvm_vcpu.h>

#include "check.h"
#include "cr.h"

#define ATTR_CODE64 0xa9b /* G, L, present, execute-read, accessed */
#define ATTR_CODE32 0xc9b
#define ATTR_DATA   0xc93
#define ATTR_TSS64  0x08b
#define ATTR_LDT    0x002 /* not present */
#define LIMIT_FLAT  0xffffffff

struct context {
    struct hvm_cpu_state s;
    struct x86_ctrl ctrl;
    struct cpu_user_regs regs;
};

static void init_common(struct context *c)
{
    memset(c, 0, sizeof(*c));
    c->s.dr7 = 0x400;
    c->s.seg[SEG_LDTR] = (struct hvm_segment){.attr = ATTR_LDT, .limit = 0xffff};
    c->s.seg[SEG_TR] = (struct hvm_segment){.attr = ATTR_TSS64, .limit = 0x67};
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        c->s.seg[i] = (struct hvm_segment){.attr = ATTR_DATA, .limit = LIMIT_FLAT};
}

static void from_64(struct context *c, const struct vcpu_hvm_x86_64 *r)
{
    c->ctrl = (struct x86_ctrl){
        .cr0 = r->cr0 | X86_CR0_ET, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer};
    c->s.rip = r->rip;
    c->s.rsp = r->rsp;
    c->s.rflags = r->rflags | X86_EFLAGS_MBS;
    c->s.seg[SEG_CS] = (struct hvm_segment){.attr = ATTR_CODE64, .limit = LIMIT_FLAT};
    c->regs.rax = r->rax;
    c->regs.rbx = r->rbx;
    c->regs.rcx = r->rcx;
    c->regs.rdx = r->rdx;
    c->regs.rsi = r->rsi;
    c->regs.rdi = r->rdi;
    c->regs.rbp = r->rbp;
}

static void from_32(struct context *c, const struct vcpu_hvm_x86_32 *r)
{
    c->ctrl = (struct x86_ctrl){
        .cr0 = r->cr0 | X86_CR0_ET, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer};
    /* Compatibility mode: the processor sets LMA itself when paging begins. */
    if ((r->efer & EFER_LME) && (r->cr0 & X86_CR0_PG))
        c->ctrl.efer |= EFER_LMA;
    c->s.rip = r->eip;
    c->s.rsp = r->esp;
    c->s.rflags = r->eflags | X86_EFLAGS_MBS;
#define SEGMENT(n, name)                \
    c->s.seg[n] = (struct hvm_segment){ \
        .attr = r->name##_ar, .limit = r->name##_limit, .base = r->name##_base}
    SEGMENT(SEG_CS, cs);
    SEGMENT(SEG_DS, ds);
    SEGMENT(SEG_SS, ss);
    SEGMENT(SEG_ES, es);
    SEGMENT(SEG_TR, tr);
#undef SEGMENT
    c->regs.rax = r->eax;
    c->regs.rbx = r->ebx;
    c->regs.rcx = r->ecx;
    c->regs.rdx = r->edx;
    c->regs.rsi = r->esi;
    c->regs.rdi = r->edi;
    c->regs.rbp = r->ebp;
}

static int check(const struct domain *d, const struct context *c)
{
    const struct cpu_policy *p = &d->arch.policy;
    const struct x86_ctrl_env env = {
        .efer_legal = p->efer_legal, .cr4_legal = p->cr4_legal, .maxphysaddr = p->maxphysaddr};
    const char *bad = hvm_cpu_state_bad(&c->s, &c->ctrl, &env);

    if (!bad)
        return 0;
    printk(XENLOG_GUEST XENLOG_INFO "d%d: VCPUOP_initialise refused: %s\n", d->domain_id, bad);
    return -EINVAL;
}

/* What MOV CR3 would load.  -EINVAL: not RAM, or reserved bits. */
static int read_pdptes(struct domain *d, const struct x86_ctrl *ctrl, uint64_t pdpte[4])
{
    if (hvm_copy_from_guest_phys(d, pdpte, _gaddr(ctrl->cr3 & 0xffffffe0), 4 * sizeof(*pdpte)) ||
        !x86_pdptes_valid(pdpte, d->arch.policy.maxphysaddr))
        return -EINVAL;
    return 0;
}

/* d->lock held; @v is down and has no state yet. */
static int apply(struct vcpu *v, const struct context *c)
{
    uint64_t pdpte[4];
    bool pae = x86_pae_paging(&c->ctrl);

    if (pae && read_pdptes(v->domain, &c->ctrl, pdpte))
        return -EINVAL;
    v->arch.hvm.ctrl = c->ctrl;
    hvm_update_ctrl(v);
    hvm_set_cpu_state(v, &c->s);
    if (pae)
        hvm_set_pdptes(v, pdpte);
    /* One clock for all: vCPU 0's may have been set since this one was made. */
    hvm_set_tsc_offset(v, v->domain->vcpu[0]->arch.hvm.tsc_offset);
    v->arch.user_regs = c->regs;
    v->is_initialised = true;
    return 0;
}

long hvm_vcpu_initialise(struct vcpu *v, unsigned long arg)
{
    struct vcpu_hvm_context ctxt;
    struct context c;
    long rc;

    if (copy_from_guest_va(&ctxt, arg))
        return -EFAULT;
    if (ctxt.pad)
        return -EINVAL;
    init_common(&c);
    if (ctxt.mode == VCPU_HVM_MODE_64B)
        from_64(&c, &ctxt.cpu_regs.x86_64);
    else if (ctxt.mode == VCPU_HVM_MODE_32B)
        from_32(&c, &ctxt.cpu_regs.x86_32);
    else
        return -EINVAL;
    rc = check(v->domain, &c);
    if (rc)
        return rc;
    spin_lock(&v->domain->lock);
    rc = v->is_initialised ? -EEXIST : apply(v, &c);
    spin_unlock(&v->domain->lock);
    return rc;
}
