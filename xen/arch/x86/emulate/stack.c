/* SPDX-License-Identifier: MIT */
/* stack.c - PUSH, POP and their relatives. */
#include "private.h"

/* 50-57, FF /6 */
enum emul_result emul_i_push(struct emul_ctxt *c)
{
    uint64_t v;
    TRY(emul_read_rm(c, &v, c->insn.opsize));
    return emul_push(c, v, c->insn.opsize);
}

enum emul_result emul_i_push_imm(struct emul_ctxt *c)
{
    return emul_push(c, c->insn.imm, c->insn.opsize);
}

/* 58-5f, 8F /0: an address that uses RSP sees it already moved. */
enum emul_result emul_i_pop(struct emul_ctxt *c)
{
    uint64_t v;
    TRY(emul_pop(c, &v, c->insn.opsize));
    return emul_write_rm(c, v, c->insn.opsize);
}

/* 06 0e 16 1e, 0f a0, 0f a8 */
enum emul_result emul_i_push_seg(struct emul_ctxt *c)
{
    const struct hvm_segment *s;
    unsigned int size = c->insn.opsize;
    TRY(emul_segment(c, emul_member(&c->insn), &s));
    if (size != 4)
        return emul_push(c, s->sel, size);
    /* 32 bits: room for four bytes, of which two are written. */
    uint64_t sp = (c->regs.gpr[RSP] - 4) & emul_mask(emul_stack_width(c));
    TRY(emul_write(c, SEG_SS, sp, &s->sel, 2));
    return emul_set(c, RSP, emul_stack_width(c), sp);
}

enum emul_result emul_i_pop_seg(struct emul_ctxt *c)
{
    unsigned int seg = emul_member(&c->insn), width = emul_stack_width(c);
    uint16_t sel;
    uint64_t sp = c->regs.gpr[RSP] & emul_mask(width);
    TRY(emul_read(c, SEG_SS, sp, &sel, 2, 0));
    emul_set(c, RSP, width, sp + c->insn.opsize);
    TRY(emul_load_segment(c, seg, sel));
    c->retire.shadow_ss = seg == SEG_SS;
    return EMUL_OKAY;
}

enum emul_result emul_i_pusha(struct emul_ctxt *c)
{
    uint64_t sp = c->regs.gpr[RSP];
    for (unsigned int reg = 0; reg < 8; reg++)
        TRY(emul_push(c, reg == RSP ? sp : c->regs.gpr[reg], c->insn.opsize));
    return EMUL_OKAY;
}

enum emul_result emul_i_popa(struct emul_ctxt *c)
{
    uint64_t v;
    for (unsigned int reg = 8; reg--;) {
        TRY(emul_pop(c, &v, c->insn.opsize));
        if (reg != RSP)
            emul_set(c, reg, c->insn.opsize, v);
    }
    return EMUL_OKAY;
}

bool emul_vm86_refuses(const struct emul_ctxt *c)
{
    return (c->regs.rflags & X86_EFLAGS_VM) && emul_iopl(c) != 3;
}

enum emul_result emul_i_pushf(struct emul_ctxt *c)
{
    if (emul_vm86_refuses(c))
        return emul_raise(c, X86_EXC_GP, 0);
    uint64_t f = c->undo.rflags & ~(X86_EFLAGS_RF | X86_EFLAGS_VM);
    return emul_push(c, f, c->insn.opsize);
}

void emul_load_flags(struct emul_ctxt *c, uint64_t f, uint64_t more)
{
    uint64_t change = more | FLAGS_ARITH | X86_EFLAGS_TF | FLAG_DF | X86_EFLAGS_NT;

    if (c->insn.opsize != 2)
        change |= X86_EFLAGS_AC | X86_EFLAGS_ID;
    if (emul_cpl(c) == 0)
        change |= X86_EFLAGS_IOPL;
    if (emul_cpl(c) <= emul_iopl(c))
        change |= X86_EFLAGS_IF;
    c->regs.rflags = (c->regs.rflags & ~change) | (f & change);
}

enum emul_result emul_i_popf(struct emul_ctxt *c)
{
    uint64_t f;
    if (emul_vm86_refuses(c))
        return emul_raise(c, X86_EXC_GP, 0);
    TRY(emul_pop(c, &f, c->insn.opsize));
    emul_load_flags(c, f, 0);
    return EMUL_OKAY;
}

enum emul_result emul_i_enter(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, width = emul_stack_width(c), level = c->insn.imm2 & 31;
    uint64_t bp = c->regs.gpr[RBP], frame, v = 0;

    TRY(emul_push(c, bp, size));
    frame = c->regs.gpr[RSP];
    for (unsigned int n = 1; n < level; n++) {
        bp = (bp - size) & emul_mask(width);
        TRY(emul_read(c, SEG_SS, bp, &v, size, 0));
        TRY(emul_push(c, v, size));
    }
    if (level)
        TRY(emul_push(c, frame, size));
    uint64_t sp = (c->regs.gpr[RSP] - c->insn.imm) & emul_mask(width);
    /* The new top must be a place that can be pushed to. */
    uint64_t probe;
    TRY(emul_read(c, SEG_SS, sp, &probe, size, EMUL_FOR_WRITE));
    emul_set(c, RBP, size == 8 ? 8 : size, frame);
    return emul_set(c, RSP, width, sp);
}

enum emul_result emul_i_leave(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t v;
    emul_set(c, RSP, emul_stack_width(c), c->regs.gpr[RBP]);
    TRY(emul_pop(c, &v, size));
    return emul_set(c, RBP, size, v);
}
