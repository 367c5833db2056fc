/* SPDX-License-Identifier: MIT */
/*
 * fpu.c - who may execute x87, MMX and SSE instructions; what they do is the
 * fpu hook's.  Source: SDM volume 3 "Exception Conditions", CR0.EM MP TS and
 * CR4.OSFXSR.
 */
#include "private.h"

static enum emul_result run(struct emul_ctxt *c)
{
    return c->ops->fpu ? c->ops->fpu(c, &c->insn) : EMUL_UNHANDLEABLE;
}

enum emul_result emul_i_x87(struct emul_ctxt *c)
{
    if (c->cr0 & (X86_CR0_EM | X86_CR0_TS))
        return emul_raise(c, X86_EXC_NM, 0);
    return run(c);
}

enum emul_result emul_i_wait(struct emul_ctxt *c)
{
    if ((c->cr0 & (X86_CR0_MP | X86_CR0_TS)) == (X86_CR0_MP | X86_CR0_TS))
        return emul_raise(c, X86_EXC_NM, 0);
    return run(c);
}

/* MMX: 0f 6f and 0f 7f without a prefix. */
static bool is_mmx(const struct emul_insn *insn)
{
    return (insn->opcode == 0x16f || insn->opcode == 0x17f) && !insn->op66 && !insn->rep;
}

enum emul_result emul_i_sse(struct emul_ctxt *c)
{
    if ((c->cr0 & X86_CR0_EM) || (!is_mmx(&c->insn) && !(c->cr4 & X86_CR4_OSFXSR)))
        return emul_raise(c, X86_EXC_UD, 0);
    if (c->cr0 & X86_CR0_TS)
        return emul_raise(c, X86_EXC_NM, 0);
    return run(c);
}

/* 0f ae: only the fences are known, and CLFLUSH of what is not cached. */
enum emul_result emul_i_group15(struct emul_ctxt *c)
{
    unsigned int member = (c->insn.modrm >> 3) & 7;
    uint8_t byte;
    if (c->insn.rep || c->insn.op66)
        return EMUL_UNHANDLEABLE;
    if (!c->insn.has_mem)
        return member >= 5 ? EMUL_OKAY : emul_raise(c, X86_EXC_UD, 0);
    if (member != 7)
        return EMUL_UNHANDLEABLE;
    return emul_read(c, c->insn.mem.seg, emul_ea(c), &byte, 1, 0);
}
