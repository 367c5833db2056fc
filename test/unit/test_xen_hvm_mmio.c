/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/hvm/mmio.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/hvm */
/* The little decoder for accesses to absent devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "io.h"

struct example {
    const char *code;
    uint8_t len, mode;
    bool ok, write;
    uint8_t size, dest, reg;
};

static const struct example examples[] = {
    {"\x8b\x07", 2, 8, true, false, 4, 4, 0},                         /* mov (%rdi),%eax */
    {"\x48\x8b\x04\x25\x00\x00\xd0\xfe", 8, 8, true, false, 8, 8, 0}, /* mov abs,%rax */
    {"\x44\x8b\x4f\x10", 4, 8, true, false, 4, 4, 9},                 /* mov 16(%rdi),%r9d */
    {"\x66\x8b\x05\x00\x00\x00\x00", 7, 8, true, false, 2, 2, 0},     /* mov x(%rip),%ax */
    {"\x89\x84\x88\x00\x01\x00\x00", 7, 4, true, true, 4, 4, 0}, /* mov %eax,d32(%eax,%ecx,4) */
    {"\x88\x27", 2, 4, true, true, 1, 1, 0},                     /* mov %ah,(%edi) */
    {"\x8a\x27", 2, 4, true, false, 1, 1, 0},                    /* mov (%edi),%ah */
    {"\x0f\xb6\x07", 3, 8, true, false, 1, 4, 0},                /* movzbl (%rdi),%eax */
    {"\x48\x0f\xbf\x0f", 4, 8, true, false, 2, 8, 1},            /* movswq (%rdi),%rcx */
    {"\xc7\x07\x01\x02\x03\x04", 6, 4, true, true, 4, 4, 0},     /* movl $imm,(%edi) */
    {"\x48\xc7\x07\x01\x02\x03\x04", 7, 8, true, true, 8, 8, 0},
    {"\x66\xc7\x07\x01\x02", 5, 4, true, true, 2, 2, 0},
    {"\xc6\x07\x01", 3, 4, true, true, 1, 1, 0},
    {"\xa1\x00\x00\xe0\xfe", 5, 4, true, false, 4, 4, 0}, /* mov moffs,%eax */
    {"\xa3\x00\x00\xe0\xfe", 5, 4, true, true, 4, 4, 0},
    {"\x67\x8b\x47\x10", 4, 4, true, false, 4, 4, 0},              /* 16-bit address */
    {"\x8b\x46\x02", 3, 2, true, false, 2, 2, 0},                  /* mov 2(%bp),%ax */
    {"\x8b\x0e\x34\x12", 4, 2, true, false, 2, 2, 1},              /* mov 0x1234,%cx */
    {"\x8b\xc0", 2, 8, false, false, 0, 0, 0},                     /* register operand */
    {"\x01\x07", 2, 8, false, false, 0, 0, 0},                     /* add: not a MOV */
    {"\xa4", 1, 8, false, false, 0, 0, 0},                         /* movsb */
    {"\x0f\xab\x07", 3, 8, false, false, 0, 0, 0},                 /* bts */
    {"\xc7\x4f\x00\x01\x02\x03\x04", 7, 4, false, false, 0, 0, 0}, /* c7 /1 */
};

static void test_examples(void **state)
{
    for (unsigned int i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *x = &examples[i];
        uint8_t code[16] = {0};
        struct mmio_insn insn;
        memcpy(code, x->code, x->len);
        bool ok = mmio_decode(code, 15, x->mode, &insn);
        assert_int_equal(ok, x->ok);
        if (!ok)
            continue;
        assert_int_equal(insn.length, x->len);
        assert_int_equal(insn.write, x->write);
        assert_int_equal(insn.size, x->size);
        if (!x->write) {
            assert_int_equal(insn.dest_size, x->dest);
            assert_int_equal(insn.reg, x->reg);
        }
        /* Cut off anywhere, it is refused. */
        for (unsigned int len = 0; len < x->len; len++)
            assert_false(mmio_decode(code, len, x->mode, &insn));
    }
}

static uint64_t ones(const char *code, size_t len, unsigned int mode, uint64_t old)
{
    struct mmio_insn insn;
    assert_true(mmio_decode((const uint8_t *)code, len, mode, &insn));
    return mmio_read_ones(&insn, old);
}

static void test_results(void **state)
{
    const uint64_t old = 0x1111222233334444;
    assert_int_equal(ones("\x8b\x07", 2, 8, old), 0xffffffff);
    assert_int_equal(ones("\x66\x8b\x07", 3, 8, old), 0x111122223333ffff);
    assert_int_equal(ones("\x8a\x07", 2, 8, old), 0x11112222333344ff);
    assert_int_equal(ones("\x8a\x27", 2, 8, old), 0x111122223333ff44);
    assert_int_equal(ones("\x48\x8b\x07", 3, 8, old), ~0ull);
    assert_int_equal(ones("\x0f\xb6\x07", 3, 8, old), 0xff);
    assert_int_equal(ones("\x48\x0f\xb7\x07", 4, 8, old), 0xffff);
    assert_int_equal(ones("\x48\x0f\xbe\x07", 4, 8, old), ~0ull);
    assert_int_equal(ones("\x0f\xbe\x07", 3, 8, old), 0xffffffff);
}

/* Any bytes: no reading past the end (ASan), no length beyond the architecture's. */
static void test_random(void **state)
{
    uint64_t x = 88172645463325252ull;
    for (unsigned int i = 0; i < 300000; i++) {
        uint8_t code[15];
        for (unsigned int n = 0; n < sizeof(code); n++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            code[n] = x;
        }
        struct mmio_insn insn;
        if (mmio_decode(code, x >> 8 & 15, 2u << (x % 3), &insn))
            assert_true(insn.length >= 2 && insn.length <= 15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
