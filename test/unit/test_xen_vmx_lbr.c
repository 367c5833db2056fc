/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/vmx/lbr_layout.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/vmx */
/*
 * Where last branch records are: every family and model gives a list without
 * repetition that fits into a vCPU, and what was read can be written back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/hvm.h>

#include "lbr.h"

static void test_layouts(void **state)
{
    unsigned int known = 0;

    for (unsigned int family = 0; family < 32; family++)
        for (unsigned int model = 0; model < 256; model++) {
            const struct lbr_layout *l = lbr_layout(family, model);

            if (!l)
                continue;
            known++;
            assert_int_equal(family, 6);
            assert_in_range(lbr_count(l), 1, HVM_LBR_MAX);
            for (unsigned int i = 0; i < lbr_count(l); i++)
                for (unsigned int j = 0; j < i; j++)
                    assert_int_not_equal(lbr_msr(l, i), lbr_msr(l, j));
        }
    assert_int_equal(known, 22);
    assert_null(lbr_layout(6, 0x4e)); /* Skylake: a third stack */
    assert_int_equal(lbr_count(lbr_layout(6, 0x17)), 11);
    assert_int_equal(lbr_msr(lbr_layout(6, 0x17), 4), 0x60);
    assert_int_equal(lbr_msr(lbr_layout(6, 0x3c), 31), 0x6cf);
    assert_int_equal(lbr_msr(lbr_layout(6, 0x3c), 35), 0x1c8);
}

/* Haswell without TSX stores 0 in 62:61 and then refuses to load that. */
static void test_sign_extension(void **state)
{
    const struct lbr_layout *l = lbr_layout(6, 0x3c);
    const uint64_t kernel = 0x1fffffff81000000ull, user = 0x400000;

    assert_int_equal(lbr_writable(l, false, l->from, kernel), 0x7fffffff81000000ull);
    assert_int_equal(lbr_writable(l, false, l->from + 15, kernel), 0x7fffffff81000000ull);
    assert_int_equal(lbr_writable(l, false, 0x1dd, kernel), 0x7fffffff81000000ull);
    assert_int_equal(lbr_writable(l, false, l->from, user | 3ull << 61), user);
    assert_int_equal(lbr_writable(l, true, l->from, kernel), kernel);
    assert_int_equal(lbr_writable(l, false, l->to, kernel), kernel);
    assert_int_equal(lbr_writable(l, false, l->from + 16, kernel), kernel);
    assert_int_equal(lbr_writable(lbr_layout(6, 0x1e), false, 0x680, kernel), kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_sign_extension),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
