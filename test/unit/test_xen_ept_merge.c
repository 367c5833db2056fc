/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/mm/ept_merge.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/mm */
/* Small EPT leaves that are one large leaf, and every way of not being one. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "ept.h"

#define LEAF (EPT_RWX | EPT_MEMTYPE_WB | EPT_IGNORE_PAT | (1ull << EPT_TYPE_SHIFT))

static epte_t t[512];

static void fill(uint64_t mfn)
{
    for (unsigned int i = 0; i < 512; i++)
        t[i].raw = LEAF | (mfn + i) << 12;
}

static void test_whole_table(void **state)
{
    epte_t leaf;

    fill(0x200);
    assert_true(ept_merged_leaf(t, 1, &leaf));
    assert_int_equal(leaf.raw, LEAF | EPT_SUPERPAGE | 0x200ull << 12);
    assert_false(epte_is_table(leaf, 2));
    t[7].raw |= 3ull << 8; /* accessed, dirty */
    assert_true(ept_merged_leaf(t, 1, &leaf));
}

static void test_any_difference(void **state)
{
    epte_t leaf;

    for (unsigned int i = 0; i < 512; i++)
        for (unsigned int bit = 0; bit < 64; bit++) {
            if (bit == 8 || bit == 9 || (bit == 7 && i))
                continue;
            fill(0x400);
            t[i].raw ^= 1ull << bit;
            assert_false(ept_merged_leaf(t, 1, &leaf) && bit != 7);
        }
    fill(0x401); /* runs, but not aligned */
    assert_false(ept_merged_leaf(t, 1, &leaf));
    memset(t, 0, sizeof(t));
    assert_false(ept_merged_leaf(t, 1, &leaf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_table),
        cmocka_unit_test(test_any_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
