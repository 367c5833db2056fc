/* SPDX-License-Identifier: MIT */
/*
 * segment.c - segment registers: checks of accesses through them, and loads.
 * Source: SDM volume 3 "Protection": "Limit Checking", "Type Checking",
 * "Privilege Levels"; volume 3 "8086 Emulation" for real mode.
 */
#include <cairn/lib.h>

#include "private.h"

bool emul_real_or_vm86(const struct emul_ctxt *c)
{
    return !(c->cr0 & X86_CR0_PE) || (c->regs.rflags & X86_EFLAGS_VM);
}

enum emul_result emul_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                              const struct hvm_segment **out)
{
    if (!(c->seg_valid & (1u << seg))) {
        if (!c->ops->read_segment)
            return EMUL_UNHANDLEABLE;
        TRY(c->ops->read_segment(c, seg, &c->seg[seg]));
        c->seg_valid |= 1u << seg;
    }
    *out = &c->seg[seg];
    return EMUL_OKAY;
}

enum emul_result emul_put_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                  const struct hvm_segment *in)
{
    if (!c->ops->write_segment)
        return EMUL_UNHANDLEABLE;
    c->seg[seg] = *in;
    c->seg_valid |= 1u << seg;
    c->seg_dirty |= 1u << seg;
    return EMUL_OKAY;
}

/* SS was read when the step began. */
unsigned int emul_cpl(struct emul_ctxt *c)
{
    if (!(c->cr0 & X86_CR0_PE))
        return 0;
    return c->regs.rflags & X86_EFLAGS_VM ? 3 : ATTR_DPL(c->seg[SEG_SS].attr);
}

static enum emul_result segment_fault(struct emul_ctxt *c, enum hvm_seg_name seg)
{
    return emul_raise(c, seg == SEG_SS ? X86_EXC_SS : X86_EXC_GP, 0);
}

/* Does the type allow the access?  Only protected mode asks. */
static bool type_allows(const struct hvm_segment *s, unsigned int access)
{
    bool code = s->attr & 8, readable_or_writable = s->attr & 2;
    if (!(s->attr & ATTR_P) || !(s->attr & ATTR_S))
        return false;
    if (access & SEG_ACCESS_EXEC)
        return true; /* checked when CS was loaded; real mode may have left data */
    if (access & (SEG_ACCESS_WRITE | EMUL_FOR_WRITE))
        return !code && readable_or_writable;
    return !code || readable_or_writable;
}

static bool within_limit(const struct hvm_segment *s, uint64_t off, size_t len)
{
    uint64_t last = off + len - 1;
    bool expand_down = (s->attr & ATTR_S) && (s->attr & 0xc) == 4;
    if (!expand_down)
        return last <= s->limit;
    return off > s->limit && last <= (s->attr & ATTR_DB ? 0xffffffffu : 0xffffu);
}

enum emul_result emul_linear(struct emul_ctxt *c, enum hvm_seg_name seg, uint64_t off, size_t len,
                             unsigned int access, uint64_t *addr)
{
    const struct hvm_segment *s;

    if (c->insn.mode == 8) {
        uint64_t base = 0;
        if (seg == SEG_FS || seg == SEG_GS) {
            TRY(emul_segment(c, seg, &s));
            base = s->base;
        }
        *addr = base + off;
        if (!is_canonical(*addr) || !is_canonical(*addr + len - 1))
            return segment_fault(c, seg);
        return EMUL_OKAY;
    }
    TRY(emul_segment(c, seg, &s));
    if (!emul_real_or_vm86(c) && !type_allows(s, access))
        return segment_fault(c, seg);
    if (!within_limit(s, (uint32_t)off, len))
        return segment_fault(c, seg);
    *addr = (uint32_t)(s->base + off);
    return EMUL_OKAY;
}

static enum emul_result check_alignment(struct emul_ctxt *c, uint64_t addr, size_t len)
{
    size_t align = len == 6 || len == 10 ? len - 2 : len; /* far pointers */

    if ((c->cr0 & X86_CR0_AM) && (c->regs.rflags & X86_EFLAGS_AC) && emul_cpl(c) == 3 &&
        align <= 8 && (addr & (align - 1)))
        return emul_raise(c, X86_EXC_AC, 0);
    return EMUL_OKAY;
}

enum emul_result emul_read(struct emul_ctxt *c, enum hvm_seg_name seg, uint64_t off, void *buf,
                           size_t len, unsigned int flags)
{
    uint64_t addr;
    if (!c->ops->read)
        return EMUL_UNHANDLEABLE;
    TRY(emul_linear(c, seg, off, len, flags, &addr));
    TRY(check_alignment(c, addr, len));
    return c->ops->read(c, addr, buf, len, flags);
}

enum emul_result emul_write(struct emul_ctxt *c, enum hvm_seg_name seg, uint64_t off,
                            const void *buf, size_t len)
{
    uint64_t addr;
    if (!c->ops->write)
        return EMUL_UNHANDLEABLE;
    TRY(emul_linear(c, seg, off, len, SEG_ACCESS_WRITE, &addr));
    TRY(check_alignment(c, addr, len));
    return c->ops->write(c, addr, buf, len, 0);
}

/* ---- descriptors ---- */

static enum emul_result table_read(struct emul_ctxt *c, uint64_t addr, uint64_t *v)
{
    if (!(c->efer & EFER_LMA))
        addr = (uint32_t)addr;
    return c->ops->read ? c->ops->read(c, addr, v, 8, EMUL_SYSTEM) : EMUL_UNHANDLEABLE;
}

enum emul_result emul_find_descriptor(struct emul_ctxt *c, uint16_t sel, struct emul_descriptor *d,
                                      bool *ok)
{
    const struct hvm_segment *table;
    TRY(emul_segment(c, sel & 4 ? SEG_LDTR : SEG_GDTR, &table));
    *ok = (sel & 0xfffc) && (!(sel & 4) || (table->attr & ATTR_P)) && (sel | 7u) <= table->limit;
    if (!*ok)
        return EMUL_OKAY;
    d->addr = table->base + (sel & ~7u);
    TRY(table_read(c, d->addr, &d->raw));
    d->seg = hvm_segment_unpack(d->raw, sel);
    return EMUL_OKAY;
}

static enum emul_result selector_fault(struct emul_ctxt *c, unsigned int vector, uint16_t sel)
{
    return emul_raise(c, vector, sel & 0xfffc);
}

static enum emul_result get_descriptor(struct emul_ctxt *c, uint16_t sel, struct emul_descriptor *d)
{
    bool ok;
    TRY(emul_find_descriptor(c, sel, d, &ok));
    return ok ? EMUL_OKAY : selector_fault(c, X86_EXC_GP, sel);
}

/* Set accessed or busy bits as the processor does, atomically. */
static enum emul_result set_type_bits(struct emul_ctxt *c, struct emul_descriptor *d,
                                      unsigned int bits)
{
    if ((d->seg.attr & bits) == bits)
        return EMUL_OKAY;
    if (!c->ops->cmpxchg)
        return EMUL_UNHANDLEABLE;
    uint64_t marked = d->raw | (uint64_t)bits << 40;
    TRY(c->ops->cmpxchg(c, d->addr, &d->raw, &marked, 8, EMUL_SYSTEM));
    d->seg.attr |= bits;
    return EMUL_OKAY;
}

/* ---- loads ---- */

/* What @seg is after a load of @sel in real mode. */
static enum emul_result real_segment(struct emul_ctxt *c, enum hvm_seg_name seg, uint16_t sel,
                                     struct hvm_segment *out)
{
    const struct hvm_segment *old;
    TRY(emul_segment(c, seg, &old));
    *out = *old;
    out->sel = sel;
    out->base = (uint32_t)sel << 4;
    return EMUL_OKAY;
}

static enum emul_result load_null(struct emul_ctxt *c, enum hvm_seg_name seg, uint16_t sel)
{
    unsigned int cpl = emul_cpl(c);
    struct hvm_segment s = {.sel = sel};
    if (seg == SEG_SS) {
        if (c->insn.mode != 8 || cpl == 3 || (sel & 3) != cpl)
            return emul_raise(c, X86_EXC_GP, 0);
        s.attr = cpl << 5; /* SS.DPL stays the CPL */
    }
    return emul_put_segment(c, seg, &s);
}

bool emul_data_allowed(enum hvm_seg_name seg, const struct hvm_segment *s, unsigned int cpl)
{
    unsigned int rpl = s->sel & 3, dpl = ATTR_DPL(s->attr);
    unsigned int type = ATTR_TYPE(s->attr);
    if (!(s->attr & ATTR_S))
        return false;
    if (seg == SEG_SS)
        return rpl == cpl && dpl == cpl && (type & 0xa) == 2;
    if ((type & 0xa) == 8)
        return false; /* execute-only */
    bool conforming = (type & 0xc) == 0xc;
    return conforming || (dpl >= cpl && dpl >= rpl);
}

enum emul_result emul_load_segment(struct emul_ctxt *c, enum hvm_seg_name seg, uint16_t sel)
{
    struct emul_descriptor d;

    if (emul_real_or_vm86(c)) {
        TRY(real_segment(c, seg, sel, &d.seg));
        return emul_put_segment(c, seg, &d.seg);
    }
    if (!(sel & 0xfffc))
        return load_null(c, seg, sel);
    TRY(get_descriptor(c, sel, &d));
    if (!emul_data_allowed(seg, &d.seg, emul_cpl(c)))
        return selector_fault(c, X86_EXC_GP, sel);
    if (!(d.seg.attr & ATTR_P))
        return selector_fault(c, seg == SEG_SS ? X86_EXC_SS : X86_EXC_NP, sel);
    TRY(set_type_bits(c, &d, 1));
    return emul_put_segment(c, seg, &d.seg);
}

/* A code segment of the right privilege; -1: a return to an outer level. */
static int code_allowed(struct emul_ctxt *c, const struct hvm_segment *s, bool returning)
{
    unsigned int cpl = emul_cpl(c), rpl = s->sel & 3, dpl = ATTR_DPL(s->attr);
    bool conforming = s->attr & 4;
    if (returning) {
        if (rpl < cpl || (conforming ? dpl > rpl : dpl != rpl))
            return false;
        return rpl > cpl ? -1 : true;
    }
    return conforming ? dpl <= cpl : rpl <= cpl && dpl == cpl;
}

enum emul_result emul_load_cs(struct emul_ctxt *c, uint16_t sel, bool returning,
                              struct hvm_segment *cs)
{
    struct emul_descriptor d;

    if (emul_real_or_vm86(c))
        return real_segment(c, SEG_CS, sel, cs);
    TRY(get_descriptor(c, sel, &d));
    if (!(d.seg.attr & ATTR_S) && !returning)
        return EMUL_UNHANDLEABLE; /* a gate or a task */
    if ((d.seg.attr & (ATTR_S | 8)) != (ATTR_S | 8))
        return selector_fault(c, X86_EXC_GP, sel);
    int allowed = code_allowed(c, &d.seg, returning);
    if (allowed < 0)
        return EMUL_UNHANDLEABLE;
    if (!allowed || ((c->efer & EFER_LMA) && (d.seg.attr & ATTR_L) && (d.seg.attr & ATTR_DB)))
        return selector_fault(c, X86_EXC_GP, sel);
    if (!(d.seg.attr & ATTR_P))
        return selector_fault(c, X86_EXC_NP, sel);
    TRY(set_type_bits(c, &d, 1));
    d.seg.sel = (sel & ~3u) | emul_cpl(c);
    *cs = d.seg;
    return EMUL_OKAY;
}

enum emul_result emul_load_system(struct emul_ctxt *c, enum hvm_seg_name seg, uint16_t sel)
{
    struct emul_descriptor d;
    bool is_tss = seg == SEG_TR;
    uint64_t high = 0;

    if (!(sel & 0xfffc)) {
        struct hvm_segment none = {.sel = sel};
        return is_tss ? emul_raise(c, X86_EXC_GP, 0) : emul_put_segment(c, seg, &none);
    }
    if (sel & 4)
        return selector_fault(c, X86_EXC_GP, sel);
    TRY(get_descriptor(c, sel, &d));
    unsigned int type = ATTR_TYPE(d.seg.attr);
    bool fits = is_tss ? type == 9 || (type == 1 && !(c->efer & EFER_LMA)) : type == 2;
    if ((d.seg.attr & ATTR_S) || !fits)
        return selector_fault(c, X86_EXC_GP, sel);
    if (!(d.seg.attr & ATTR_P))
        return selector_fault(c, X86_EXC_NP, sel);
    if (c->efer & EFER_LMA) {
        const struct hvm_segment *gdt;
        TRY(emul_segment(c, SEG_GDTR, &gdt));
        if ((sel | 15u) > gdt->limit)
            return selector_fault(c, X86_EXC_GP, sel);
        TRY(table_read(c, d.addr + 8, &high));
        d.seg.base |= high << 32;
        if (!is_canonical(d.seg.base) || (high >> 32 & 0x1f00))
            return selector_fault(c, X86_EXC_GP, sel);
    }
    if (is_tss)
        TRY(set_type_bits(c, &d, 2));
    return emul_put_segment(c, seg, &d.seg);
}

enum emul_result emul_check_port(struct emul_ctxt *c, unsigned int port, unsigned int size)
{
    const struct hvm_segment *tr;
    uint16_t map, bits;

    if (!(c->cr0 & X86_CR0_PE) ||
        (!(c->regs.rflags & X86_EFLAGS_VM) && emul_cpl(c) <= emul_iopl(c)))
        return EMUL_OKAY;
    TRY(emul_segment(c, SEG_TR, &tr));
    /* A 32- or 64-bit TSS with room for the offset of its bitmap. */
    if (!(tr->attr & ATTR_P) || !(tr->attr & 8) || tr->limit < 103)
        return emul_raise(c, X86_EXC_GP, 0);
    if (!c->ops->read)
        return EMUL_UNHANDLEABLE;
    TRY(c->ops->read(c, tr->base + 102, &map, 2, EMUL_SYSTEM));
    if (map + port / 8 + 1 > tr->limit)
        return emul_raise(c, X86_EXC_GP, 0);
    TRY(c->ops->read(c, tr->base + map + port / 8, &bits, 2, EMUL_SYSTEM));
    if ((bits >> (port & 7)) & ((1u << size) - 1))
        return emul_raise(c, X86_EXC_GP, 0);
    return EMUL_OKAY;
}
