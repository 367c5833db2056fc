/* SPDX-License-Identifier: MIT */
/* bits.c - shifts, bit tests and scans. */
#include "private.h"

/* c0 c1 d0-d3 */
enum emul_result emul_i_shift(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, op = emul_member(&c->insn), count = 1;
    uint64_t a;
    if (c->insn.opcode < 0xd0)
        count = c->insn.imm & 0xff;
    else if (c->insn.opcode >= 0xd2)
        count = c->regs.gpr[RCX] & 0xff;
    TRY(emul_read_rm_update(c, &a, size));
    return emul_update_rm(c, a, emul_shift_op(op, a, count, size, &c->regs.rflags), size);
}

/* SHLD SHRD */
enum emul_result emul_i_shift_d(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    unsigned int count = (c->insn.opcode & 1 ? c->regs.gpr[RCX] : c->insn.imm) & 0xff;
    uint64_t a, fill = emul_get(c, c->insn.reg, size);
    TRY(emul_read_rm_update(c, &a, size));
    a = emul_shift_double(c->insn.opcode & 8, a, fill, count, size, &c->regs.rflags);
    return emul_write_rm(c, a, size);
}

/*
 * BT BTS BTR BTC.  An index in a register may lie anywhere around a memory
 * operand: it moves the address by whole operands, downwards too.
 */
enum emul_result emul_i_bt(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, width = 8 * size;
    bool group = c->insn.opcode == 0x1ba;
    unsigned int op = (group ? c->insn.modrm >> 3 : c->insn.opcode >> 3) & 3;
    uint64_t index = group ? c->insn.imm : emul_get(c, c->insn.reg, size), a;

    if (c->insn.has_mem && !group) {
        int64_t elements = (int64_t)emul_sign_extend(index, size) >> __builtin_ctz(width);
        c->insn.mem.disp += (uint64_t)elements * size;
    }
    uint64_t bit = 1ull << (index & (width - 1));
    TRY(op ? emul_read_rm_update(c, &a, size) : emul_read_rm(c, &a, size));
    emul_set_flag(&c->regs.rflags, FLAG_CF, a & bit);
    if (op == 0)
        return EMUL_OKAY;
    return emul_update_rm(c, a, op == 1 ? a | bit : op == 2 ? a & ~bit : a ^ bit, size);
}

/* BSF BSR; with F3, TZCNT LZCNT */
enum emul_result emul_i_bit_scan(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, width = 8 * size;
    bool reverse = c->insn.opcode & 1;
    bool count = c->insn.rep == 0xf3 && (reverse ? c->has_lzcnt : c->has_tzcnt);
    uint64_t v, *flags = &c->regs.rflags, res;

    TRY(emul_read_rm(c, &v, size));
    unsigned int bit = !v ? 0 : reverse ? 63 - __builtin_clzll(v) : __builtin_ctzll(v);
    if (count) {
        res = !v ? width : reverse ? width - 1 - bit : bit;
        emul_set_flag(flags, FLAG_CF, !v);
        emul_set_flag(flags, FLAG_ZF, !res);
        return emul_set(c, c->insn.reg, size, res);
    }
    emul_set_flag(flags, FLAG_ZF, !v);
    /* Of zero: processors leave the register, to its full width. */
    if (v)
        emul_set(c, c->insn.reg, size, bit);
    return EMUL_OKAY;
}

enum emul_result emul_i_popcnt(struct emul_ctxt *c)
{
    uint64_t v;
    unsigned int n = 0;
    TRY(emul_read_rm(c, &v, c->insn.opsize));
    c->regs.rflags &= ~FLAGS_ARITH;
    if (!v)
        c->regs.rflags |= FLAG_ZF;
    for (; v; v &= v - 1)
        n++;
    return emul_set(c, c->insn.reg, c->insn.opsize, n);
}
