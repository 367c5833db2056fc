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

const char *hvm_context_to_state(const struct vcpu_hvm_context *c, struct hvm_start_state *out)
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
