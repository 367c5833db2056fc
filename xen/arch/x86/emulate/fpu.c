/* SPDX-License-Identifier: MIT */
/*
 * fpu.c - who may execute x87, MMX and SSE instructions, and their memory
 * operands; what they compute is the fpu hook's.
 * Source: SDM volume 3, CR0.EM MP TS and CR4.OSFXSR; volume 2 "Exceptions
 * Type 1" and following.
 */
#include "private.h"

/* No memory operands: their widths are not known here. */
static enum emul_result run_x87(struct emul_ctxt *c)
{
    uint8_t none[16] = {0};
    if (!c->ops->fpu || (c->insn.has_mem && c->insn.opcode != 0x9b))
        return EMUL_UNHANDLEABLE;
    return c->ops->fpu(c, &c->insn, none);
}

enum emul_result emul_i_x87(struct emul_ctxt *c)
{
    if (c->cr0 & (X86_CR0_EM | X86_CR0_TS))
        return emul_raise(c, X86_EXC_NM, 0);
    return run_x87(c);
}

enum emul_result emul_i_wait(struct emul_ctxt *c)
{
    if ((c->cr0 & (X86_CR0_MP | X86_CR0_TS)) == (X86_CR0_MP | X86_CR0_TS))
        return emul_raise(c, X86_EXC_NM, 0);
    return run_x87(c);
}

/* Width of the operand of an opcode of emul_i_sse; 0: no such instruction.
 * Bit 7: it must be aligned. */
#define ALIGNED 0x80u
static unsigned int sse_operand(const struct emul_insn *insn)
{
    unsigned int op = insn->opcode & 0xff;
    bool scalar_32 = insn->rep == 0xf3, scalar_64 = insn->rep == 0xf2;
    switch (op) {
    case 0x28: /* MOVAPS, MOVAPD */
    case 0x29:
        return insn->rep ? 0 : 16 | ALIGNED;
    case 0x2e: /* UCOMIS, COMIS */
    case 0x2f:
        return insn->rep ? 0 : insn->op66 ? 8 : 4;
    case 0x6f: /* MOVQ of MMX, MOVDQA, MOVDQU */
    case 0x7f:
        return scalar_64 ? 0 : scalar_32 ? 16 : insn->op66 ? 16 | ALIGNED : 8;
    default: /* PS, PD, SS, SD; only MOVUPS and MOVUPD need no alignment */
        if (insn->rep)
            return scalar_32 ? 4 : 8;
        return op < 0x20 ? 16 : 16 | ALIGNED;
    }
}

static bool sse_is_store(const struct emul_insn *insn)
{
    return insn->opcode == 0x111 || insn->opcode == 0x129 || insn->opcode == 0x17f;
}

static enum emul_result sse_with_memory(struct emul_ctxt *c, unsigned int operand)
{
    unsigned int size = operand & ~ALIGNED;
    bool store = sse_is_store(&c->insn);
    uint64_t off = emul_ea(c), addr;
    uint8_t mem[16] = {0};

    TRY(emul_linear(c, c->insn.mem.seg, off, size, store ? SEG_ACCESS_WRITE : 0, &addr));
    if ((operand & ALIGNED) && (addr & 15))
        return emul_raise(c, X86_EXC_GP, 0);
    if (!store)
        TRY(emul_read(c, c->insn.mem.seg, off, mem, size, 0));
    TRY(c->ops->fpu(c, &c->insn, mem));
    return store ? emul_write(c, c->insn.mem.seg, off, mem, size) : EMUL_OKAY;
}

enum emul_result emul_i_sse(struct emul_ctxt *c)
{
    unsigned int operand = sse_operand(&c->insn);
    uint8_t none[16] = {0};

    if (!operand || !c->ops->fpu)
        return EMUL_UNHANDLEABLE;
    /* Eight bytes in 0f 6f and 0f 7f are MMX, which OSFXSR does not govern. */
    bool mmx = operand == 8 && (c->insn.opcode & 0x6f) == 0x6f;
    if ((c->cr0 & X86_CR0_EM) || (!mmx && !(c->cr4 & X86_CR4_OSFXSR)))
        return emul_raise(c, X86_EXC_UD, 0);
    if (c->cr0 & X86_CR0_TS)
        return emul_raise(c, X86_EXC_NM, 0);
    return c->insn.has_mem ? sse_with_memory(c, operand) : c->ops->fpu(c, &c->insn, none);
}

/* 0f ae: only the fences are known, and CLFLUSH of what is not cached. */
enum emul_result emul_i_group15(struct emul_ctxt *c)
{
    unsigned int member = emul_member(&c->insn);
    uint8_t byte;
    if (c->insn.rep || c->insn.op66)
        return EMUL_UNHANDLEABLE;
    if (!c->insn.has_mem)
        return member >= 5 ? EMUL_OKAY : emul_raise(c, X86_EXC_UD, 0);
    if (member != 7)
        return EMUL_UNHANDLEABLE;
    return emul_read(c, c->insn.mem.seg, emul_ea(c), &byte, 1, 0);
}
