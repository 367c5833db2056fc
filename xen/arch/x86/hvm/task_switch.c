/* SPDX-License-Identifier: MIT */
/*
 * task_switch.c - from one 32-bit TSS to another.
 *
 * Up to the load of CR3 a fault belongs to the old task and nothing of the
 * vCPU has changed; after that it belongs to the new one, whose registers are
 * then all loaded.
 * Source: SDM "Task Switching"; "Exceptions and Interrupts During a Task Switch".
 */
#include "task_switch.h"

#include <asm/hvm.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>

#include "cr.h"
#include "emul.h"

struct __packed tss32 {
    uint16_t link, pad0;
    uint32_t stack[6];
    uint32_t cr3, eip, eflags;
    uint32_t gpr[8]; /* in the order of instructions */
    struct {
        uint16_t sel, pad;
    } seg[6]; /* ES CS SS DS FS GS, as SEG_* */
    uint16_t ldtr, pad1;
    uint16_t trap, iopb;
};
_Static_assert(sizeof(struct tss32) == 0x68, "32-bit TSS");

/* Saved on leaving: EIP to GS. */
#define TSS_SAVED_FROM offsetof(struct tss32, eip)
#define TSS_SAVED_LEN  (offsetof(struct tss32, ldtr) - TSS_SAVED_FROM)

#define DR7_LOCAL 0x155ul /* L0-L3 and LE */
#define DR6_BT    (1ul << 15)

#define TYPE_TSS16  1
#define TYPE_LDT    2
#define TYPE_TSS32  9
#define TYPE_BUSY   2
#define DESC_BUSY   (1ull << 41)
#define DESC_ACCESS (1ull << 40)

/* ---- descriptors ---- */

/* Supervisor access to tables: 0, or -EFAULT with #PF pending. */
static int table_copy(struct vcpu *v, gva_t at, void *buf, size_t len, enum copy_kind kind)
{
    gva_t fault;
    uint32_t ec;
    int rc = guest_copy_linear(v, at, buf, len, kind, &fault, &ec);

    if (rc)
        hvm_inject_page_fault(v, fault, ec);
    return rc;
}

static int change_descriptor(struct vcpu *v, gva_t at, uint64_t set, uint64_t clear)
{
    uint64_t desc;
    int rc = table_copy(v, at, &desc, sizeof(desc), COPY_FROM_GUEST);

    if (rc || (desc | set) == (desc & ~clear))
        return rc;
    desc = (desc | set) & ~clear;
    return table_copy(v, at, &desc, sizeof(desc), COPY_TO_GUEST);
}

static gva_t gdt_entry(const struct hvm_cpu_state *s, uint16_t sel)
{
    return (uint32_t)(s->seg[SEG_GDTR].base + (sel & ~7u));
}

static int raise(struct vcpu *v, unsigned int vector, uint32_t ec)
{
    hvm_inject_exception(v, vector, ec);
    return -EFAULT;
}

/* ---- the old task's part ---- */

/* Find the new TSS and check that it may be switched to. */
static int find_tss(struct vcpu *v, const struct task_switch *t, const struct hvm_cpu_state *s,
                    struct hvm_segment *tr)
{
    bool iret = t->source == TASK_BY_IRET;
    unsigned int bad = iret ? X86_EXC_TS : X86_EXC_GP;
    uint32_t ec = (t->selector & ~3u) | (t->source == TASK_BY_GATE);
    uint64_t desc;

    if ((t->selector & 4) || !(t->selector & ~7u) || (t->selector | 7u) > s->seg[SEG_GDTR].limit)
        return raise(v, bad, ec);
    int rc = table_copy(v, gdt_entry(s, t->selector), &desc, sizeof(desc), COPY_FROM_GUEST);
    if (rc)
        return rc;
    *tr = hvm_segment_unpack(desc, t->selector);
    unsigned int type = tr->attr & 0x1f, want = iret ? TYPE_TSS32 | TYPE_BUSY : TYPE_TSS32;
    if (type == (TYPE_TSS16 | (iret ? TYPE_BUSY : 0))) {
        domain_crash(v->domain, "hvm: task switch to the 16-bit TSS %04x, wanted a 32-bit one",
                     t->selector);
        return -EOPNOTSUPP;
    }
    if (type != want)
        return raise(v, bad, ec);
    if (!(tr->attr & ATTR_P))
        return raise(v, X86_EXC_NP, ec);
    if (tr->limit < sizeof(struct tss32) - 1)
        return raise(v, X86_EXC_TS, ec);
    return 0;
}

static void fill_old_tss(struct tss32 *tss, const struct cpu_user_regs *regs,
                         const struct hvm_cpu_state *s, const struct task_switch *t)
{
    tss->eip = s->rip + t->insn_len;
    tss->eflags = s->rflags;
    if (t->source == TASK_BY_IRET)
        tss->eflags &= ~X86_EFLAGS_NT;
    if (t->fault)
        tss->eflags |= X86_EFLAGS_RF;
    for (unsigned int i = 0; i < 8; i++)
        tss->gpr[i] = hvm_read_gpr(regs, i);
    for (unsigned int i = 0; i < 6; i++)
        tss->seg[i].sel = s->seg[i].sel;
}

/* Save the old task, read the new one, set links and busy bits. */
static int exchange(struct vcpu *v, const struct cpu_user_regs *regs, const struct task_switch *t,
                    const struct hvm_cpu_state *s, const struct hvm_segment *tr, struct tss32 *tss)
{
    const struct hvm_segment *old = &s->seg[SEG_TR];
    bool nested = t->source == TASK_BY_CALL || t->source == TASK_BY_GATE;
    uint16_t link = old->sel;
    struct tss32 save;
    int rc;

    if ((old->attr & 0xf) != (TYPE_TSS32 | TYPE_BUSY) || old->limit < sizeof(save) - 1)
        return raise(v, X86_EXC_TS, old->sel & ~3u);
    /* Both readable and writable before anything is written. */
    if ((rc = table_copy(v, tr->base, tss, sizeof(*tss), COPY_FROM_GUEST)) ||
        (rc = table_copy(v, old->base, &save, sizeof(save), COPY_FROM_GUEST)))
        return rc;
    fill_old_tss(&save, regs, s, t);
    if ((rc = table_copy(v, old->base + TSS_SAVED_FROM, (char *)&save + TSS_SAVED_FROM,
                         TSS_SAVED_LEN, COPY_TO_GUEST)))
        return rc;
    if (nested && (rc = table_copy(v, tr->base, &link, sizeof(link), COPY_TO_GUEST)))
        return rc;
    if (!nested && (rc = change_descriptor(v, gdt_entry(s, old->sel), 0, DESC_BUSY)))
        return rc;
    if (t->source != TASK_BY_IRET &&
        (rc = change_descriptor(v, gdt_entry(s, t->selector), DESC_BUSY, 0)))
        return rc;
    if (nested)
        tss->eflags |= X86_EFLAGS_NT;
    return 0;
}

/* ---- the new task's part ---- */

/* Vector of the exception that loading @seg for @name raises at @cpl; 0: none. */
static unsigned int segment_fault(enum hvm_seg_name name, const struct hvm_segment *seg,
                                  unsigned int cpl)
{
    unsigned int dpl = ATTR_DPL(seg->attr), rpl = seg->sel & 3;
    bool conforming = seg->attr & ATTR_CONFORMING, ok;

    if (name == SEG_CS)
        ok = (seg->attr & ATTR_S) && (seg->attr & ATTR_CODE) &&
             (conforming ? dpl <= rpl : dpl == rpl);
    else
        ok = emul_data_allowed(name, seg, cpl);
    if (!ok)
        return X86_EXC_TS;
    return seg->attr & ATTR_P ? 0 : name == SEG_SS ? X86_EXC_SS : X86_EXC_NP;
}

/* Read the descriptor of @sel; 0, or -EFAULT with an exception pending. */
static int load_segment(struct vcpu *v, struct hvm_cpu_state *s, enum hvm_seg_name name,
                        uint16_t sel, unsigned int cpl)
{
    const struct hvm_segment *table = &s->seg[sel & 4 ? SEG_LDTR : SEG_GDTR];
    struct hvm_segment seg;
    uint64_t desc;

    if (!(sel & ~3u)) {
        if (name == SEG_CS || name == SEG_SS)
            return raise(v, X86_EXC_TS, 0); /* with what clear_segments() put there */
        s->seg[name] = (struct hvm_segment){.sel = sel};
        return 0;
    }
    bool no_table = (sel & 4) && (!(table->attr & ATTR_P) || name == SEG_LDTR);
    if (no_table || (sel | 7u) > table->limit)
        return raise(v, X86_EXC_TS, sel & ~3u);
    gva_t at = (uint32_t)(table->base + (sel & ~7u));
    int rc = table_copy(v, at, &desc, sizeof(desc), COPY_FROM_GUEST);
    if (rc)
        return rc;
    seg = hvm_segment_unpack(desc, sel);
    if (name == SEG_LDTR) {
        if ((seg.attr & 0x1f) != TYPE_LDT || !(seg.attr & ATTR_P))
            return raise(v, X86_EXC_TS, sel & ~3u);
        s->seg[name] = seg;
        return 0;
    }
    unsigned int vector = segment_fault(name, &seg, cpl);
    if (vector)
        return raise(v, vector, sel & ~3u);
    seg.attr |= 1;
    s->seg[name] = seg;
    return change_descriptor(v, at, DESC_ACCESS, 0);
}

/* What a segment is until its descriptor is read: nothing; CS and SS such that
 * the fault of the read can be delivered, SS with the RPL that VM entry wants. */
static void clear_segments(struct hvm_cpu_state *s, const struct tss32 *tss, unsigned int cpl)
{
    bool v86 = tss->eflags & X86_EFLAGS_VM;

    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        uint16_t sel = tss->seg[i].sel;
        s->seg[i] = (struct hvm_segment){.sel = sel};
        if (v86)
            s->seg[i] = (struct hvm_segment){
                .sel = sel, .attr = 0xf3, .limit = 0xffff, .base = (uint32_t)sel << 4};
    }
    s->seg[SEG_LDTR] = (struct hvm_segment){.sel = tss->ldtr, .attr = TYPE_LDT};
    if (v86)
        return;
    s->seg[SEG_CS] = (struct hvm_segment){
        .sel = tss->seg[SEG_CS].sel, .attr = 0xc9b | cpl << 5, .limit = 0xffffffff};
    s->seg[SEG_SS] = (struct hvm_segment){
        .sel = (tss->seg[SEG_SS].sel & ~3u) | cpl, .attr = 0xc93 | cpl << 5, .limit = 0xffffffff};
}

static int load_segments(struct vcpu *v, struct hvm_cpu_state *s, const struct tss32 *tss,
                         unsigned int cpl)
{
    static const uint8_t order[] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS};
    int rc = load_segment(v, s, SEG_LDTR, tss->ldtr, cpl);

    if (tss->ldtr >> 2 == 0) /* null: no LDT, whatever was there before */
        s->seg[SEG_LDTR] = (struct hvm_segment){.sel = tss->ldtr, .attr = TYPE_LDT};
    if (tss->eflags & X86_EFLAGS_VM)
        return rc;
    for (unsigned int i = 0; !rc && i < sizeof(order); i++)
        rc = load_segment(v, s, order[i], tss->seg[order[i]].sel, cpl);
    return rc;
}

static int push_error_code(struct vcpu *v, struct cpu_user_regs *regs, struct hvm_cpu_state *s,
                           uint32_t ec)
{
    const struct hvm_segment *ss = &s->seg[SEG_SS];
    bool wide = ss->attr & 0x400;
    uint32_t sp = s->rsp - 4;

    if (!wide)
        sp = (s->rsp & 0xffff0000) | (sp & 0xffff);
    int rc = table_copy(v, (uint32_t)(ss->base + (wide ? sp : sp & 0xffff)), &ec, sizeof(ec),
                        COPY_TO_GUEST);
    if (!rc)
        s->rsp = sp;
    return rc;
}

/* Everything of @tss becomes the vCPU's; then descriptors are read. */
static void enter_task(struct vcpu *v, struct cpu_user_regs *regs, const struct task_switch *t,
                       struct hvm_cpu_state *s, const struct hvm_segment *tr,
                       const struct tss32 *tss)
{
    const uint32_t flags_valid = 0x3f7fd5;
    unsigned int cpl = tss->eflags & X86_EFLAGS_VM ? 3 : tss->seg[SEG_CS].sel & 3;

    s->seg[SEG_TR] = *tr;
    s->seg[SEG_TR].attr |= TYPE_BUSY;
    s->rip = tss->eip;
    s->rflags = (tss->eflags & flags_valid) | X86_EFLAGS_MBS;
    s->rsp = tss->gpr[4];
    s->dr7 &= ~DR7_LOCAL;
    clear_segments(s, tss, cpl);
    for (unsigned int i = 0; i < 8; i++)
        if (i != 4)
            hvm_write_gpr(regs, i, tss->gpr[i]);
    hvm_set_cpu_state(v, s);
    hvm_set_cr0(v, v->arch.hvm.ctrl.cr0 | X86_CR0_TS);

    int rc = load_segments(v, s, tss, cpl);
    if (!rc && t->has_ec)
        rc = push_error_code(v, regs, s, t->ec);
    hvm_set_cpu_state(v, s);
    if (!rc && (tss->trap & 1)) {
        hvm_note_debug_trap(v, DR6_BT);
        hvm_inject_exception(v, X86_EXC_DB, 0);
    }
}

void hvm_task_switch(struct vcpu *v, struct cpu_user_regs *regs, const struct task_switch *t)
{
    struct hvm_cpu_state s;
    struct hvm_segment tr;
    struct tss32 tss;

    hvm_sync_ctrl(v);
    hvm_get_cpu_state(v, &s);
    if (find_tss(v, t, &s, &tr) || exchange(v, regs, t, &s, &tr, &tss))
        return;
    if ((v->arch.hvm.ctrl.cr0 & X86_CR0_PG) && hvm_set_cr3(v, tss.cr3)) {
        hvm_inject_exception(v, X86_EXC_GP, 0);
        return;
    }
    v->arch.hvm.work &= ~HVM_WORK_EVENT; /* one that switched tasks is delivered */
    enter_task(v, regs, t, &s, &tr, &tss);
}
