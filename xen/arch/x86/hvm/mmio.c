/* SPDX-License-Identifier: MIT */
/*
 * mmio.c - just enough decoding for a guest that probes absent devices:
 * MOV, MOVZX, MOVSX and STOS-free immediates between memory and a register.
 * The processor told the address, so only length, width and register count.
 * Pure: host-tested by test/unit/test_xen_hvm_mmio.c.
 */
#include "io.h"

struct decoder {
    const uint8_t *code;
    size_t len, at;
    unsigned int opsize, addrsize;
    uint8_t rex;
    bool cut;
};

static uint8_t next_byte(struct decoder *d)
{
    if (d->at >= d->len) {
        d->cut = true;
        return 0;
    }
    return d->code[d->at++];
}

/* Prefixes; returns the first opcode byte. */
static uint8_t skip_prefixes(struct decoder *d, unsigned int mode)
{
    d->opsize = mode == 2 ? 2 : 4;
    d->addrsize = mode;
    for (;;) {
        uint8_t b = next_byte(d);
        switch (b) {
        case 0x66:
            d->opsize = mode == 2 ? 4 : 2;
            continue;
        case 0x67:
            d->addrsize = mode == 4 ? 2 : 4;
            continue;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x64:
        case 0x65:
        case 0xf2:
        case 0xf3:
            continue;
        }
        if (d->cut || mode != 8 || (b & 0xf0) != 0x40)
            return b;
        d->rex = b;
        if (b & 8)
            d->opsize = 8;
        return next_byte(d);
    }
}

/* Skip SIB and displacement of @modrm.  False for a register operand. */
static bool skip_memory_operand(struct decoder *d, uint8_t modrm)
{
    unsigned int mod = modrm >> 6, rm = modrm & 7, disp = 0;

    if (mod == 3)
        return false;
    if (d->addrsize == 2) {
        disp = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
    } else {
        if (rm == 4 && (next_byte(d) & 7) == 5 && mod == 0)
            disp = 4;
        if (mod == 0 && rm == 5)
            disp = 4;
        if (mod == 1)
            disp = 1;
        else if (mod == 2)
            disp = 4;
    }
    while (disp--)
        next_byte(d);
    return true;
}

static void set_register(const struct decoder *d, unsigned int reg, struct mmio_insn *insn)
{
    insn->high_byte = insn->dest_size == 1 && !d->rex && reg >= 4 && reg < 8;
    insn->reg = insn->high_byte ? reg - 4 : reg;
}

static bool decode_modrm(struct decoder *d, struct mmio_insn *insn, unsigned int imm)
{
    uint8_t modrm = next_byte(d);
    if (!skip_memory_operand(d, modrm))
        return false;
    while (imm--)
        next_byte(d);
    set_register(d, ((modrm >> 3) & 7) | (d->rex & 4) << 1, insn);
    return true;
}

static bool decode_two_byte(struct decoder *d, struct mmio_insn *insn)
{
    uint8_t op = next_byte(d);
    if ((op & 0xf6) != 0xb6) /* MOVZX b6 b7, MOVSX be bf */
        return false;
    insn->size = op & 1 ? 2 : 1;
    insn->dest_size = d->opsize;
    insn->sign_extend = op & 8;
    return decode_modrm(d, insn, 0);
}

bool mmio_decode(const uint8_t *code, size_t len, unsigned int mode, struct mmio_insn *insn)
{
    struct decoder d = {.code = code, .len = len};
    *insn = (struct mmio_insn){0};
    uint8_t op = skip_prefixes(&d, mode);
    bool ok = false;

    insn->size = insn->dest_size = op & 1 ? d.opsize : 1;
    switch (op) {
    case 0x88:
    case 0x89:
        insn->write = true;
        ok = decode_modrm(&d, insn, 0);
        break;
    case 0x8a:
    case 0x8b:
        ok = decode_modrm(&d, insn, 0);
        break;
    case 0xa0: /* MOV between rAX and a full address */
    case 0xa1:
    case 0xa2:
    case 0xa3:
        insn->write = op & 2;
        for (unsigned int i = 0; i < d.addrsize; i++)
            next_byte(&d);
        ok = true;
        break;
    case 0xc6:
    case 0xc7:
        insn->write = true;
        insn->imm_size = insn->size == 8 ? 4 : insn->size;
        ok = decode_modrm(&d, insn, insn->imm_size);
        ok = ok && insn->reg == 0 && !insn->high_byte;
        break;
    case 0x0f:
        ok = decode_two_byte(&d, insn);
        break;
    }
    insn->length = d.at;
    return ok && !d.cut && d.at <= 15;
}

uint64_t mmio_read_merge(const struct mmio_insn *insn, uint64_t old, uint64_t value)
{
    unsigned int unused = 64 - 8 * insn->size;
    value = insn->sign_extend ? (uint64_t)((int64_t)(value << unused) >> unused)
                              : value << unused >> unused;
    switch (insn->dest_size) {
    case 1:
        if (insn->high_byte)
            return (old & ~0xff00ull) | value << 8;
        return (old & ~0xffull) | value;
    case 2:
        return (old & ~0xffffull) | (value & 0xffff);
    case 4:
        return (uint32_t)value;
    default:
        return value;
    }
}

uint64_t mmio_read_ones(const struct mmio_insn *insn, uint64_t old)
{
    return mmio_read_merge(insn, old, ~0ull);
}
