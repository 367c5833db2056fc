/* SPDX-License-Identifier: MIT */
/* mov.c - moves between registers, memory and segment registers. */
#include "private.h"

/* 88-8b, a0-a3 */
enum emul_result emul_i_mov(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    bool moffs = c->insn.opcode >= 0xa0;
    unsigned int reg = moffs ? RAX : c->insn.reg;
    /* 8a/8b load; a2/a3 store */
    bool load = moffs ? !(c->insn.opcode & 2) : c->insn.opcode & 2;
    uint64_t v;
    if (!load)
        return emul_write_rm(c, emul_get(c, reg, size), size);
    TRY(emul_read_rm(c, &v, size));
    return emul_set(c, reg, size, v);
}

enum emul_result emul_i_mov_imm(struct emul_ctxt *c)
{
    return emul_write_rm(c, c->insn.imm, c->insn.opsize);
}

enum emul_result emul_i_mov_sreg(struct emul_ctxt *c)
{
    unsigned int seg = emul_member(&c->insn);
    const struct hvm_segment *s;
    uint64_t v;
    if (c->insn.opcode == 0x8c) {
        TRY(emul_segment(c, seg, &s));
        return emul_write_rm(c, s->sel, c->insn.has_mem ? 2 : c->insn.opsize);
    }
    TRY(emul_read_rm(c, &v, 2));
    TRY(emul_load_segment(c, seg, v));
    c->retire.shadow_ss = seg == SEG_SS;
    return EMUL_OKAY;
}

/* MOVZX MOVSX MOVSXD */
enum emul_result emul_i_movx(struct emul_ctxt *c)
{
    unsigned int op = c->insn.opcode, from = op == 0x63 ? 4 : op & 1 ? 2 : 1;
    uint64_t v;
    if (op == 0x63) {
        if (c->insn.mode != 8)
            return EMUL_UNHANDLEABLE; /* ARPL */
        if (c->insn.opsize == 2)
            from = 2;
    }
    TRY(emul_read_rm(c, &v, from));
    if (op == 0x63 || (op & 8))
        v = emul_sign_extend(v, from);
    return emul_set(c, c->insn.reg, c->insn.opsize, v);
}

enum emul_result emul_i_lea(struct emul_ctxt *c)
{
    return emul_set(c, c->insn.reg, c->insn.opsize, emul_ea(c));
}

enum emul_result emul_i_xchg(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, reg = c->insn.opcode >= 0x90 ? RAX : c->insn.reg;
    uint64_t a, b = emul_get(c, reg, size);
    c->insn.lock = c->insn.has_mem; /* implied */
    TRY(emul_read_rm_update(c, &a, size));
    TRY(emul_update_rm(c, a, b, size));
    return emul_set(c, reg, size, a);
}

static uint64_t swap_bytes(uint64_t v, unsigned int size)
{
    return size == 8   ? __builtin_bswap64(v)
           : size == 4 ? __builtin_bswap32(v)
                       : __builtin_bswap16(v);
}

enum emul_result emul_i_bswap(struct emul_ctxt *c)
{
    unsigned int reg = c->insn.rm, size = c->insn.opsize;
    if (size == 2)
        return EMUL_UNHANDLEABLE; /* undefined */
    return emul_set(c, reg, size, swap_bytes(emul_get(c, reg, size), size));
}

enum emul_result emul_i_movbe(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t v;
    if (c->insn.rep == 0xf2)
        return EMUL_UNHANDLEABLE; /* CRC32 */
    if (!c->insn.has_mem || c->insn.rep)
        return emul_raise(c, X86_EXC_UD, 0);
    if (c->insn.opcode & 1)
        return emul_write_rm(c, swap_bytes(emul_get(c, c->insn.reg, size), size), size);
    TRY(emul_read_rm(c, &v, size));
    return emul_set(c, c->insn.reg, size, swap_bytes(v, size));
}

enum emul_result emul_i_movnti(struct emul_ctxt *c)
{
    if (c->insn.op66 || c->insn.rep)
        return EMUL_UNHANDLEABLE;
    return emul_write_rm(c, emul_get(c, c->insn.reg, c->insn.opsize), c->insn.opsize);
}

/* The source is read, and a 32-bit destination written, even if the condition is false. */
enum emul_result emul_i_cmov(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    uint64_t v;
    TRY(emul_read_rm(c, &v, size));
    if (!emul_condition(c, c->insn.opcode & 15))
        v = emul_get(c, c->insn.reg, size);
    return emul_set(c, c->insn.reg, size, v);
}

enum emul_result emul_i_setcc(struct emul_ctxt *c)
{
    return emul_write_rm(c, emul_condition(c, c->insn.opcode & 15), 1);
}

enum emul_result emul_i_xlat(struct emul_ctxt *c)
{
    enum hvm_seg_name seg = c->insn.override == EMUL_NO_REG ? SEG_DS : c->insn.override;
    uint64_t off = c->regs.gpr[RBX] + (uint8_t)c->regs.gpr[RAX];
    uint8_t v;
    TRY(emul_read(c, seg, off & emul_mask(c->insn.addrsize), &v, 1, 0));
    c->regs.gpr[RAX] = (c->regs.gpr[RAX] & ~0xffull) | v;
    return EMUL_OKAY;
}

/* LES LDS LSS LFS LGS */
enum emul_result emul_i_lxs(struct emul_ctxt *c)
{
    unsigned int seg = c->insn.opcode == 0xc4   ? SEG_ES
                       : c->insn.opcode == 0xc5 ? SEG_DS
                                                : c->insn.opcode & 7;
    uint64_t off;
    uint16_t sel;
    TRY(emul_read_far(c, &off, &sel));
    TRY(emul_load_segment(c, seg, sel));
    return emul_set(c, c->insn.reg, c->insn.opsize, off);
}

#define AH_FLAGS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF)

enum emul_result emul_i_lahf(struct emul_ctxt *c)
{
    uint64_t ah = (c->regs.rflags & AH_FLAGS) | X86_EFLAGS_MBS;
    c->regs.gpr[RAX] = (c->regs.gpr[RAX] & ~0xff00ull) | ah << 8;
    return EMUL_OKAY;
}

enum emul_result emul_i_sahf(struct emul_ctxt *c)
{
    c->regs.rflags = (c->regs.rflags & ~AH_FLAGS) | (c->regs.gpr[RAX] >> 8 & AH_FLAGS);
    return EMUL_OKAY;
}

/* NOP, prefetches and hints; 90 with REX.B is XCHG r8, but with F3 PAUSE. */
enum emul_result emul_i_nop(struct emul_ctxt *c)
{
    bool exchange = c->insn.opcode == 0x90 && (c->insn.rex & 1) && c->insn.rep != 0xf3;
    return exchange ? emul_i_xchg(c) : EMUL_OKAY;
}
