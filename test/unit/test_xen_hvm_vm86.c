/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/hvm/vm86.c xen/arch/x86/hvm/check.c xen/arch/x86/hvm/cr.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/hvm */
/*
 * Real mode as virtual-8086 mode: which states may run so, that VM entry takes
 * what is made of them, that the guest's view comes back unchanged, and how an
 * interrupt is delivered, wrap-around included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <asm/processor.h>

#include "check.h"
#include "vm86.h"

static struct hvm_cpu_state real(void)
{
    struct hvm_cpu_state s = {.rip = 0x1234, .rsp = 0x8000, .rflags = 0x246, .dr7 = 0x400};
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        s.seg[i] = (struct hvm_segment){
            .sel = i * 0x100, .base = i * 0x1000, .limit = 0xffff, .attr = 0x93};
    s.seg[SEG_CS].attr = 0x9b;
    s.seg[SEG_LDTR] = (struct hvm_segment){.attr = 0x82, .limit = 0xffff};
    s.seg[SEG_TR] = (struct hvm_segment){.attr = 0x8b, .limit = 0xffff};
    s.seg[SEG_IDTR].limit = 0x3ff;
    s.seg[SEG_GDTR].limit = 0xffff;
    return s;
}

static void test_fits(void **state)
{
    struct hvm_cpu_state s = real();
    assert_true(vm86_fits(&s));
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        s = real();
        s.seg[i].base++;
        assert_false(vm86_fits(&s));
        s = real();
        s.seg[i].limit = 0xffffffff; /* "unreal" mode */
        assert_false(vm86_fits(&s));
        s = real();
        s.seg[i].sel = 0xffff;
        s.seg[i].base = 0xffff0;
        assert_true(vm86_fits(&s));
    }
    s = real();
    s.rip = 0x10000;
    assert_false(vm86_fits(&s));
    /* At reset CS.base is not CS.sel * 16. */
    s = real();
    s.seg[SEG_CS].sel = 0xf000;
    s.seg[SEG_CS].base = 0xffff0000;
    assert_false(vm86_fits(&s));
}

/* Every IOPL and random segments: encoded, acceptable, and decoded the same. */
static void test_round_trip(void **state)
{
    const struct x86_ctrl_env env = {0xd01, ~0ull, 40, false, false};
    const struct x86_ctrl ctrl = {.cr0 = 0x80000031, .cr4 = 0x2010};
    unsigned int cases = 0;
    srand(1);
    for (unsigned int n = 0; n < 20000; n++) {
        struct hvm_cpu_state s = real(), hw, back;
        for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
            s.seg[i].sel = rand();
            s.seg[i].base = (uint64_t)s.seg[i].sel << 4;
        }
        s.rip = rand() & 0xffff;
        s.rflags = (rand() & 0x3fd5) | 2;
        s.seg[SEG_TR].base = rand();
        assert_true(vm86_fits(&s));
        vm86_encode(&s, 0xfeffd000, 0xfff, &hw);
        assert_null(hvm_cpu_state_bad(&hw, &ctrl, &env)); /* VM entry's checks */
        assert_int_equal(hw.rflags & 0x23000, 0x23000);
        assert_int_equal(hw.seg[SEG_TR].base, 0xfeffd000);
        assert_int_equal(hw.seg[SEG_TR].limit, 0xfff);
        const struct vm86_hidden hidden = {s.seg[SEG_TR], s.rflags & 0x3000};
        vm86_decode(&hw, &hidden, &back);
        assert_memory_equal(&back, &s, sizeof(s));
        cases++;
    }
    printf("virtual-8086 round trips: %u\n", cases);
}

static void test_tss(void **state)
{
    for (uint32_t size = VM86_TSS_MIN; size <= VM86_TSS_MAX; size += 61) {
        uint8_t tss[VM86_TSS_MAX + 1];

        memset(tss, 0xee, sizeof(tss));
        for (uint32_t at = 0, n; at < size; at += n) {
            n = min(1 + at % 103, size - at);
            vm86_tss_fill(tss + at, at, n, size);
        }
        for (uint32_t i = 0; i < size - 1; i++)
            assert_int_equal(tss[i], i == 102 ? 136 : 0);
        assert_int_equal(tss[size - 1], 0xff);
        assert_int_equal(tss[size], 0xee);
    }
}

static void test_deliver(void **state)
{
    for (unsigned int vector = 0; vector < 256; vector++) {
        struct hvm_cpu_state s = real(), after;
        struct real_delivery d;
        s.seg[SEG_IDTR].base = 0x500;
        s.rflags = 0x50347;
        real_deliver(&s, vector, 0x9999, &d);
        assert_int_equal(d.vector_addr, 0x500 + vector * 4);
        assert_false(d.beyond_limit);
        assert_int_equal(d.push[0], 0x0347);
        assert_int_equal(d.push[1], s.seg[SEG_CS].sel);
        assert_int_equal(d.push[2], 0x9999);
        for (unsigned int i = 0; i < 3; i++)
            assert_int_equal(d.push_addr[i], s.seg[SEG_SS].base + 0x8000 - 2 * (i + 1));
        after = s;
        real_enter_handler(&after, 0xf000abcd);
        assert_int_equal(after.seg[SEG_CS].sel, 0xf000);
        assert_int_equal(after.seg[SEG_CS].base, 0xf0000);
        assert_int_equal(after.rip, 0xabcd);
        assert_int_equal(after.rsp, 0x7ffa);
        assert_int_equal(after.rflags, 0x47); /* IF, TF, RF, AC cleared */
        assert_true(vm86_fits(&after));
        s.seg[SEG_IDTR].limit = vector * 4 + 2;
        real_deliver(&s, vector, 0, &d);
        assert_true(d.beyond_limit);
    }
    /* SP wraps within 64 KiB. */
    struct hvm_cpu_state s = real();
    struct real_delivery d;
    s.rsp = 0xabcd0002;
    real_deliver(&s, 0, 0, &d);
    assert_int_equal(d.push_addr[0], s.seg[SEG_SS].base);
    assert_int_equal(d.push_addr[1], s.seg[SEG_SS].base + 0xfffe);
    real_enter_handler(&s, 0);
    assert_int_equal(s.rsp, 0xabcdfffc);
}

/* What PE=0 leaves behind, and what VM entry wants of it once PE=1. */
static void test_protected(void **state)
{
    struct hvm_cpu_state s = real();
    assert_true(protected_fits(&s)); /* selectors are multiples of 4 */
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        s = real();
        s.seg[i].sel |= 1;
        assert_false(protected_fits(&s));
    }
    s = real();
    s.seg[SEG_CS].attr = 0x93;
    assert_false(protected_fits(&s));
    /* Ring 3, conforming code, unusable segments. */
    s = real();
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        s.seg[i].sel |= 3;
        s.seg[i].attr |= 0x60;
    }
    assert_true(protected_fits(&s));
    s.seg[SEG_CS].attr = 0x9f;
    assert_true(protected_fits(&s));
    s.seg[SEG_CS].attr = 0x9b;
    assert_false(protected_fits(&s));
    s = real();
    s.seg[SEG_GS].sel = 3;
    assert_false(protected_fits(&s));
    s.seg[SEG_GS].attr = 0;
    assert_true(protected_fits(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),      cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_tss),       cmocka_unit_test(test_deliver),
        cmocka_unit_test(test_protected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
