/* SPDX-License-Identifier: MIT */
/* ctrl.c - control registers of a vCPU: cr.c decides, this applies. */
#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>

#include "cr.h"

/* Segment state matters only to CR0.PG. */
static void fill_segment_env(struct vcpu *v, struct x86_ctrl_env *env)
{
    struct hvm_cpu_state s;
    unsigned int tss;

    hvm_get_cpu_state(v, &s);
    tss = s.seg[SEG_TR].attr & 0xf;
    env->cs_l = s.seg[SEG_CS].attr & (1u << 9);
    env->tss_16 = tss == 1 || tss == 3;
}

/* What the rules make of @value: @next, and what is owed. */
static int decide(struct vcpu *v, x86_ctrl_rule rule, uint64_t value, struct x86_ctrl *next,
                  unsigned int *owed)
{
    struct x86_ctrl_env env = x86_ctrl_env_of(&v->domain->arch.policy);

    if (rule == x86_set_cr0 && ((value ^ v->arch.hvm.ctrl.cr0) & X86_CR0_PG))
        fill_segment_env(v, &env);
    return rule(&v->arch.hvm.ctrl, &env, value, next, owed);
}

int hvm_read_pdptes(const struct vcpu *v, uint64_t cr3, uint64_t pdpte[4])
{
    gaddr_t table = _gaddr(cr3 & 0xffffffe0);

    if (hvm_copy_from_guest_phys(v->domain, pdpte, table, 4 * sizeof(pdpte[0])) ||
        !x86_pdptes_valid(pdpte, v->domain->arch.policy.maxphysaddr))
        return -EPERM;
    return 0;
}

static noinline int load_pdptes(struct vcpu *v, uint64_t cr3)
{
    uint64_t pdpte[4];

    if (hvm_read_pdptes(v, cr3, pdpte))
        return -EPERM;
    hvm_set_pdptes(v, pdpte);
    return 0;
}

/* Load the PDPTEs for @next, then make it the state. */
static int commit(struct vcpu *v, const struct x86_ctrl *next, unsigned int owed)
{
    if ((owed & X86_LOAD_PDPTES) && load_pdptes(v, next->cr3))
        return -EPERM;
    v->arch.hvm.ctrl = *next;
    if (owed & X86_FLUSH_TLB)
        v->domain->arch.paging->flush(v);
    return 0;
}

int hvm_set_cr0(struct vcpu *v, uint64_t value)
{
    struct x86_ctrl next;
    unsigned int owed;

    hvm_sync_ctrl(v);

    int rc = decide(v, x86_set_cr0, value, &next, &owed);

    if (rc)
        return rc;

    uint64_t changed = next.cr0 ^ v->arch.hvm.ctrl.cr0;

    rc = commit(v, &next, owed);
    if (!rc)
        hvm_update_cr0(v, changed);
    return rc;
}

int hvm_set_cr4(struct vcpu *v, uint64_t value)
{
    struct x86_ctrl next;
    unsigned int owed;

    hvm_sync_ctrl(v);

    int rc = decide(v, x86_set_cr4, value, &next, &owed);

    if (!rc)
        rc = commit(v, &next, owed);
    if (!rc)
        hvm_update_ctrl(v);
    return rc;
}

/* Where MOV to CR3 exits. */
int hvm_set_cr3(struct vcpu *v, uint64_t value)
{
    const struct paging_ops *paging = v->domain->arch.paging;
    struct x86_ctrl *now = &v->arch.hvm.ctrl;
    unsigned int owed;

    /* Under shadow paging nothing that this depends on is the guest's own. */
    if (!paging->shadow)
        hvm_sync_ctrl(v);
    if (x86_set_cr3(now, v->domain->arch.policy.maxphysaddr, value, &value, &owed))
        return -EPERM;

    bool same = value == now->cr3;
    if (unlikely(owed & X86_LOAD_PDPTES)) {
        if (load_pdptes(v, value))
            return -EPERM;
        same = false;
    }
    now->cr3 = value;
    if (owed & X86_FLUSH_TLB)
        paging->flush(v);
    if (!same)
        hvm_update_cr3(v);
    return 0;
}

int hvm_set_cr(struct vcpu *v, unsigned int cr, uint64_t value)
{
    switch (cr) {
    case 0:
        return hvm_set_cr0(v, value);
    case 3:
        return hvm_set_cr3(v, value);
    case 4:
        return hvm_set_cr4(v, value);
    case 8:
        if (value & ~0xfull)
            return -EPERM;
        vlapic_set_cr8(v, value);
        return 0;
    default:
        return -EINVAL;
    }
}

int hvm_set_efer(struct vcpu *v, uint64_t value)
{
    struct x86_ctrl *now = &v->arch.hvm.ctrl;
    unsigned int owed;

    /* CR0.PG and EFER are never the guest's own: no hvm_sync_ctrl(). */
    if (x86_set_efer(now, v->domain->arch.policy.efer_legal, value, &value, &owed))
        return -EPERM;
    uint64_t changed = value ^ now->efer;
    if (!changed)
        return 0;
    now->efer = value;
    hvm_update_efer(v);
    if (changed & EFER_NXE)
        v->arch.hvm.work |= HVM_WORK_ROOT | HVM_WORK_ROLE; /* part of a shadow's role */
    if (owed & X86_FLUSH_TLB)
        v->domain->arch.paging->flush(v);
    return 0;
}
