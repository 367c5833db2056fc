/* SPDX-License-Identifier: MIT */
/*
 * emulate.c - one step: fetch, decode, execute, retire; and operand access.
 */
#include "emulate.h"

#include <cairn/lib.h>

#include "private.h"

enum emul_result emul_raise(struct emul_ctxt *c, unsigned int vector, uint32_t ec)
{
    c->event.vector = vector;
    c->event.type = EMUL_EVENT_EXCEPTION;
    c->event.has_ec = vector < 32 && (X86_EXC_HAS_EC >> vector & 1);
    c->event.ec = ec;
    c->event.insn_len = 0;
    return EMUL_EXCEPTION;
}

enum emul_result emul_raise_page_fault(struct emul_ctxt *c, uint64_t addr, uint32_t ec)
{
    c->event.cr2 = addr;
    return emul_raise(c, X86_EXC_PF, ec);
}

/* ---- registers ---- */

static bool is_high_byte(const struct emul_ctxt *c, unsigned int reg, unsigned int size)
{
    return size == 1 && !c->insn.rex && reg >= 4 && reg < 8;
}

uint64_t emul_get(const struct emul_ctxt *c, unsigned int reg, unsigned int size)
{
    if (is_high_byte(c, reg, size))
        return (c->regs.gpr[reg - 4] >> 8) & 0xff;
    return c->regs.gpr[reg] & emul_mask(size);
}

enum emul_result emul_set(struct emul_ctxt *c, unsigned int reg, unsigned int size, uint64_t v)
{
    bool high = is_high_byte(c, reg, size);
    uint64_t *r = &c->regs.gpr[high ? reg - 4 : reg], mask = emul_mask(size);
    if (high)
        *r = (*r & ~0xff00ull) | (v & 0xff) << 8;
    else
        *r = (size < 4 ? *r & ~mask : 0) | (v & mask);
    return EMUL_OKAY;
}

uint64_t emul_ea(const struct emul_ctxt *c)
{
    const struct emul_mem *mem = &c->insn.mem;
    uint64_t off = mem->disp;
    if (mem->base == EMUL_REG_RIP)
        off += c->regs.rip + c->insn.length;
    else if (mem->base != EMUL_NO_REG)
        off += c->regs.gpr[mem->base];
    if (mem->index != EMUL_NO_REG)
        off += c->regs.gpr[mem->index] << mem->scale;
    return off & emul_mask(c->insn.addrsize);
}

bool emul_condition(const struct emul_ctxt *c, unsigned int cc)
{
    static const uint16_t any_of[8] = {FLAG_OF, FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF,
                                       FLAG_SF, FLAG_PF, 0,       FLAG_ZF};
    uint64_t f = c->regs.rflags;
    unsigned int n = (cc >> 1) & 7;
    bool less = n >= 6 && !!(f & FLAG_SF) != !!(f & FLAG_OF);
    return (less || (f & any_of[n])) != (cc & 1);
}

/* ---- operands ---- */

static enum emul_result read_operand(struct emul_ctxt *c, uint64_t *v, unsigned int size,
                                     unsigned int flags)
{
    *v = 0;
    if (c->insn.has_mem)
        return emul_read(c, c->insn.mem.seg, emul_ea(c), v, size, flags);
    *v = emul_get(c, c->insn.rm, size);
    return EMUL_OKAY;
}

enum emul_result emul_read_rm(struct emul_ctxt *c, uint64_t *v, unsigned int size)
{
    return read_operand(c, v, size, 0);
}

enum emul_result emul_read_rm_update(struct emul_ctxt *c, uint64_t *v, unsigned int size)
{
    return read_operand(c, v, size, EMUL_FOR_WRITE);
}

enum emul_result emul_write_rm(struct emul_ctxt *c, uint64_t v, unsigned int size)
{
    if (c->insn.has_mem)
        return emul_write(c, c->insn.mem.seg, emul_ea(c), &v, size);
    return emul_set(c, c->insn.rm, size, v);
}

enum emul_result emul_update_rm(struct emul_ctxt *c, uint64_t old, uint64_t v, unsigned int size)
{
    uint64_t addr;
    if (!c->insn.has_mem || !c->insn.lock)
        return emul_write_rm(c, v, size);
    if (!c->ops->cmpxchg)
        return EMUL_UNHANDLEABLE;
    TRY(emul_linear(c, c->insn.mem.seg, emul_ea(c), size, SEG_ACCESS_WRITE, &addr));
    return c->ops->cmpxchg(c, addr, &old, &v, size, 0);
}

enum emul_result emul_read_far(struct emul_ctxt *c, uint64_t *off, uint16_t *sel)
{
    uint8_t raw[10];
    unsigned int size = c->insn.opsize;
    TRY(emul_read(c, c->insn.mem.seg, emul_ea(c), raw, size + 2, 0));
    *off = 0;
    memcpy(off, raw, size);
    memcpy(sel, raw + size, 2);
    return EMUL_OKAY;
}

unsigned int emul_stack_width(struct emul_ctxt *c)
{
    if (c->insn.mode == 8)
        return 8;
    return c->seg[SEG_SS].attr & ATTR_DB ? 4 : 2;
}

enum emul_result emul_push(struct emul_ctxt *c, uint64_t v, unsigned int size)
{
    unsigned int width = emul_stack_width(c);
    uint64_t sp = (c->regs.gpr[RSP] - size) & emul_mask(width);
    TRY(emul_write(c, SEG_SS, sp, &v, size));
    return emul_set(c, RSP, width, sp);
}

enum emul_result emul_pop(struct emul_ctxt *c, uint64_t *v, unsigned int size)
{
    unsigned int width = emul_stack_width(c);
    uint64_t sp = c->regs.gpr[RSP] & emul_mask(width);
    *v = 0;
    TRY(emul_read(c, SEG_SS, sp, v, size, 0));
    return emul_set(c, RSP, width, sp + size);
}

/* ---- the step ---- */

static enum emul_result begin(struct emul_ctxt *c)
{
    const struct hvm_segment *cs, *ss;

    c->undo = c->regs;
    c->seg_valid = c->seg_dirty = 0;
    memset(&c->retire, 0, sizeof(c->retire));
    c->insn.mode = 2;
    TRY(emul_segment(c, SEG_CS, &cs));
    TRY(emul_segment(c, SEG_SS, &ss));
    if ((c->efer & EFER_LMA) && (cs->attr & ATTR_L))
        c->insn.mode = 8;
    else if (!(c->regs.rflags & X86_EFLAGS_VM))
        c->insn.mode = cs->attr & ATTR_DB ? 4 : 2;
    return EMUL_OKAY;
}

/* Bytes from CS:RIP on that the segment and the page of the first one give. */
static enum emul_result fetch_some(struct emul_ctxt *c, uint8_t *code, size_t have, size_t *got)
{
    uint64_t off = c->regs.rip + have, addr;
    size_t len = EMUL_MAX_LENGTH - have;

    if (c->insn.mode != 8)
        off = (uint32_t)off;
    TRY(emul_linear(c, SEG_CS, off, 1, SEG_ACCESS_EXEC, &addr));
    if (len > 0x1000 - (addr & 0xfff))
        len = 0x1000 - (addr & 0xfff);
    if (c->insn.mode != 8 && len - 1 > c->seg[SEG_CS].limit - off)
        len = c->seg[SEG_CS].limit - off + 1;
    TRY(c->ops->fetch(c, addr, code + have, len));
    *got = have + len;
    return EMUL_OKAY;
}

static enum emul_result fetch_and_decode(struct emul_ctxt *c)
{
    uint8_t code[EMUL_MAX_LENGTH];
    struct emul_insn insn;
    size_t len = 0;

    if (!c->ops->fetch)
        return EMUL_UNHANDLEABLE;
    for (;;) {
        TRY(fetch_some(c, code, len, &len));
        switch (emul_decode(&insn, code, len, c->insn.mode)) {
        case DECODE_OK:
            c->insn = insn;
            return EMUL_OKAY;
        case DECODE_CUT:
            break;
        case DECODE_TOO_LONG:
            return emul_raise(c, X86_EXC_GP, 0);
        case DECODE_INVALID:
            return emul_raise(c, X86_EXC_UD, 0);
        default:
            return EMUL_UNHANDLEABLE;
        }
    }
}

static enum emul_result write_segments(struct emul_ctxt *c)
{
    for (unsigned int seg = 0; c->seg_dirty; seg++) {
        if (c->seg_dirty & (1u << seg))
            TRY(c->ops->write_segment(c, seg, &c->seg[seg]));
        c->seg_dirty &= ~(1u << seg);
    }
    return EMUL_OKAY;
}

static enum emul_result execute(struct emul_ctxt *c)
{
    TRY(begin(c));
    TRY(fetch_and_decode(c));
    c->next_rip = c->regs.rip + c->insn.length;
    if (c->insn.mode != 8)
        c->next_rip = (uint32_t)c->next_rip;
    c->retire.single_step = c->regs.rflags & X86_EFLAGS_TF;
    c->regs.rflags &= ~X86_EFLAGS_RF;
    return c->insn.op->fn(c);
}

enum emul_result emul_step(struct emul_ctxt *c)
{
    enum emul_result rc = execute(c);
    if (rc != EMUL_OKAY) {
        c->regs = c->undo;
        memset(&c->retire, 0, sizeof(c->retire));
        return rc;
    }
    c->regs.rip = c->next_rip;
    return write_segments(c);
}
