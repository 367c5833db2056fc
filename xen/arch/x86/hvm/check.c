/* SPDX-License-Identifier: MIT */
/* check.c - see check.h.  Pure: test/unit/test_xen_hvm_check.c. */
#include "check.h"

#include <asm/processor.h>

/* A limit below 1 MiB cannot have G with low bits clear, nor the reverse. */
static bool limit_matches(const struct hvm_segment *seg)
{
    if (seg->attr & ATTR_G)
        return (seg->limit & 0xfff) == 0xfff;
    return (seg->limit & 0xfff00000) == 0;
}

static const char *check_v86(const struct hvm_cpu_state *s)
{
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        const struct hvm_segment *seg = &s->seg[i];
        if (seg->base != (uint64_t)seg->sel << 4 || seg->limit != 0xffff ||
            (seg->attr & 0xfff) != 0xf3)
            return "a segment in virtual-8086 mode";
    }
    return NULL;
}

static const char *check_cs(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl)
{
    const struct hvm_segment *cs = &s->seg[SEG_CS], *ss = &s->seg[SEG_SS];
    unsigned int dpl = ATTR_DPL(cs->attr), ss_dpl = ATTR_DPL(ss->attr);

    if (!(cs->attr & ATTR_P) || !(cs->attr & ATTR_S))
        return "CS is not a present segment";
    switch (ATTR_TYPE(cs->attr)) {
    case 3: /* data: only what real mode leaves behind */
        if (dpl != 0)
            return "CS of data type with DPL";
        break;
    case 9:
    case 11:
        if (dpl != ss_dpl)
            return "CS.DPL differs from SS.DPL";
        break;
    case 13:
    case 15:
        if (dpl > ss_dpl)
            return "conforming CS.DPL above SS.DPL";
        break;
    default:
        return "CS type";
    }
    if ((ctrl->efer & EFER_LMA) && (cs->attr & ATTR_L) && (cs->attr & ATTR_DB))
        return "CS with L and D";
    return NULL;
}

static const char *check_ss(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl)
{
    const struct hvm_segment *ss = &s->seg[SEG_SS];
    unsigned int cs_type = ATTR_TYPE(s->seg[SEG_CS].attr);

    if ((!(ctrl->cr0 & X86_CR0_PE) || cs_type == 3) && ATTR_DPL(ss->attr) != 0)
        return "SS.DPL in real mode";
    if (!(ss->attr & ATTR_P))
        return NULL;
    if (ATTR_TYPE(ss->attr) != 3 && ATTR_TYPE(ss->attr) != 7)
        return "SS type";
    return ss->attr & ATTR_S ? NULL : "SS is a system segment";
}

static const char *check_data(const struct hvm_segment *seg)
{
    unsigned int type = ATTR_TYPE(seg->attr);
    if (!(seg->attr & ATTR_P))
        return NULL;
    if (!(seg->attr & ATTR_S) || !(type & 1))
        return "a data segment is a system segment or not accessed";
    if ((type & 8) && !(type & 2))
        return "a data segment of execute-only code";
    return NULL;
}

static const char *check_segments(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl)
{
    const char *bad;
    if ((bad = check_cs(s, ctrl)) || (bad = check_ss(s, ctrl)))
        return bad;
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        const struct hvm_segment *seg = &s->seg[i];
        if (i != SEG_CS && i != SEG_SS && (bad = check_data(seg)))
            return bad;
        if (!(seg->attr & ATTR_P))
            continue;
        if (!limit_matches(seg))
            return "a segment limit does not match its granularity";
        if (i < SEG_FS && seg->base >> 32)
            return "a segment base above 4 GiB";
    }
    return NULL;
}

static const char *check_system(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl)
{
    const struct hvm_segment *tr = &s->seg[SEG_TR], *ldtr = &s->seg[SEG_LDTR];
    unsigned int type = ATTR_TYPE(tr->attr);

    if (!(tr->attr & ATTR_P) || (tr->attr & ATTR_S) || (tr->sel & 4) || !limit_matches(tr))
        return "TR";
    if (type != 11 && (type != 3 || (ctrl->efer & EFER_LMA)))
        return "TR type";
    if ((ldtr->attr & ATTR_P) && (ATTR_TYPE(ldtr->attr) != 2 || (ldtr->attr & ATTR_S) ||
                                  (ldtr->sel & 4) || !limit_matches(ldtr)))
        return "LDTR";
    if (s->seg[SEG_GDTR].limit > 0xffff || s->seg[SEG_IDTR].limit > 0xffff)
        return "GDTR or IDTR limit";
    static const uint8_t canonical[] = {SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_GDTR, SEG_IDTR};
    for (unsigned int i = 0; i < sizeof(canonical); i++)
        if (!is_canonical(s->seg[canonical[i]].base))
            return "a base that is not canonical";
    return NULL;
}

static const char *check_flags(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl)
{
    const uint64_t reserved = ~0x3f7fd7ull; /* bits 63:22, 15, 5, 3; bit 1 is forced */
    if (s->rflags & reserved)
        return "RFLAGS";
    if ((s->rflags & X86_EFLAGS_VM) && ((ctrl->efer & EFER_LMA) || !(ctrl->cr0 & X86_CR0_PE)))
        return "RFLAGS.VM in this mode";
    if (s->dr7 >> 32)
        return "DR7";
    bool mode_64 = (ctrl->efer & EFER_LMA) && (s->seg[SEG_CS].attr & ATTR_L);
    if (mode_64 ? !is_canonical(s->rip) : s->rip >> 32 != 0)
        return "RIP";
    if (!is_canonical(s->sysenter_esp) || !is_canonical(s->sysenter_eip) || s->sysenter_cs >> 32)
        return "SYSENTER registers";
    return NULL;
}

const char *hvm_cpu_state_bad(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl,
                              const struct x86_ctrl_env *env)
{
    struct x86_ctrl_env e = *env;
    unsigned int tss = ATTR_TYPE(s->seg[SEG_TR].attr);
    const char *bad;

    e.tss_16 = tss == 1 || tss == 3;
    if (!x86_ctrl_valid(ctrl, &e))
        return "control registers or EFER";
    for (unsigned int i = 0; i <= SEG_TR; i++)
        if (s->seg[i].attr >> 12)
            return "segment attributes beyond 12 bits";
    if ((bad = check_flags(s, ctrl)))
        return bad;
    bad = s->rflags & X86_EFLAGS_VM ? check_v86(s) : check_segments(s, ctrl);
    return bad ? bad : check_system(s, ctrl);
}

const char *hvm_event_bad(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl,
                          unsigned int vector, unsigned int type, bool has_ec)
{
    bool exception_has_ec =
        type == 3 && vector < 32 && (X86_EXC_HAS_EC & 1u << vector) && (ctrl->cr0 & X86_CR0_PE);

    if (has_ec != exception_has_ec)
        return "error code of a pending event";
    switch (type) {
    case 0:
        return s->rflags & X86_EFLAGS_IF ? NULL : "a pending interrupt without RFLAGS.IF";
    case 2:
        return vector == X86_EXC_NMI ? NULL : "vector of a pending NMI";
    case 3:
        return vector < 32 && vector != X86_EXC_NMI ? NULL : "vector of a pending exception";
    default:
        return "type of a pending event";
    }
}

uint32_t hvm_blocking_legal(uint32_t b, uint64_t rflags, int event)
{
    b &= HVM_BLOCKING_ALL;
    if ((b & HVM_BLOCKING_MOV_SS) || !(rflags & X86_EFLAGS_IF))
        b &= ~HVM_BLOCKING_STI;
    if (event == 0 || event == 2)
        b &= ~HVM_BLOCKING_SHADOW;
    if (event == 2)
        b &= ~HVM_BLOCKING_NMI;
    if (b & HVM_BLOCKING_SHADOW)
        b = rflags & X86_EFLAGS_TF ? b | HVM_PENDING_BS : b & ~HVM_PENDING_BS;
    return b;
}
