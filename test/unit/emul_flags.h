/* SPDX-License-Identifier: MIT */
/*
 * emul_flags.h - what of an instruction's result the architecture defines:
 * SDM volume 2, "Flags Affected" of each.
 */
#ifndef TEST_UNIT_EMUL_FLAGS_H
#define TEST_UNIT_EMUL_FLAGS_H

#include "../../xen/arch/x86/emulate/private.h"

static inline unsigned int emul_shift_count(const struct emul_insn *insn, uint64_t rcx)
{
    unsigned int op = insn->opcode, count = insn->imm;
    if (op == 0xd2 || op == 0xd3 || op == 0x1a5 || op == 0x1ad)
        count = rcx;
    else if (op == 0xd0 || op == 0xd1)
        count = 1;
    return count & (insn->opsize == 8 ? 63 : 31);
}

static inline uint64_t emul_shift_undefined(const struct emul_insn *insn, unsigned int count)
{
    bool dbl = insn->op->fn == emul_i_shift_d, rotate = !dbl && (insn->modrm & 0x38) < 0x20;
    uint64_t undefined = 0;
    if (count == 0)
        return 0;
    if (dbl && count > 8u * insn->opsize)
        return FLAGS_ARITH;
    if (count != 1)
        undefined |= FLAG_OF;
    if (!rotate)
        undefined |= FLAG_AF;
    if (!rotate && count >= 8u * insn->opsize)
        undefined |= FLAG_CF;
    return undefined;
}

/* The flags that @insn defines, or leaves alone, with @rcx before it. */
static inline uint64_t emul_defined_flags(const struct emul_insn *insn, uint64_t rcx)
{
    emul_fn fn = insn->op->fn;
    unsigned int member = (insn->modrm >> 3) & 7, op;
    uint64_t undefined = 0;
    if (fn == emul_i_shift || fn == emul_i_shift_d) {
        undefined = emul_shift_undefined(insn, emul_shift_count(insn, rcx));
    } else if (fn == emul_i_imul || (fn == emul_i_group3 && (member == 4 || member == 5))) {
        undefined = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF;
    } else if (fn == emul_i_group3 && member >= 6) {
        undefined = FLAGS_ARITH;
    } else if (fn == emul_i_bt) {
        undefined = FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF;
    } else if (fn == emul_i_bit_scan) {
        undefined = FLAGS_ARITH & ~FLAG_ZF;
        if (insn->rep == 0xf3)
            undefined &= ~FLAG_CF;
    } else if (fn == emul_i_test || (fn == emul_i_group3 && member < 2)) {
        undefined = FLAG_AF;
    } else if (fn == emul_i_bcd) {
        undefined = insn->opcode & 0x10 ? FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF : FLAG_OF;
    } else if (fn == emul_i_aam || fn == emul_i_aad) {
        undefined = FLAG_OF | FLAG_AF | FLAG_CF;
    } else if (fn == emul_i_alu) {
        op = insn->opcode >= 0x80 ? member : insn->opcode >> 3;
        if (op == 1 || op == 4 || op == 6)
            undefined = FLAG_AF;
    }
    return (FLAGS_ARITH | FLAG_DF) & ~undefined;
}

/* Results that are undefined altogether. */
static inline bool emul_undefined_result(const struct emul_insn *insn, uint64_t rcx)
{
    return insn->op->fn == emul_i_shift_d && insn->opsize == 2 && emul_shift_count(insn, rcx) > 16;
}

#endif
