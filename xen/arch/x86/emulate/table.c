/* SPDX-License-Identifier: MIT */
/*
 * table.c - the opcodes: which function executes each, and what follows it in
 * the code.  Source: SDM volume 2 "Opcode Map".
 */
#include "private.h"

#define M OP_MODRM
#define W OP_W
/* i: an opcode; l: one that takes LOCK; g: a group with its valid members */
#define i(name, fl)                        \
    {                                      \
        .fn = emul_i_##name, .flags = (fl) \
    }
#define l(name, fl)                                      \
    {                                                    \
        .fn = emul_i_##name, .flags = (fl), .lock = 0xff \
    }
#define g(name, fl, lk, va)                                             \
    {                                                                   \
        .fn = emul_i_##name, .flags = (fl), .lock = (lk), .group = (va) \
    }

/* The six forms of an ALU operation; CMP takes no LOCK. */
#define ALU_REST(op)                                                                    \
    [op + 2] = i(alu, M | W), [op + 3] = i(alu, M | W), [op + 4] = i(alu, W | OP_IMMW), \
          [op + 5] = i(alu, W | OP_IMMW)
#define ALU(op) [op] = l(alu, M | W), [op + 1] = l(alu, M | W), ALU_REST(op)

static const struct emul_opcode one_byte[256] = {
    ALU(0x00),
    ALU(0x08),
    ALU(0x10),
    ALU(0x18),
    ALU(0x20),
    ALU(0x28),
    ALU(0x30),
    [0x38 ... 0x39] = i(alu, M | W),
    ALU_REST(0x38),
    [0x06] = i(push_seg, OP_NO64),
    [0x07] = i(pop_seg, OP_NO64),
    [0x0e] = i(push_seg, OP_NO64),
    [0x16] = i(push_seg, OP_NO64),
    [0x17] = i(pop_seg, OP_NO64),
    [0x1e] = i(push_seg, OP_NO64),
    [0x1f] = i(pop_seg, OP_NO64),
    [0x27] = i(bcd, OP_NO64),
    [0x2f] = i(bcd, OP_NO64),
    [0x37] = i(bcd, OP_NO64),
    [0x3f] = i(bcd, OP_NO64),
    [0x40 ... 0x4f] = i(inc_dec, 0), /* REX in 64-bit mode */
    [0x50 ... 0x57] = i(push, OP_D64),
    [0x58 ... 0x5f] = i(pop, OP_D64),
    [0x60] = i(pusha, OP_NO64),
    [0x61] = i(popa, OP_NO64),
    [0x63] = i(movx, M), /* MOVSXD; ARPL elsewhere */
    [0x68] = i(push_imm, OP_D64 | OP_IMMZ),
    [0x69] = i(imul, M | OP_IMMZ),
    [0x6a] = i(push_imm, OP_D64 | OP_IMM8),
    [0x6b] = i(imul, M | OP_IMM8),
    [0x6c ... 0x6f] = i(string_io, W),
    [0x70 ... 0x7f] = i(jcc, OP_F64 | OP_IMM8),
    [0x80] = g(alu, M | W | OP_IMMW, 0x7f, 0xff),
    [0x81] = g(alu, M | W | OP_IMMW, 0x7f, 0xff),
    [0x82] = g(alu, M | W | OP_IMMW | OP_NO64, 0x7f, 0xff),
    [0x83] = g(alu, M | W | OP_IMM8, 0x7f, 0xff),
    [0x84 ... 0x85] = i(test, M | W),
    [0x86 ... 0x87] = l(xchg, M | W),
    [0x88 ... 0x8b] = i(mov, M | W),
    [0x8c] = g(mov_sreg, M, 0, 0x3f),
    [0x8d] = i(lea, M | OP_MEM),
    [0x8e] = g(mov_sreg, M, 0, 0x3d),
    [0x8f] = g(pop, M | OP_D64, 0, 0x01),
    [0x90] = i(nop, 0),
    [0x91 ... 0x97] = i(xchg, 0),
    [0x98] = i(cbw, 0),
    [0x99] = i(cwd, 0),
    [0x9a] = i(call_far, OP_NO64 | OP_FAR),
    [0x9b] = i(wait, 0),
    [0x9c] = i(pushf, OP_D64),
    [0x9d] = i(popf, OP_D64),
    [0x9e] = i(sahf, 0),
    [0x9f] = i(lahf, 0),
    [0xa0 ... 0xa3] = i(mov, W | OP_MOFFS),
    [0xa4 ... 0xa7] = i(string, W),
    [0xa8 ... 0xa9] = i(test, W | OP_IMMW),
    [0xaa ... 0xaf] = i(string, W),
    [0xb0 ... 0xb7] = i(mov_imm, OP_BYTE | OP_IMMV),
    [0xb8 ... 0xbf] = i(mov_imm, OP_IMMV),
    [0xc0 ... 0xc1] = g(shift, M | W | OP_IMM8, 0, 0xff),
    [0xc2] = i(ret, OP_F64 | OP_IMM16),
    [0xc3] = i(ret, OP_F64),
    [0xc4 ... 0xc5] = i(lxs, M | OP_MEM | OP_NO64),
    [0xc6 ... 0xc7] = g(mov_imm, M | W | OP_IMMW, 0, 0x01),
    [0xc8] = i(enter, OP_D64 | OP_IMM16 | OP_IMM8),
    [0xc9] = i(leave, OP_D64),
    [0xca] = i(ret_far, OP_IMM16),
    [0xcb] = i(ret_far, 0),
    [0xcc] = i(int3, 0),
    [0xcd] = i(intn, OP_IMM8),
    [0xce] = i(into, OP_NO64),
    [0xcf] = i(iret, 0),
    [0xd0 ... 0xd3] = g(shift, M | W, 0, 0xff),
    [0xd4] = i(aam, OP_NO64 | OP_IMM8),
    [0xd5] = i(aad, OP_NO64 | OP_IMM8),
    [0xd7] = i(xlat, OP_BYTE),
    [0xd8 ... 0xdf] = i(x87, M),
    [0xe0 ... 0xe3] = i(loop, OP_F64 | OP_IMM8),
    [0xe4 ... 0xe5] = i(in, W | OP_IMM8),
    [0xe6 ... 0xe7] = i(out, W | OP_IMM8),
    [0xe8] = i(call, OP_F64 | OP_IMMZ),
    [0xe9] = i(jmp, OP_F64 | OP_IMMZ),
    [0xea] = i(jmp_far, OP_NO64 | OP_FAR),
    [0xeb] = i(jmp, OP_F64 | OP_IMM8),
    [0xec ... 0xed] = i(in, W),
    [0xee ... 0xef] = i(out, W),
    [0xf1] = i(icebp, 0),
    [0xf4] = i(hlt, 0),
    [0xf5] = i(flag_op, 0),
    [0xf6 ... 0xf7] = g(group3, M | W | OP_IMMG3, 0x0c, 0xff),
    [0xf8 ... 0xf9] = i(flag_op, 0),
    [0xfa] = i(cli, 0),
    [0xfb] = i(sti, 0),
    [0xfc ... 0xfd] = i(flag_op, 0),
    [0xfe] = g(group45, M | W, 0x03, 0x03),
    [0xff] = g(group45, M | W, 0x03, 0x7f),
};

static const struct emul_opcode two_byte[256] = {
    [0x00] = g(group6, M, 0, 0x3f),
    [0x01] = i(group7, M),
    [0x02 ... 0x03] = i(lar_lsl, M),
    [0x05] = i(syscall, 0),
    [0x06] = i(clts, 0),
    [0x08 ... 0x09] = i(cache, 0),
    [0x0b] = i(ud, 0),
    [0x0d] = i(nop, M), /* PREFETCHW */
    [0x10 ... 0x11] = i(sse, M),
    [0x18 ... 0x1f] = i(nop, M), /* PREFETCH, hints, NOP */
    [0x20] = i(mov_cr, M | OP_REGRM),
    [0x21] = i(mov_dr, M | OP_REGRM),
    [0x22] = i(mov_cr, M | OP_REGRM),
    [0x23] = i(mov_dr, M | OP_REGRM),
    [0x28 ... 0x29] = i(sse, M),
    [0x2e ... 0x2f] = i(sse, M),
    [0x30] = i(wrmsr, 0),
    [0x31] = i(rdtsc, 0),
    [0x32] = i(rdmsr, 0),
    [0x40 ... 0x4f] = i(cmov, M),
    [0x51] = i(sse, M),
    [0x58 ... 0x59] = i(sse, M),
    [0x5c ... 0x5f] = i(sse, M),
    [0x6f] = i(sse, M),
    [0x7f] = i(sse, M),
    [0x80 ... 0x8f] = i(jcc, OP_F64 | OP_IMMZ),
    [0x90 ... 0x9f] = i(setcc, M | OP_BYTE),
    [0xa0] = i(push_seg, OP_D64),
    [0xa1] = i(pop_seg, OP_D64),
    [0xa2] = i(cpuid, 0),
    [0xa3] = i(bt, M),
    [0xa4] = i(shift_d, M | OP_IMM8),
    [0xa5] = i(shift_d, M),
    [0xa8] = i(push_seg, OP_D64),
    [0xa9] = i(pop_seg, OP_D64),
    [0xab] = l(bt, M),
    [0xac] = i(shift_d, M | OP_IMM8),
    [0xad] = i(shift_d, M),
    [0xae] = i(group15, M),
    [0xaf] = i(imul, M),
    [0xb0 ... 0xb1] = l(cmpxchg, M | W),
    [0xb2] = i(lxs, M | OP_MEM),
    [0xb3] = l(bt, M),
    [0xb4 ... 0xb5] = i(lxs, M | OP_MEM),
    [0xb6 ... 0xb7] = i(movx, M),
    [0xb8] = i(popcnt, M),
    [0xba] = g(bt, M | OP_IMM8, 0xe0, 0xf0),
    [0xbb] = l(bt, M),
    [0xbc ... 0xbd] = i(bit_scan, M),
    [0xbe ... 0xbf] = i(movx, M),
    [0xc0 ... 0xc1] = l(xadd, M | W),
    [0xc3] = i(movnti, M | OP_MEM),
    [0xc7] = g(cmpxchg8b, M | OP_MEM, 0x02, 0x02),
    [0xc8 ... 0xcf] = i(bswap, 0),
};

static const struct emul_opcode movbe = i(movbe, M);

const struct emul_opcode *emul_opcode(unsigned int map, uint8_t op)
{
    const struct emul_opcode *entry;
    if (map == 2)
        return op == 0xf0 || op == 0xf1 ? &movbe : NULL;
    entry = map ? &two_byte[op] : &one_byte[op];
    return entry->fn ? entry : NULL;
}
