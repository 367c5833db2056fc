/* SPDX-License-Identifier: MIT */
/*
 * flags.c - results and flags of arithmetic.  Flags that the architecture
 * leaves undefined are what Intel processors make of them where that is
 * known, else unchanged.
 * Source: SDM volume 1 "EFLAGS Register"; volume 2, "Flags Affected".
 */
#include "private.h"

uint64_t emul_mask(unsigned int size)
{
    return size >= 8 ? ~0ull : (1ull << (8 * size)) - 1;
}

uint64_t emul_sign_extend(uint64_t v, unsigned int size)
{
    unsigned int shift = 64 - 8 * size;
    return size == 0 ? 0 : (uint64_t)((int64_t)(v << shift) >> shift);
}

static bool top_bit(uint64_t v, unsigned int size)
{
    return (v >> (8 * size - 1)) & 1;
}

void emul_set_flag(uint64_t *flags, uint64_t flag, bool on)
{
    *flags = on ? *flags | flag : *flags & ~flag;
}

static void flags_result(uint64_t *flags, uint64_t res, unsigned int size)
{
    uint8_t parity = res;
    parity ^= parity >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    emul_set_flag(flags, FLAG_PF, !(parity & 1));
    emul_set_flag(flags, FLAG_ZF, (res & emul_mask(size)) == 0);
    emul_set_flag(flags, FLAG_SF, top_bit(res, size));
}

void emul_flags_logic(uint64_t *flags, uint64_t res, unsigned int size)
{
    *flags &= ~(FLAG_CF | FLAG_OF | FLAG_AF);
    flags_result(flags, res, size);
}

/* @carries: the carry (or borrow) out of each bit position. */
static void flags_carries(uint64_t *flags, uint64_t carries, unsigned int size)
{
    bool out = top_bit(carries, size), into = (carries >> (8 * size - 2)) & 1;
    emul_set_flag(flags, FLAG_CF, out);
    emul_set_flag(flags, FLAG_OF, out != into);
    emul_set_flag(flags, FLAG_AF, carries & 8);
}

static uint64_t add(uint64_t a, uint64_t b, bool carry, unsigned int size, uint64_t *flags)
{
    uint64_t res = a + b + carry;
    flags_carries(flags, (a & b) | ((a | b) & ~res), size);
    flags_result(flags, res, size);
    return res & emul_mask(size);
}

static uint64_t sub(uint64_t a, uint64_t b, bool borrow, unsigned int size, uint64_t *flags)
{
    uint64_t res = a - b - borrow;
    flags_carries(flags, (~a & b) | ((~a | b) & res), size);
    flags_result(flags, res, size);
    return res & emul_mask(size);
}

uint64_t emul_alu_op(unsigned int op, uint64_t a, uint64_t b, unsigned int size, uint64_t *flags)
{
    bool carry = *flags & FLAG_CF;
    uint64_t res;
    switch (op) {
    case 0:
        return add(a, b, false, size, flags);
    case 2:
        return add(a, b, carry, size, flags);
    case 3:
        return sub(a, b, carry, size, flags);
    case 5:
    case 7:
        return sub(a, b, false, size, flags);
    case 1:
        res = a | b;
        break;
    case 4:
        res = a & b;
        break;
    default:
        res = a ^ b;
        break;
    }
    res &= emul_mask(size);
    emul_flags_logic(flags, res, size);
    return res;
}

uint64_t emul_inc_dec(uint64_t a, bool dec, unsigned int size, uint64_t *flags)
{
    uint64_t carry = *flags & FLAG_CF;
    uint64_t res = dec ? sub(a, 1, false, size, flags) : add(a, 1, false, size, flags);
    *flags = (*flags & ~FLAG_CF) | carry;
    return res;
}

/* ROL, ROR, RCL, RCR by one; OF is for the caller. */
static uint64_t rotate_one(unsigned int op, uint64_t a, unsigned int size, uint64_t *flags)
{
    bool carry = *flags & FLAG_CF, low = a & 1, high = top_bit(a, size);
    unsigned int top = 8 * size - 1;
    uint64_t res;
    switch (op) {
    case 0:
        res = a << 1 | high;
        break;
    case 1:
        res = a >> 1 | (uint64_t)low << top;
        break;
    case 2:
        res = a << 1 | carry;
        break;
    default:
        res = a >> 1 | (uint64_t)carry << top;
        break;
    }
    emul_set_flag(flags, FLAG_CF, op & 1 ? low : high);
    return res & emul_mask(size);
}

static uint64_t rotate(unsigned int op, uint64_t a, unsigned int count, unsigned int size,
                       uint64_t *flags)
{
    unsigned int period = op < 2 ? 8 * size : 8 * size + 1;
    unsigned int left = count % period;

    /* A whole turn of ROL or ROR still copies a bit into CF. */
    if (left == 0 && op < 2)
        left = period;
    while (left--)
        a = rotate_one(op, a, size, flags);
    bool high = top_bit(a, size), second = (a >> (8 * size - 2)) & 1;
    bool carry = *flags & FLAG_CF;
    emul_set_flag(flags, FLAG_OF, op & 1 ? high != second : high != carry);
    return a;
}

uint64_t emul_shift_op(unsigned int op, uint64_t a, unsigned int count, unsigned int size,
                       uint64_t *flags)
{
    uint64_t res, last; /* last: all but the last step done */

    count &= size == 8 ? 63 : 31;
    if (count == 0)
        return a;
    if (op < 4)
        return rotate(op, a, count, size, flags);
    if (op == 5) {
        last = a >> (count - 1);
        res = last >> 1;
        emul_set_flag(flags, FLAG_CF, last & 1);
        emul_set_flag(flags, FLAG_OF, top_bit(a, size));
    } else if (op == 7) {
        last = (int64_t)emul_sign_extend(a, size) >> (count - 1);
        res = (int64_t)last >> 1;
        emul_set_flag(flags, FLAG_CF, last & 1);
        emul_set_flag(flags, FLAG_OF, false);
    } else {
        last = a << (count - 1);
        res = last << 1;
        emul_set_flag(flags, FLAG_CF, top_bit(last, size));
        emul_set_flag(flags, FLAG_OF, top_bit(res, size) != !!(*flags & FLAG_CF));
    }
    emul_set_flag(flags, FLAG_AF, false);
    flags_result(flags, res, size);
    return res & emul_mask(size);
}

uint64_t emul_shift_double(bool right, uint64_t a, uint64_t fill, unsigned int count,
                           unsigned int size, uint64_t *flags)
{
    unsigned int width = 8 * size;
    uint64_t res, last;

    count &= size == 8 ? 63 : 31;
    if (count == 0)
        return a;
    /* 16 bits shifted by more take the first operand again. */
    if (count > width) {
        count -= width;
        uint64_t swap = a;
        a = fill;
        fill = swap;
    }
    if (right) {
        last = a >> (count - 1);
        res = (count == width ? 0 : a >> count) | fill << (width - count);
        emul_set_flag(flags, FLAG_CF, last & 1);
    } else {
        last = a << (count - 1);
        res = (count == width ? 0 : a << count) | (fill & emul_mask(size)) >> (width - count);
        emul_set_flag(flags, FLAG_CF, top_bit(last, size));
    }
    res &= emul_mask(size);
    emul_set_flag(flags, FLAG_OF, top_bit(res, size) != top_bit(a, size));
    emul_set_flag(flags, FLAG_AF, false);
    flags_result(flags, res, size);
    return res;
}
