/* SPDX-License-Identifier: MIT */
/* alu.c - arithmetic and logic. */
#include "private.h"

/* ADD OR ADC SBB AND SUB XOR CMP in all their forms. */
enum emul_result emul_i_alu(struct emul_ctxt *c)
{
    const struct emul_insn *insn = &c->insn;
    unsigned int size = insn->opsize, form = insn->opcode & 7;
    bool group = insn->opcode >= 0x80;
    unsigned int op = group ? emul_member(insn) : insn->opcode >> 3;
    uint64_t a, b;

    if (!group && form >= 2) { /* reg, r/m; or AL, Ib and rAX, Iz */
        unsigned int reg = form >= 4 ? RAX : insn->reg;
        b = insn->imm & emul_mask(size);
        if (form < 4)
            TRY(emul_read_rm(c, &b, size));
        a = emul_alu_op(op, emul_get(c, reg, size), b, size, &c->regs.rflags);
        return op == 7 ? EMUL_OKAY : emul_set(c, reg, size, a);
    }
    b = group ? insn->imm & emul_mask(size) : emul_get(c, insn->reg, size);
    TRY(op == 7 ? emul_read_rm(c, &a, size) : emul_read_rm_update(c, &a, size));
    uint64_t res = emul_alu_op(op, a, b, size, &c->regs.rflags);
    return op == 7 ? EMUL_OKAY : emul_update_rm(c, a, res, size);
}

enum emul_result emul_i_test(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t a, b;
    if (c->insn.opcode >= 0xa8) {
        a = emul_get(c, RAX, size);
        b = c->insn.imm;
    } else {
        TRY(emul_read_rm(c, &a, size));
        b = emul_get(c, c->insn.reg, size);
    }
    emul_flags_logic(&c->regs.rflags, a & b & emul_mask(size), size);
    return EMUL_OKAY;
}

/* 40-4f; FE and FF /0 /1 */
enum emul_result emul_i_inc_dec(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t a;
    TRY(emul_read_rm_update(c, &a, size));
    return emul_update_rm(c, a, emul_inc_dec(a, c->insn.modrm & 8, size, &c->regs.rflags), size);
}

/* FE, FF */
enum emul_result emul_i_group45(struct emul_ctxt *c)
{
    static const emul_fn members[] = {emul_i_inc_dec, emul_i_inc_dec, emul_i_call, emul_i_call_far,
                                      emul_i_jmp,     emul_i_jmp_far, emul_i_push};
    return members[emul_member(&c->insn)](c);
}

static void set_cf_of(struct emul_ctxt *c, bool on)
{
    emul_set_flag(&c->regs.rflags, FLAG_CF | FLAG_OF, on);
}

/* A result of two halves: AH and AL, or rDX and rAX. */
static enum emul_result put_pair(struct emul_ctxt *c, uint64_t low, uint64_t high,
                                 unsigned int size)
{
    if (size == 1)
        return emul_set(c, RAX, 2, (low & 0xff) | (high & 0xff) << 8);
    emul_set(c, RAX, size, low);
    return emul_set(c, RDX, size, high);
}

static void multiply(struct emul_ctxt *c, uint64_t b, bool is_signed, unsigned int size)
{
    uint64_t a = emul_get(c, RAX, size);
    unsigned __int128 p = (unsigned __int128)a * b;
    if (is_signed)
        p = (__int128)(int64_t)emul_sign_extend(a, size) * (int64_t)emul_sign_extend(b, size);
    uint64_t low = p, high = p >> (8 * size), expected = 0;
    if (is_signed)
        expected = (uint64_t)((int64_t)emul_sign_extend(low, size) >> 63) & emul_mask(size);
    put_pair(c, low, high, size);
    set_cf_of(c, (high & emul_mask(size)) != expected);
}

/* Quotient of 128 by 64 bits that is known to fit. */
static void divide_128(uint64_t high, uint64_t low, uint64_t by, uint64_t *quot, uint64_t *rem)
{
    __asm__("divq %4" : "=a"(*quot), "=d"(*rem) : "a"(low), "d"(high), "rm"(by) : "cc");
}

static enum emul_result divide(struct emul_ctxt *c, uint64_t by, bool is_signed, unsigned int size)
{
    unsigned int width = 8 * size;
    uint64_t mask = emul_mask(size), sign = 1ull << (width - 1), quot, rem;
    uint64_t low = emul_get(c, RAX, size == 1 ? 2 : size);
    uint64_t high = size == 1 ? low >> 8 : emul_get(c, RDX, size);
    low &= mask;
    bool neg = is_signed && (high & sign), neg_by = is_signed && (by & sign);

    if (neg) { /* to magnitudes */
        high = ~high + (low == 0);
        low = -low & mask;
        high &= mask;
    }
    if (neg_by)
        by = -by & mask;
    if (high >= by)
        return emul_raise(c, X86_EXC_DE, 0);
    if (size == 8) {
        divide_128(high, low, by, &quot, &rem);
    } else {
        uint64_t dividend = high << width | low;
        quot = dividend / by;
        rem = dividend % by;
    }
    if (is_signed && quot > sign - (neg == neg_by))
        return emul_raise(c, X86_EXC_DE, 0);
    if (neg != neg_by)
        quot = -quot;
    if (neg)
        rem = -rem;
    return put_pair(c, quot, rem, size);
}

/* F6, F7: TEST TEST NOT NEG MUL IMUL DIV IDIV */
enum emul_result emul_i_group3(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, member = emul_member(&c->insn);
    uint64_t a;

    if (member == 2 || member == 3) {
        TRY(emul_read_rm_update(c, &a, size));
        uint64_t res =
            member == 2 ? ~a & emul_mask(size) : emul_alu_op(5, 0, a, size, &c->regs.rflags);
        return emul_update_rm(c, a, res, size);
    }
    TRY(emul_read_rm(c, &a, size));
    if (member < 2)
        emul_flags_logic(&c->regs.rflags, a & c->insn.imm & emul_mask(size), size);
    else if (member < 6)
        multiply(c, a, member == 5, size);
    else
        return divide(c, a, member == 7, size);
    return EMUL_OKAY;
}

/* IMUL with two or three operands */
enum emul_result emul_i_imul(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t a, b;
    TRY(emul_read_rm(c, &a, size));
    b = c->insn.opcode == 0x1af ? emul_get(c, c->insn.reg, size) : c->insn.imm;
    __int128 p = (__int128)(int64_t)emul_sign_extend(a, size) * (int64_t)emul_sign_extend(b, size);
    uint64_t low = emul_sign_extend((uint64_t)p, size);
    emul_set(c, c->insn.reg, size, low);
    set_cf_of(c, p != (int64_t)low);
    return EMUL_OKAY;
}

/* CBW CWDE CDQE */
enum emul_result emul_i_cbw(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    return emul_set(c, RAX, size, emul_sign_extend(c->regs.gpr[RAX], size / 2));
}

/* CWD CDQ CQO */
enum emul_result emul_i_cwd(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    return emul_set(c, RDX, size, (int64_t)emul_sign_extend(c->regs.gpr[RAX], size) >> 63);
}

enum emul_result emul_i_xadd(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t a, b = emul_get(c, c->insn.reg, size);
    TRY(emul_read_rm_update(c, &a, size));
    uint64_t sum = emul_alu_op(0, a, b, size, &c->regs.rflags);
    /* If both are one register it ends with the sum. */
    if (c->insn.has_mem)
        TRY(emul_update_rm(c, a, sum, size));
    emul_set(c, c->insn.reg, size, a);
    return c->insn.has_mem ? EMUL_OKAY : emul_write_rm(c, sum, size);
}

enum emul_result emul_i_cmpxchg(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t a, acc = emul_get(c, RAX, size);
    TRY(emul_read_rm_update(c, &a, size));
    emul_alu_op(7, acc, a, size, &c->regs.rflags);
    if (acc == a)
        return emul_update_rm(c, a, emul_get(c, c->insn.reg, size), size);
    /* Memory is written even so: with what it held. */
    if (c->insn.has_mem)
        TRY(emul_update_rm(c, a, a, size));
    return emul_set(c, RAX, size, a);
}

/* CMPXCHG8B and, with REX.W, CMPXCHG16B */
enum emul_result emul_i_cmpxchg8b(struct emul_ctxt *c)
{
    bool wide = c->insn.rex & 8;
    unsigned int half = wide ? 8 : 4, size = 2 * half;
    uint64_t addr, off = emul_ea(c);
    uint64_t old[2] = {0, 0};

    if (c->insn.rep)
        return EMUL_UNHANDLEABLE; /* VMCLEAR, VMXON and their kin */
    if (!c->ops->read || !c->ops->cmpxchg)
        return EMUL_UNHANDLEABLE;
    TRY(emul_linear(c, c->insn.mem.seg, off, size, SEG_ACCESS_WRITE, &addr));
    if (wide && (addr & 15))
        return emul_raise(c, X86_EXC_GP, 0);
    TRY(c->ops->read(c, addr, old, size, EMUL_FOR_WRITE));
    uint64_t mask = emul_mask(half), high = wide ? old[1] : old[0] >> 32;
    bool equal = (old[0] & mask) == emul_get(c, RAX, half) && high == emul_get(c, RDX, half);
    uint64_t new[2] = {emul_get(c, RBX, half), c->regs.gpr[RCX]};
    if (!wide)
        new[0] |= new[1] << 32;
    TRY(c->ops->cmpxchg(c, addr, old, equal ? new : old, size, 0));
    emul_set_flag(&c->regs.rflags, FLAG_ZF, equal);
    return equal ? EMUL_OKAY : put_pair(c, old[0], high, half);
}

/* ---- decimal: not in 64-bit mode ---- */

static void decimal_flags(struct emul_ctxt *c, uint8_t al, bool cf, bool af)
{
    emul_flags_logic(&c->regs.rflags, al, 1);
    c->regs.rflags |= (cf ? FLAG_CF : 0) | (af ? FLAG_AF : 0);
}

/* DAA DAS AAA AAS */
enum emul_result emul_i_bcd(struct emul_ctxt *c)
{
    uint8_t al = c->regs.gpr[RAX], old = al;
    bool subtract = c->insn.opcode & 8, cf = c->regs.rflags & FLAG_CF;
    bool adjust = (al & 15) > 9 || (c->regs.rflags & FLAG_AF);

    if (c->insn.opcode & 0x10) { /* AAA, AAS */
        uint16_t ax = c->regs.gpr[RAX];
        if (adjust)
            ax = subtract ? ax - 0x106 : ax + 0x106;
        ax &= 0xff0f;
        emul_set(c, RAX, 2, ax);
        decimal_flags(c, ax, adjust, adjust);
        return EMUL_OKAY;
    }
    bool carry = old > 0x99 || cf;
    bool out = carry;
    if (adjust) {
        al = subtract ? al - 6 : al + 6;
        out = out || (subtract && old < 6);
    }
    if (carry)
        al = subtract ? al - 0x60 : al + 0x60;
    c->regs.gpr[RAX] = (c->regs.gpr[RAX] & ~0xffull) | al;
    decimal_flags(c, al, out, adjust);
    return EMUL_OKAY;
}

enum emul_result emul_i_aam(struct emul_ctxt *c)
{
    uint8_t al = c->regs.gpr[RAX], by = c->insn.imm;
    if (!by)
        return emul_raise(c, X86_EXC_DE, 0);
    emul_set(c, RAX, 2, al / by << 8 | al % by);
    decimal_flags(c, al % by, false, false);
    return EMUL_OKAY;
}

enum emul_result emul_i_aad(struct emul_ctxt *c)
{
    uint16_t ax = c->regs.gpr[RAX];
    uint8_t al = ax + (ax >> 8) * (uint8_t)c->insn.imm;
    emul_set(c, RAX, 2, al);
    decimal_flags(c, al, false, false);
    return EMUL_OKAY;
}
