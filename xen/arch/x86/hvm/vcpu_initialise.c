/* SPDX-License-Identifier: MIT */
/*
 * vcpu_initialise.c - VCPUOP_initialise of an HVM vCPU: the guest gives one
 * of its vCPUs a first register state; VCPUOP_up then starts it.
 * Checked completely before anything changes; the vCPU is not running.
 */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

#include "check.h"
#include "vcpu_context.h"

static void load(struct vcpu *v, const struct hvm_start_state *s, const uint64_t pdpte[4])
{
    struct cpu_user_regs *r = &v->arch.user_regs;

    memset(r, 0, sizeof(*r));
    for (unsigned int n = 0; n < 8; n++)
        *regs_gpr(r, n) = s->gpr[n];
    hvm_forget_events(v);
    v->arch.hvm.ctrl = s->ctrl;
    hvm_update_ctrl(v);
    hvm_set_cpu_state(v, &s->cpu);
    if (x86_pae_paging(&s->ctrl))
        hvm_set_pdptes(v, pdpte);
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID | HVM_WORK_ROOT | HVM_WORK_ROLE;
    v->is_initialised = true;
}

long hvm_vcpu_initialise(struct vcpu *v, unsigned long arg)
{
    const struct x86_ctrl_env env = x86_ctrl_env_of(&v->domain->arch.policy);
    struct vcpu_hvm_context c;
    struct hvm_start_state s;
    uint64_t pdpte[4] = {0};

    if (copy_from_guest_va(&c, arg))
        return -EFAULT;
    const char *bad = hvm_context_to_state(&c, &s);
    if (!bad)
        bad = hvm_cpu_state_bad(&s.cpu, &s.ctrl, &env);
    if (!bad && x86_pae_paging(&s.ctrl) && hvm_read_pdptes(v, s.ctrl.cr3, pdpte))
        bad = "PDPTEs";
    if (bad) {
        printk(XENLOG_GUEST XENLOG_INFO "d%dv%u: VCPUOP_initialise refused: %s\n",
               v->domain->domain_id, v->vcpu_id, bad);
        return -EINVAL;
    }
    long rc = -EEXIST;
    spin_lock(&v->domain->lock);
    if (!v->is_initialised) {
        vcpu_sleep_sync(v); /* it may be on its way off its CPU */
        load(v, &s, pdpte);
        rc = 0;
    }
    spin_unlock(&v->domain->lock);
    return rc;
}
