/* SPDX-License-Identifier: MIT */
/* system.c - flags, ports, control registers, MSRs, tables. */
#include <cairn/lib.h>

#include "private.h"

/* A hook that is there. */
#define HOOK(name)                    \
    do {                              \
        if (!c->ops->name)            \
            return EMUL_UNHANDLEABLE; \
    } while (0)
#define REQUIRE_CPL0()                           \
    do {                                         \
        if (emul_cpl(c) != 0)                    \
            return emul_raise(c, X86_EXC_GP, 0); \
    } while (0)

/* CMC CLC STC CLD STD */
enum emul_result emul_i_flag_op(struct emul_ctxt *c)
{
    uint64_t flag = c->insn.opcode >= 0xfc ? FLAG_DF : FLAG_CF;
    if (c->insn.opcode == 0xf5)
        c->regs.rflags ^= FLAG_CF;
    else
        emul_set_flag(&c->regs.rflags, flag, c->insn.opcode & 1);
    return EMUL_OKAY;
}

/* CLI, STI: IOPL decides.  Virtual interrupts (VME, PVI) are not known here. */
static enum emul_result check_iopl(struct emul_ctxt *c)
{
    if (emul_cpl(c) <= emul_iopl(c))
        return EMUL_OKAY;
    if (c->cr4 & (X86_CR4_VME | X86_CR4_PVI))
        return EMUL_UNHANDLEABLE;
    return emul_raise(c, X86_EXC_GP, 0);
}

enum emul_result emul_i_cli(struct emul_ctxt *c)
{
    TRY(check_iopl(c));
    c->regs.rflags &= ~X86_EFLAGS_IF;
    return EMUL_OKAY;
}

enum emul_result emul_i_sti(struct emul_ctxt *c)
{
    TRY(check_iopl(c));
    c->retire.shadow_sti = !(c->regs.rflags & X86_EFLAGS_IF);
    c->regs.rflags |= X86_EFLAGS_IF;
    return EMUL_OKAY;
}

enum emul_result emul_i_hlt(struct emul_ctxt *c)
{
    REQUIRE_CPL0();
    c->retire.hlt = true;
    return EMUL_OKAY;
}

static unsigned int port_of(const struct emul_ctxt *c)
{
    return c->insn.opcode & 8 ? c->regs.gpr[RDX] & 0xffff : c->insn.imm & 0xff;
}

enum emul_result emul_i_in(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize == 8 ? 4 : c->insn.opsize;
    uint32_t v = 0;
    HOOK(port_in);
    TRY(emul_check_port(c, port_of(c), size));
    TRY(c->ops->port_in(c, port_of(c), size, &v));
    return emul_set(c, RAX, size, v);
}

enum emul_result emul_i_out(struct emul_ctxt *c)
{
    unsigned int size = c->insn.opsize == 8 ? 4 : c->insn.opsize;
    HOOK(port_out);
    TRY(emul_check_port(c, port_of(c), size));
    return c->ops->port_out(c, port_of(c), size, emul_get(c, RAX, size));
}

enum emul_result emul_i_cpuid(struct emul_ctxt *c)
{
    uint32_t out[4];
    HOOK(cpuid);
    TRY(c->ops->cpuid(c, c->regs.gpr[RAX], c->regs.gpr[RCX], out));
    c->regs.gpr[RAX] = out[0];
    c->regs.gpr[RBX] = out[1];
    c->regs.gpr[RCX] = out[2];
    c->regs.gpr[RDX] = out[3];
    return EMUL_OKAY;
}

enum emul_result emul_i_rdmsr(struct emul_ctxt *c)
{
    uint64_t v;
    HOOK(read_msr);
    REQUIRE_CPL0();
    TRY(c->ops->read_msr(c, c->regs.gpr[RCX], &v));
    emul_set(c, RAX, 4, v);
    return emul_set(c, RDX, 4, v >> 32);
}

enum emul_result emul_i_wrmsr(struct emul_ctxt *c)
{
    HOOK(write_msr);
    REQUIRE_CPL0();
    return c->ops->write_msr(c, c->regs.gpr[RCX],
                             c->regs.gpr[RDX] << 32 | (uint32_t)c->regs.gpr[RAX]);
}

enum emul_result emul_i_rdtsc(struct emul_ctxt *c)
{
    uint64_t v;
    HOOK(read_tsc);
    if ((c->cr4 & X86_CR4_TSD) && emul_cpl(c) != 0)
        return emul_raise(c, X86_EXC_GP, 0);
    TRY(c->ops->read_tsc(c, &v));
    emul_set(c, RAX, 4, v);
    return emul_set(c, RDX, 4, v >> 32);
}

/* 0f 20, 0f 22 */
enum emul_result emul_i_mov_cr(struct emul_ctxt *c)
{
    unsigned int cr = c->insn.reg, size = c->insn.mode == 8 ? 8 : 4;
    uint64_t v;
    if (cr > 8 || cr == 1 || (cr > 4 && cr < 8))
        return emul_raise(c, X86_EXC_UD, 0);
    REQUIRE_CPL0();
    if (c->insn.opcode & 2) {
        HOOK(write_cr);
        return c->ops->write_cr(c, cr, emul_get(c, c->insn.rm, size));
    }
    HOOK(read_cr);
    TRY(c->ops->read_cr(c, cr, &v));
    return emul_set(c, c->insn.rm, size, v);
}

/* 0f 21, 0f 23 */
enum emul_result emul_i_mov_dr(struct emul_ctxt *c)
{
    unsigned int dr = c->insn.reg, size = c->insn.mode == 8 ? 8 : 4;
    uint64_t v;
    HOOK(move_dr);
    if (dr > 7 || ((dr == 4 || dr == 5) && (c->cr4 & X86_CR4_DE)))
        return emul_raise(c, X86_EXC_UD, 0);
    REQUIRE_CPL0();
    if (dr == 4 || dr == 5)
        dr += 2;
    if (c->insn.opcode & 2) {
        v = emul_get(c, c->insn.rm, size);
        return v >> 32 && dr >= 6 ? emul_raise(c, X86_EXC_GP, 0) : c->ops->move_dr(c, dr, &v, true);
    }
    TRY(c->ops->move_dr(c, dr, &v, false));
    return emul_set(c, c->insn.rm, size, v);
}

enum emul_result emul_i_clts(struct emul_ctxt *c)
{
    HOOK(write_cr);
    REQUIRE_CPL0();
    return c->ops->write_cr(c, 0, c->cr0 & ~X86_CR0_TS);
}

/* INVD, WBINVD: caches are coherent for a guest without devices. */
enum emul_result emul_i_cache(struct emul_ctxt *c)
{
    REQUIRE_CPL0();
    return EMUL_OKAY;
}

enum emul_result emul_i_ud(struct emul_ctxt *c)
{
    return emul_raise(c, X86_EXC_UD, 0);
}

/* Stores of table registers that CR4.UMIP keeps from user mode. */
static enum emul_result check_umip(struct emul_ctxt *c)
{
    if ((c->cr4 & X86_CR4_UMIP) && emul_cpl(c) != 0)
        return emul_raise(c, X86_EXC_GP, 0);
    return EMUL_OKAY;
}

/* LAR, LSL, VERR, VERW: the descriptor that the operand selects, if @c may see it. */
static enum emul_result visible_descriptor(struct emul_ctxt *c, struct hvm_segment *s, bool *ok)
{
    struct emul_descriptor d;
    uint64_t sel;
    TRY(emul_read_rm(c, &sel, 2));
    TRY(emul_find_descriptor(c, sel, &d, ok));
    if (!*ok)
        return EMUL_OKAY;
    *s = d.seg;
    unsigned int dpl = ATTR_DPL(s->attr);
    *ok =
        (s->attr & 0x1c) == 0x1c /* conforming code */ || (dpl >= emul_cpl(c) && dpl >= (sel & 3));
    return EMUL_OKAY;
}

static enum emul_result verify(struct emul_ctxt *c, bool write)
{
    struct hvm_segment s;
    bool ok;
    TRY(visible_descriptor(c, &s, &ok));
    ok = ok && (s.attr & ATTR_S) && (write ? (s.attr & 0xa) == 2 : (s.attr & 0xa) != 8);
    emul_set_flag(&c->regs.rflags, FLAG_ZF, ok);
    return EMUL_OKAY;
}

/* SLDT STR LLDT LTR VERR VERW */
enum emul_result emul_i_group6(struct emul_ctxt *c)
{
    unsigned int member = emul_member(&c->insn);
    enum hvm_seg_name seg = member & 1 ? SEG_TR : SEG_LDTR;
    const struct hvm_segment *s;
    uint64_t sel;

    if (emul_real_or_vm86(c))
        return emul_raise(c, X86_EXC_UD, 0);
    switch (member) {
    case 0:
    case 1:
        TRY(check_umip(c));
        TRY(emul_segment(c, seg, &s));
        return emul_write_rm(c, s->sel, c->insn.has_mem ? 2 : c->insn.opsize);
    case 2:
    case 3:
        REQUIRE_CPL0();
        TRY(emul_read_rm(c, &sel, 2));
        return emul_load_system(c, seg, sel);
    default:
        return verify(c, member & 1);
    }
}

/* SGDT SIDT LGDT LIDT; a 16-bit operand has 24 bits of base. */
static enum emul_result table_register(struct emul_ctxt *c, enum hvm_seg_name seg, bool load)
{
    unsigned int width = c->insn.mode == 8 ? 8 : 4;
    const struct hvm_segment *s;
    struct hvm_segment new = {0};
    uint8_t raw[10] = {0};

    if (!load) {
        TRY(check_umip(c));
        TRY(emul_segment(c, seg, &s));
        memcpy(raw, &s->limit, 2);
        memcpy(raw + 2, &s->base, width);
        return emul_write(c, c->insn.mem.seg, emul_ea(c), raw, 2 + width);
    }
    REQUIRE_CPL0();
    TRY(emul_read(c, c->insn.mem.seg, emul_ea(c), raw, 2 + width, 0));
    memcpy(&new.limit, raw, 2);
    memcpy(&new.base, raw + 2, width);
    if (width == 4 && c->insn.opsize == 2)
        new.base &= 0xffffff;
    if (!is_canonical(new.base))
        return emul_raise(c, X86_EXC_GP, 0);
    return emul_put_segment(c, seg, &new);
}

static enum emul_result smsw_lmsw(struct emul_ctxt *c, bool load)
{
    const uint64_t bits = X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS;
    uint64_t v;
    if (!load) {
        TRY(check_umip(c));
        return emul_write_rm(c, c->cr0, c->insn.has_mem ? 2 : c->insn.opsize);
    }
    HOOK(write_cr);
    REQUIRE_CPL0();
    TRY(emul_read_rm(c, &v, 2));
    return c->ops->write_cr(c, 0, (c->cr0 & ~(bits & ~X86_CR0_PE)) | (v & bits));
}

static enum emul_result invlpg_op(struct emul_ctxt *c)
{
    const struct hvm_segment *s;
    HOOK(invlpg);
    REQUIRE_CPL0();
    /* No access, so no checks: a bad address is simply not cached. */
    uint64_t addr = emul_ea(c), base = 0;
    if (c->insn.mode != 8 || c->insn.mem.seg >= SEG_FS) {
        TRY(emul_segment(c, c->insn.mem.seg, &s));
        base = s->base;
    }
    addr += base;
    return c->ops->invlpg(c, c->insn.mode == 8 ? addr : (uint32_t)addr);
}

static enum emul_result swapgs(struct emul_ctxt *c)
{
    const struct hvm_segment *gs;
    uint64_t kernel;
    HOOK(read_msr);
    HOOK(write_msr);
    if (c->insn.mode != 8)
        return emul_raise(c, X86_EXC_UD, 0);
    REQUIRE_CPL0();
    TRY(emul_segment(c, SEG_GS, &gs));
    struct hvm_segment new = *gs;
    TRY(c->ops->read_msr(c, MSR_KERNEL_GS_BASE, &kernel));
    TRY(c->ops->write_msr(c, MSR_KERNEL_GS_BASE, gs->base));
    new.base = kernel;
    return emul_put_segment(c, SEG_GS, &new);
}

/* 0f 01 */
enum emul_result emul_i_group7(struct emul_ctxt *c)
{
    unsigned int member = emul_member(&c->insn);
    if (member == 4 || member == 6)
        return smsw_lmsw(c, member == 6);
    if (!c->insn.has_mem)
        return c->insn.modrm == 0xf8 ? swapgs(c) : EMUL_UNHANDLEABLE;
    switch (member) {
    case 0:
    case 1:
    case 2:
    case 3:
        return table_register(c, member & 1 ? SEG_IDTR : SEG_GDTR, member & 2);
    case 7:
        return invlpg_op(c);
    default:
        return EMUL_UNHANDLEABLE;
    }
}

/* System descriptors that LAR (and with @limit LSL) accept. */
static bool system_type_ok(const struct emul_ctxt *c, unsigned int type, bool limit)
{
    unsigned int legacy = limit ? 0x0a0e : 0x1a3e, in_long = limit ? 0x0a04 : 0x1a04;
    return ((c->efer & EFER_LMA ? in_long : legacy) >> type) & 1;
}

/* 0f 02, 0f 03 */
enum emul_result emul_i_lar_lsl(struct emul_ctxt *c)
{
    bool is_lsl = c->insn.opcode & 1, ok;
    struct hvm_segment s;
    if (emul_real_or_vm86(c))
        return emul_raise(c, X86_EXC_UD, 0);
    TRY(visible_descriptor(c, &s, &ok));
    if (ok && !(s.attr & ATTR_S))
        ok = system_type_ok(c, ATTR_TYPE(s.attr), is_lsl);
    emul_set_flag(&c->regs.rflags, FLAG_ZF, ok);
    if (!ok)
        return EMUL_OKAY;
    uint32_t hi = (s.attr & 0xff) << 8 | (s.attr & 0xf00) << 12;
    if (!is_lsl) /* bits 19:16 are what the limit has there, undefined by the SDM */
        hi |= (s.attr & ATTR_G ? s.limit >> 12 : s.limit) & 0xf0000;
    return emul_set(c, c->insn.reg, c->insn.opsize, is_lsl ? s.limit : hi);
}
