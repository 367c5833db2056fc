/* SPDX-License-Identifier: MIT */
/*
 * flow.c - jumps, calls, returns, interrupts.
 *
 * Far transfers go to code segments at the same privilege.  Gates, tasks and
 * changes of privilege are EMUL_UNHANDLEABLE, except SYSCALL.
 */
#include <cairn/lib.h>

#include "private.h"

static enum emul_result emul_jump(struct emul_ctxt *c, uint64_t target)
{
    target &= emul_mask(c->insn.opsize);
    if (c->insn.mode == 8 ? !is_canonical(target) : target > c->seg[SEG_CS].limit)
        return emul_raise(c, X86_EXC_GP, 0);
    c->next_rip = target;
    return EMUL_OKAY;
}

enum emul_result emul_i_jcc(struct emul_ctxt *c)
{
    return emul_condition(c, c->insn.opcode & 15) ? emul_jump(c, c->next_rip + c->insn.imm)
                                                  : EMUL_OKAY;
}

/* e0-e3: LOOPNE LOOPE LOOP JrCXZ */
enum emul_result emul_i_loop(struct emul_ctxt *c)
{
    unsigned int op = c->insn.opcode & 3, width = c->insn.addrsize;
    bool zf = c->regs.rflags & FLAG_ZF;
    if (op == 3)
        return c->regs.gpr[RCX] & emul_mask(width) ? EMUL_OKAY
                                                   : emul_jump(c, c->next_rip + c->insn.imm);
    emul_set(c, RCX, width, c->regs.gpr[RCX] - 1);
    if (!(c->regs.gpr[RCX] & emul_mask(width)) || (op == 0 && zf) || (op == 1 && !zf))
        return EMUL_OKAY;
    return emul_jump(c, c->next_rip + c->insn.imm);
}

static enum emul_result near_target(struct emul_ctxt *c, uint64_t *target)
{
    if (c->insn.opcode == 0xff)
        return emul_read_rm(c, target, c->insn.opsize);
    *target = c->next_rip + c->insn.imm;
    return EMUL_OKAY;
}

/* e9 eb, FF /4 */
enum emul_result emul_i_jmp(struct emul_ctxt *c)
{
    uint64_t target;
    TRY(near_target(c, &target));
    return emul_jump(c, target);
}

/* e8, FF /2 */
enum emul_result emul_i_call(struct emul_ctxt *c)
{
    uint64_t target, back = c->next_rip;
    TRY(near_target(c, &target));
    TRY(emul_jump(c, target));
    return emul_push(c, back, c->insn.opsize);
}

/* c2 c3 */
enum emul_result emul_i_ret(struct emul_ctxt *c)
{
    uint64_t target;
    TRY(emul_pop(c, &target, c->insn.opsize));
    if (c->insn.opcode == 0xc2)
        emul_set(c, RSP, emul_stack_width(c), c->regs.gpr[RSP] + c->insn.imm);
    return emul_jump(c, target);
}

/* ---- far ---- */

/* Make @sel:@off the next instruction's address; nothing has changed if not EMUL_OKAY. */
static enum emul_result go_far(struct emul_ctxt *c, uint16_t sel, uint64_t off, bool returning,
                               struct hvm_segment *cs)
{
    TRY(emul_load_cs(c, sel, returning, cs));
    bool to_64 = (c->efer & EFER_LMA) && (cs->attr & ATTR_L);
    if (to_64 ? !is_canonical(off) : off > cs->limit)
        return emul_raise(c, X86_EXC_GP, 0);
    c->next_rip = off;
    return EMUL_OKAY;
}

static enum emul_result far_pointer(struct emul_ctxt *c, uint64_t *off, uint16_t *sel)
{
    *off = c->insn.imm;
    *sel = c->insn.imm2;
    if (c->insn.opcode != 0xff)
        return EMUL_OKAY;
    return c->insn.has_mem ? emul_read_far(c, off, sel) : emul_raise(c, X86_EXC_UD, 0);
}

/* ea, FF /5 */
enum emul_result emul_i_jmp_far(struct emul_ctxt *c)
{
    struct hvm_segment cs;
    uint64_t off;
    uint16_t sel;
    TRY(far_pointer(c, &off, &sel));
    TRY(go_far(c, sel, off, false, &cs));
    return emul_put_segment(c, SEG_CS, &cs);
}

/* 9a, FF /3 */
enum emul_result emul_i_call_far(struct emul_ctxt *c)
{
    struct hvm_segment cs;
    uint64_t off, back = c->next_rip;
    uint16_t sel, old = c->seg[SEG_CS].sel;
    TRY(far_pointer(c, &off, &sel));
    TRY(go_far(c, sel, off, false, &cs));
    TRY(emul_push(c, old, c->insn.opsize));
    TRY(emul_push(c, back, c->insn.opsize));
    return emul_put_segment(c, SEG_CS, &cs);
}

/* ca cb */
enum emul_result emul_i_ret_far(struct emul_ctxt *c)
{
    struct hvm_segment cs;
    uint64_t off, sel;
    unsigned int width = emul_stack_width(c);
    TRY(emul_pop(c, &off, c->insn.opsize));
    TRY(emul_pop(c, &sel, c->insn.opsize));
    TRY(go_far(c, sel, off, true, &cs));
    if (c->insn.opcode == 0xca)
        emul_set(c, RSP, width, c->regs.gpr[RSP] + c->insn.imm);
    return emul_put_segment(c, SEG_CS, &cs);
}

/* cf: real mode, and protected mode to the same level without NT. */
enum emul_result emul_i_iret(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize;
    struct hvm_segment cs;
    uint64_t off, sel, f;

    if (c->insn.mode == 8 || (c->regs.rflags & X86_EFLAGS_VM))
        return EMUL_UNHANDLEABLE;
    if ((c->cr0 & X86_CR0_PE) && (c->regs.rflags & X86_EFLAGS_NT))
        return EMUL_UNHANDLEABLE;
    TRY(emul_pop(c, &off, size));
    TRY(emul_pop(c, &sel, size));
    TRY(emul_pop(c, &f, size));
    if ((c->cr0 & X86_CR0_PE) && (f & X86_EFLAGS_VM) && size != 2 && emul_cpl(c) == 0)
        return EMUL_UNHANDLEABLE; /* to vm86 */
    TRY(go_far(c, sel, off, true, &cs));
    uint64_t more = size == 2 ? 0 : X86_EFLAGS_RF;
    if (size != 2 && emul_cpl(c) == 0 && (c->cr0 & X86_CR0_PE))
        more |= X86_EFLAGS_VIF | X86_EFLAGS_VIP;
    emul_load_flags(c, f, more);
    c->retire.iret = true;
    return emul_put_segment(c, SEG_CS, &cs);
}

/* ---- interrupts by instruction ---- */

/* By the vector table at IDTR. */
static enum emul_result interrupt_real(struct emul_ctxt *c, unsigned int vector)
{
    const struct hvm_segment *idt;
    struct hvm_segment cs = c->seg[SEG_CS];
    uint32_t gate = 0;

    TRY(emul_segment(c, SEG_IDTR, &idt));
    if (!c->ops->read || vector * 4 + 3 > idt->limit)
        return EMUL_UNHANDLEABLE;
    TRY(c->ops->read(c, (uint32_t)(idt->base + vector * 4), &gate, 4, EMUL_SYSTEM));
    TRY(emul_push(c, c->regs.rflags, 2));
    TRY(emul_push(c, cs.sel, 2));
    TRY(emul_push(c, c->next_rip, 2));
    c->regs.rflags &= ~(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC | X86_EFLAGS_RF);
    c->retire.single_step = false; /* TF is clear when the handler begins */
    c->next_rip = gate & 0xffff;
    cs.sel = gate >> 16;
    cs.base = (gate >> 16) << 4;
    return emul_put_segment(c, SEG_CS, &cs);
}

/*
 * Outside real mode the processor delivers the event; it pushes the address
 * behind the instruction and checks the gate.
 */
static enum emul_result software_event(struct emul_ctxt *c, unsigned int vector,
                                       enum emul_event_type type)
{
    if (!(c->cr0 & X86_CR0_PE))
        return interrupt_real(c, vector);
    emul_raise(c, vector, 0);
    c->event.type = type;
    c->event.has_ec = false;
    c->event.insn_len = c->insn.length;
    return EMUL_EXCEPTION;
}

enum emul_result emul_i_intn(struct emul_ctxt *c)
{
    if (emul_vm86_refuses(c))
        return emul_raise(c, X86_EXC_GP, 0);
    return software_event(c, c->insn.imm & 0xff, EMUL_EVENT_INT);
}

enum emul_result emul_i_int3(struct emul_ctxt *c)
{
    return software_event(c, X86_EXC_BP, EMUL_EVENT_TRAP);
}

enum emul_result emul_i_into(struct emul_ctxt *c)
{
    return c->regs.rflags & FLAG_OF ? software_event(c, X86_EXC_OF, EMUL_EVENT_TRAP) : EMUL_OKAY;
}

enum emul_result emul_i_icebp(struct emul_ctxt *c)
{
    return software_event(c, X86_EXC_DB, EMUL_EVENT_PRIV_TRAP);
}

/* From 64-bit mode; a trap flag that SFMASK clears does not trap (XSA-204). */
enum emul_result emul_i_syscall(struct emul_ctxt *c)
{
    uint64_t star, target, mask;
    if (c->insn.mode != 8 || !(c->efer & EFER_SCE))
        return emul_raise(c, X86_EXC_UD, 0);
    if (!c->ops->read_msr)
        return EMUL_UNHANDLEABLE;
    TRY(c->ops->read_msr(c, MSR_STAR, &star));
    TRY(c->ops->read_msr(c, MSR_LSTAR, &target));
    TRY(c->ops->read_msr(c, MSR_SYSCALL_MASK, &mask));
    uint16_t sel = (star >> 32) & 0xfffc;
    const struct hvm_segment cs = {.sel = sel, .attr = 0xa9b, .limit = ~0u};
    const struct hvm_segment ss = {.sel = sel + 8, .attr = 0xc93, .limit = ~0u};
    c->regs.gpr[RCX] = c->next_rip;
    c->regs.gpr[11] = c->regs.rflags;
    c->regs.rflags = (c->regs.rflags & ~mask) | X86_EFLAGS_MBS;
    c->retire.single_step = c->regs.rflags & X86_EFLAGS_TF;
    c->next_rip = target;
    TRY(emul_put_segment(c, SEG_CS, &cs));
    return emul_put_segment(c, SEG_SS, &ss);
}
