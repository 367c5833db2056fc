/* SPDX-License-Identifier: MIT */
/*
 * vcpu_context.c - see vcpu_context.h.  Pure; tried by the guest test ap-start.
 */
#include "vcpu_context.h"

#include <asm/processor.h>

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

static void clear_segments(struct hvm_cpu_state *s)
{
    for (unsigned int i = 0; i < NR_SEGS; i++)
        s->seg[i] = (struct hvm_segment){0};
    s->seg[SEG_LDTR] = (struct hvm_segment){.attr = 0x82, .limit = 0xffff};
    s->seg[SEG_GDTR].limit = s->seg[SEG_IDTR].limit = 0xffff;
}

static const char *from_32(const struct vcpu_hvm_x86_32 *r, struct hvm_start_state *out)
{
    struct hvm_segment *seg = out->cpu.seg;
    const uint64_t gpr[8] = {r->eax, r->ecx, r->edx, r->ebx, r->esp, r->ebp, r->esi, r->edi};
    const char *bad;

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
    if (r->eip > seg[SEG_CS].limit)
        return "EIP above the limit of CS";
    for (unsigned int i = 0; i < 8; i++)
        out->gpr[i] = gpr[i];
    out->cpu.rip = r->eip;
    out->cpu.rflags = r->eflags;
    out->ctrl = (struct x86_ctrl){.cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer};
    return NULL;
}

static const char *from_64(const struct vcpu_hvm_x86_64 *r, struct hvm_start_state *out)
{
    const uint64_t gpr[8] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi};
    struct hvm_segment *seg = out->cpu.seg;

    if (!(r->cr0 & X86_CR0_PG) || !(r->cr4 & X86_CR4_PAE) || !(r->efer & EFER_LME) ||
        !(r->efer & EFER_LMA))
        return "control registers are not those of 64-bit mode";
    seg[SEG_CS] = (struct hvm_segment){.attr = 0xa9b, .limit = 0xffffffff};
    seg[SEG_DS] = seg[SEG_ES] = seg[SEG_SS] =
        (struct hvm_segment){.attr = 0xc93, .limit = 0xffffffff};
    seg[SEG_TR] = (struct hvm_segment){.attr = 0x8b, .limit = 0x67};
    for (unsigned int i = 0; i < 8; i++)
        out->gpr[i] = gpr[i];
    out->cpu.rip = r->rip;
    out->cpu.rflags = r->rflags;
    out->ctrl = (struct x86_ctrl){.cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer};
    return NULL;
}

const char *hvm_context_to_state(const struct vcpu_hvm_context *c, struct hvm_start_state *out)
{
    const char *bad = "mode";

    *out = (struct hvm_start_state){0};
    clear_segments(&out->cpu);
    if (c->pad)
        return "padding";
    if (c->mode == VCPU_HVM_MODE_32B)
        bad = from_32(&c->cpu_regs.x86_32, out);
    else if (c->mode == VCPU_HVM_MODE_64B)
        bad = from_64(&c->cpu_regs.x86_64, out);
    out->cpu.rsp = out->gpr[4];
    out->cpu.rflags |= X86_EFLAGS_MBS;
    out->cpu.dr7 = 0x400;
    out->ctrl.cr0 |= X86_CR0_ET;
    return bad;
}
