/* SPDX-License-Identifier: MIT */
/*
 * string.c - MOVS CMPS STOS LODS SCAS INS OUTS, with and without REP.
 *
 * Each finished iteration becomes what a later failure falls back to, as on a
 * processor, so a REP can be left after any of them and taken up again.
 */
#include <cairn/lib.h>

#include "private.h"

static enum hvm_seg_name source_segment(const struct emul_ctxt *c)
{
    return c->insn.override == EMUL_NO_REG ? SEG_DS : c->insn.override;
}

static uint64_t address(const struct emul_ctxt *c, unsigned int reg)
{
    return c->regs.gpr[reg] & emul_mask(c->insn.addrsize);
}

static void advance(struct emul_ctxt *c, unsigned int reg)
{
    uint64_t step = c->insn.opsize;
    if (c->regs.rflags & FLAG_DF)
        step = -step;
    emul_set(c, reg, c->insn.addrsize, c->regs.gpr[reg] + step);
}

static enum emul_result read_source(struct emul_ctxt *c, uint64_t *v)
{
    *v = 0;
    return emul_read(c, source_segment(c), address(c, RSI), v, c->insn.opsize, 0);
}

static enum emul_result read_dest(struct emul_ctxt *c, uint64_t *v)
{
    *v = 0;
    return emul_read(c, SEG_ES, address(c, RDI), v, c->insn.opsize, 0);
}

static enum emul_result one_string(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, op = c->insn.opcode & 0xfe;
    uint64_t a, b;
    switch (op) {
    case 0xa4: /* MOVS */
        TRY(read_source(c, &a));
        TRY(emul_write(c, SEG_ES, address(c, RDI), &a, size));
        break;
    case 0xa6:                 /* CMPS */
        TRY(read_dest(c, &b)); /* the order decides which page fault it is */
        TRY(read_source(c, &a));
        emul_alu_op(7, a, b, size, &c->regs.rflags);
        break;
    case 0xaa: /* STOS */
        TRY(emul_write(c, SEG_ES, address(c, RDI), &c->regs.gpr[RAX], size));
        break;
    case 0xac: /* LODS */
        TRY(read_source(c, &a));
        emul_set(c, RAX, size, a);
        break;
    default: /* SCAS */
        TRY(read_dest(c, &b));
        emul_alu_op(7, emul_get(c, RAX, size), b, size, &c->regs.rflags);
        break;
    }
    if (op == 0xa4 || op == 0xa6 || op == 0xac)
        advance(c, RSI);
    if (op != 0xac)
        advance(c, RDI);
    return EMUL_OKAY;
}

static enum emul_result one_io(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize, port = c->regs.gpr[RDX] & 0xffff;
    uint32_t v = 0;
    if (c->insn.opcode & 2) { /* OUTS */
        TRY(emul_read(c, source_segment(c), address(c, RSI), &v, size, 0));
        TRY(c->ops->port_out(c, port, size, v));
        advance(c, RSI);
        return EMUL_OKAY;
    }
    /* The destination is found writable before the port loses its data. */
    TRY(emul_read(c, SEG_ES, address(c, RDI), &v, size, EMUL_FOR_WRITE));
    TRY(c->ops->port_in(c, port, size, &v));
    TRY(emul_write(c, SEG_ES, address(c, RDI), &v, size));
    advance(c, RDI);
    return EMUL_OKAY;
}

/* CMPS and SCAS also end when ZF is not as the prefix wants it. */
static bool found(const struct emul_ctxt *c)
{
    unsigned int op = c->insn.opcode & 0xfe;
    bool zf = c->regs.rflags & FLAG_ZF;
    return (op == 0xa6 || op == 0xae) && zf != (c->insn.rep == 0xf3);
}

/*
 * Intel processors write ECX before the first iteration, and with MOVS and
 * STOS the addresses too, so 64-bit mode loses the upper halves at once.
 */
static void touch_registers(struct emul_ctxt *c)
{
    unsigned int op = c->insn.opcode & 0xfe, size = c->insn.addrsize;
    emul_set(c, RCX, size, c->regs.gpr[RCX]);
    if (op == 0xa4)
        emul_set(c, RSI, size, c->regs.gpr[RSI]);
    if (op == 0xa4 || op == 0xaa)
        emul_set(c, RDI, size, c->regs.gpr[RDI]);
    memcpy(c->undo.gpr, c->regs.gpr, sizeof(c->undo.gpr));
}

static enum emul_result repeat(struct emul_ctxt *c, enum emul_result (*one)(struct emul_ctxt *c))
{
    unsigned int addrsize = c->insn.addrsize, done = 0;

    if (!c->insn.rep)
        return one(c);
    touch_registers(c);
    while (address(c, RCX)) {
        if ((c->rep_max && done == c->rep_max) || (done && c->retire.single_step)) {
            c->retire.partial = true;
            c->next_rip = c->regs.rip;
            c->regs.rflags |= X86_EFLAGS_RF; /* its breakpoint was before the first */
            return EMUL_OKAY;
        }
        TRY(one(c));
        emul_set(c, RCX, addrsize, c->regs.gpr[RCX] - 1);
        /* A fault puts the flags back to what they were before the first. */
        memcpy(c->undo.gpr, c->regs.gpr, sizeof(c->undo.gpr));
        done++;
        if (found(c))
            break;
    }
    return EMUL_OKAY;
}

enum emul_result emul_i_string(struct emul_ctxt *c)
{
    return repeat(c, one_string);
}

/* 6c-6f: widths of 8 bytes are those of 4. */
enum emul_result emul_i_string_io(struct emul_ctxt *c)
{
    if (c->insn.opsize == 8)
        c->insn.opsize = 4;
    if (!c->ops->port_in || !c->ops->port_out)
        return EMUL_UNHANDLEABLE;
    TRY(emul_check_port(c, c->regs.gpr[RDX] & 0xffff, c->insn.opsize));
    return repeat(c, one_io);
}
