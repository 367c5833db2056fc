/* SPDX-License-Identifier: MIT */
/*
 * decode.c - bytes into struct emul_insn.  Registers are not looked at: a
 * memory operand stays base, index, scale and displacement.
 * Source: SDM volume 2 "Instruction Format".
 */
#include "private.h"

struct reader {
    const uint8_t *code;
    size_t len, at;
    enum emul_decode fail; /* DECODE_OK while all is well */
};

static uint64_t next(struct reader *r, unsigned int bytes)
{
    uint64_t v = 0;
    for (unsigned int n = 0; n < bytes; n++) {
        if (r->at >= r->len || r->at >= EMUL_MAX_LENGTH) {
            if (r->fail == DECODE_OK)
                r->fail = r->at >= EMUL_MAX_LENGTH ? DECODE_TOO_LONG : DECODE_CUT;
            return 0;
        }
        v |= (uint64_t)r->code[r->at++] << (8 * n);
    }
    return v;
}

static uint64_t next_signed(struct reader *r, unsigned int bytes)
{
    return emul_sign_extend(next(r, bytes), bytes);
}

static bool take_prefix(struct emul_insn *insn, uint8_t b)
{
    switch (b) {
    case 0x66:
        insn->op66 = true;
        return true;
    case 0x67:
        insn->addrsize = insn->mode == 4 ? 2 : 4;
        return true;
    case 0xf0:
        insn->lock = true;
        return true;
    case 0xf2:
    case 0xf3:
        insn->rep = b;
        return true;
    case 0x26: /* ES CS SS DS: no effect in 64-bit mode */
    case 0x2e:
    case 0x36:
    case 0x3e:
        if (insn->mode != 8)
            insn->override = SEG_ES + ((b >> 3) & 3);
        return true;
    case 0x64:
    case 0x65:
        insn->override = b - 0x64 + SEG_FS;
        return true;
    default:
        return false;
    }
}

/* Prefixes and opcode bytes. */
static void read_opcode(struct emul_insn *insn, struct reader *r)
{
    uint8_t b;
    for (;;) {
        b = next(r, 1);
        if (r->fail)
            return;
        if (take_prefix(insn, b)) {
            insn->rex = 0; /* only the last thing before the opcode counts */
        } else if (insn->mode == 8 && (b & 0xf0) == 0x40) {
            insn->rex = b;
        } else {
            break;
        }
    }
    unsigned int map = 0;
    if (b == 0x0f) {
        b = next(r, 1);
        map = 1;
        if (b == 0x38) {
            b = next(r, 1);
            map = 2;
        }
    }
    insn->opcode = map << 8 | b;
    insn->op = r->fail ? NULL : emul_opcode(map, b);
}

static void read_mem16(struct emul_insn *insn, struct reader *r)
{
    static const int8_t base[8] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
    static const int8_t index[8] = {RSI, RDI, RSI, RDI, -1, -1, -1, -1};
    unsigned int mod = insn->modrm >> 6, rm = insn->modrm & 7;

    insn->mem.base = base[rm];
    insn->mem.index = index[rm];
    if (mod == 0 && rm == 6) {
        insn->mem.base = EMUL_NO_REG;
        insn->mem.disp = next(r, 2);
    } else if (mod) {
        insn->mem.disp = next_signed(r, mod);
    }
    if (insn->mem.base == RBP)
        insn->mem.seg = SEG_SS;
}

static void read_mem32(struct emul_insn *insn, struct reader *r)
{
    unsigned int mod = insn->modrm >> 6, low = insn->modrm & 7;
    struct emul_mem *mem = &insn->mem;
    bool sib = low == 4;

    if (sib) {
        uint8_t s = next(r, 1);
        mem->scale = s >> 6;
        mem->index = ((s >> 3) & 7) | (insn->rex & 2) << 2;
        if (mem->index == RSP)
            mem->index = EMUL_NO_REG;
        low = s & 7;
    }
    if (mod == 0 && low == 5) {
        mem->base = !sib && insn->mode == 8 ? EMUL_REG_RIP : EMUL_NO_REG;
        mem->disp = next_signed(r, 4);
        return;
    }
    mem->base = low | (insn->rex & 1) << 3;
    if (mod)
        mem->disp = next_signed(r, mod == 1 ? 1 : 4);
    if (mem->base == RSP || mem->base == RBP)
        mem->seg = SEG_SS;
}

/* An opcode without the byte has its register, or its segment, where that would have it. */
static void read_modrm(struct emul_insn *insn, struct reader *r)
{
    insn->modrm = insn->op->flags & OP_MODRM ? next(r, 1) : 0xc0 | insn->opcode;
    insn->reg = ((insn->modrm >> 3) & 7) | (insn->rex & 4) << 1;
    insn->rm = (insn->modrm & 7) | (insn->rex & 1) << 3;
    insn->has_mem = insn->modrm < 0xc0 && !(insn->op->flags & OP_REGRM);
    if (!insn->has_mem)
        return;
    insn->mem.seg = SEG_DS;
    if (insn->addrsize == 2)
        read_mem16(insn, r);
    else
        read_mem32(insn, r);
}

/* Opcode FF: the members that transfer control or push differ in width. */
static unsigned int width_flags(const struct emul_insn *insn)
{
    unsigned int flags = insn->op->flags, member = emul_member(insn);
    if (insn->opcode == 0xff && (member == 2 || member == 4))
        flags |= OP_F64;
    if (insn->opcode == 0xff && member == 6)
        flags |= OP_D64;
    return flags;
}

static void set_widths(struct emul_insn *insn)
{
    unsigned int flags = width_flags(insn);
    insn->opsize = (insn->mode == 2) != insn->op66 ? 2 : 4;
    if (insn->mode == 8) {
        if (insn->rex & 8)
            insn->opsize = 8;
        if ((flags & OP_F64) || ((flags & OP_D64) && insn->opsize == 4))
            insn->opsize = 8;
    }
    if ((flags & OP_BYTE) || ((flags & OP_W) && !(insn->opcode & 1)))
        insn->opsize = 1;
}

static void read_immediates(struct emul_insn *insn, struct reader *r)
{
    unsigned int flags = insn->op->flags;
    unsigned int size_z = insn->opsize == 8 ? 4 : insn->opsize;

    if ((flags & OP_IMMG3) && (insn->modrm & 0x38) < 0x10)
        flags |= OP_IMMW;
    if (flags & (OP_IMMZ | OP_IMMW))
        insn->imm = next_signed(r, size_z);
    if (flags & OP_IMMV)
        insn->imm = next(r, insn->opsize);
    if (flags & OP_IMM16)
        insn->imm = next(r, 2);
    if ((flags & OP_IMM8) && (flags & OP_IMM16))
        insn->imm2 = next(r, 1);
    else if (flags & OP_IMM8)
        insn->imm = next_signed(r, 1);
    if (flags & OP_FAR) {
        insn->imm = next(r, insn->opsize);
        insn->imm2 = next(r, 2);
    }
    if (flags & OP_MOFFS) {
        insn->has_mem = true;
        insn->mem.seg = SEG_DS;
        insn->mem.disp = next(r, insn->addrsize);
    }
}

/* Forms that the architecture makes #UD whatever the state. */
static bool is_invalid(const struct emul_insn *insn)
{
    const struct emul_opcode *op = insn->op;
    unsigned int member = emul_member(insn);

    if ((op->flags & OP_NO64) && insn->mode == 8)
        return true;
    if ((op->flags & OP_MEM) && !insn->has_mem)
        return true;
    if (op->group && !(op->group & (1u << member)))
        return true;
    return insn->lock && (!insn->has_mem || !(op->lock & (1u << (op->group ? member : 0))));
}

/*
 * Opcodes that are another instruction here: C4 and C5 begin a VEX prefix if
 * a register operand follows, or in 64-bit mode, 8F an XOP prefix; POPCNT needs
 * its F3; other members of C6, C7 and 0F C7 are XABORT, XBEGIN, RDRAND, ...
 */
static bool is_other(const struct emul_insn *insn)
{
    unsigned int op = insn->opcode, member = emul_member(insn);
    if (op == 0x1b8)
        return insn->rep != 0xf3;
    if (op == 0xc6 || op == 0xc7 || op == 0x1c7)
        return !(insn->op->group & (1u << member));
    if (op == 0x8f)
        return member != 0;
    return (op == 0xc4 || op == 0xc5) && (insn->mode == 8 || !insn->has_mem);
}

enum emul_decode emul_decode(struct emul_insn *insn, const uint8_t *code, size_t len,
                             unsigned int mode)
{
    struct reader r = {.code = code, .len = len};
    *insn = (struct emul_insn){
        .mode = mode,
        .addrsize = mode,
        .override = EMUL_NO_REG,
        .mem = {.base = EMUL_NO_REG, .index = EMUL_NO_REG},
    };
    read_opcode(insn, &r);
    if (r.fail)
        return r.fail;
    if (!insn->op)
        return DECODE_UNKNOWN;
    read_modrm(insn, &r);
    set_widths(insn);
    if (!r.fail && is_other(insn))
        return DECODE_UNKNOWN;
    read_immediates(insn, &r);
    if (r.fail)
        return r.fail;
    if (insn->has_mem && insn->override != EMUL_NO_REG)
        insn->mem.seg = insn->override;
    insn->length = r.at;
    return is_invalid(insn) ? DECODE_INVALID : DECODE_OK;
}
