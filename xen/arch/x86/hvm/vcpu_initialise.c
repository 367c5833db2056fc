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
#include <xen/hvm/hvm_vcpu.h>

#include "check.h"
#include "reset.h"

struct hvm_start_state {
    struct hvm_cpu_state cpu;
    struct x86_ctrl ctrl;
    uint64_t gpr[8]; /* rax rcx rdx rbx rsp rbp rsi rdi */
};

/* A segment of the context: limits are in units of the granularity, as in a
 * descriptor; a present one is taken as loaded (accessed, busy). */
static const char *put_segment(struct hvm_segment *seg, uint32_t base, uint32_t limit,
                               uint16_t attr, uint16_t loaded)
{
    if (attr >> 12)
        return "reserved attribute bits of a segment";
    if (attr & ATTR_P)
        attr |= loaded;
    if ((attr & ATTR_G) && limit <= 0xfffff)
        limit = limit << 12 | 0xfff;
    *seg = (struct hvm_segment){.attr = attr, .limit = limit, .base = base};
    return NULL;
}

/* What both kinds have; @w is the letter of their width. */
#define TAKE_REGISTERS(w)                                                                        \
    (struct hvm_start_state)                                                                     \
    {                                                                                            \
        .cpu = {.rip = r->w##ip, .rflags = r->w##flags | X86_EFLAGS_MBS, .rsp = r->w##sp},       \
        .ctrl = {.cr0 = r->cr0 | X86_CR0_ET, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer},     \
        .gpr = {r->w##ax, r->w##cx, r->w##dx, r->w##bx, r->w##sp, r->w##bp, r->w##si, r->w##di}, \
    }

static const char *from_32(const struct vcpu_hvm_x86_32 *r, struct hvm_start_state *out)
{
    struct hvm_segment *seg = out->cpu.seg;
    const char *bad;

    *out = TAKE_REGISTERS(e);
    if (r->pad1 || r->pad2[0] || r->pad2[1] || r->pad2[2])
        return "padding";
    if ((bad = put_segment(&seg[SEG_CS], r->cs_base, r->cs_limit, r->cs_ar, 1)) ||
        (bad = put_segment(&seg[SEG_DS], r->ds_base, r->ds_limit, r->ds_ar, 1)) ||
        (bad = put_segment(&seg[SEG_SS], r->ss_base, r->ss_limit, r->ss_ar, 1)) ||
        (bad = put_segment(&seg[SEG_ES], r->es_base, r->es_limit, r->es_ar, 1)) ||
        (bad = put_segment(&seg[SEG_TR], r->tr_base, r->tr_limit, r->tr_ar, 2)))
        return bad;
    if (!(r->ss_ar & ATTR_P) || !(r->tr_ar & ATTR_P))
        return "SS or TR is null";
    if (!(r->cs_ar & ATTR_S) || !(r->cs_ar & ATTR_CODE))
        return "CS is not code";
    if (ATTR_DPL(r->cs_ar) != ATTR_DPL(r->ss_ar))
        return "privilege of CS and SS";
    if (r->cs_ar & ATTR_L)
        return "64-bit CS in 32-bit mode";
    return r->eip > seg[SEG_CS].limit ? "EIP above the limit of CS" : NULL;
}

static const char *from_64(const struct vcpu_hvm_x86_64 *r, struct hvm_start_state *out)
{
    struct hvm_segment *seg = out->cpu.seg;

    *out = TAKE_REGISTERS(r);
    if (!(r->cr0 & X86_CR0_PG) || !(r->cr4 & X86_CR4_PAE) || !(r->efer & EFER_LME) ||
        !(r->efer & EFER_LMA))
        return "control registers are not those of 64-bit mode";
    seg[SEG_CS] = (struct hvm_segment){.attr = 0xa9b, .limit = 0xffffffff};
    seg[SEG_DS] = seg[SEG_ES] = seg[SEG_SS] =
        (struct hvm_segment){.attr = 0xc93, .limit = 0xffffffff};
    seg[SEG_TR] = (struct hvm_segment){.attr = 0x8b, .limit = 0x67};
    return NULL;
}

/* NULL, or what is wrong with @c.  The result still has to pass check.h. */
static const char *context_to_state(const struct vcpu_hvm_context *c, struct hvm_start_state *out)
{
    const char *bad = "mode";

    if (c->pad)
        return "padding";
    if (c->mode == VCPU_HVM_MODE_32B)
        bad = from_32(&c->cpu_regs.x86_32, out);
    else if (c->mode == VCPU_HVM_MODE_64B)
        bad = from_64(&c->cpu_regs.x86_64, out);
    out->cpu.dr7 = 0x400;
    out->cpu.seg[SEG_LDTR] = (struct hvm_segment){.attr = 0x82, .limit = 0xffff};
    out->cpu.seg[SEG_GDTR].limit = out->cpu.seg[SEG_IDTR].limit = 0xffff;
    return bad;
}

static void load(struct vcpu *v, const struct hvm_start_state *s, const uint64_t pdpte[4])
{
    struct cpu_user_regs *r = &v->arch.user_regs;

    memset(r, 0, sizeof(*r));
    for (unsigned int n = 0; n < 8; n++)
        *regs_gpr(r, n) = s->gpr[n];
    hvm_load_state(v, &s->cpu, &s->ctrl, pdpte);
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
    const char *bad = context_to_state(&c, &s);
    if (!bad)
        bad = hvm_cpu_state_bad(&s.cpu, &s.ctrl, &env);
    if (!bad && x86_pae_paging(&s.ctrl) && hvm_read_pdptes(v, s.ctrl.cr3, pdpte))
        bad = "PDPTEs";
    if (bad) {
        printk(XENLOG_GUEST XENLOG_INFO "d%dv%u: VCPUOP_initialise refused: %s\n",
               v->domain->domain_id, v->vcpu_id, bad);
        return -EINVAL;
    }
    scoped_lock(&v->domain->lock);
    if (v->is_initialised)
        return -EEXIST;
    vcpu_sleep_sync(v); /* it may be on its way off its CPU */
    load(v, &s, pdpte);
    return 0;
}
