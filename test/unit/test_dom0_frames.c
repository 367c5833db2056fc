/* SPDX-License-Identifier: MIT */
/* test_dom0_frames.c - every frame is handed out once, from the right place. */
/* sources: dom0/kernel/frames.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/frames.h"

/* Kernel at 4, boot structures to 9, mapped to 16, 24 in all. */
static void test_data_first(void **state)
{
    struct frames f;
    bool seen[24] = {false};
    unsigned long n;

    frames_init(&f, 4, 9, 16, 24);
    assert_int_equal(frames_count_free(&f), 3 + 7 + 8);
    assert_int_equal(frames_count_data(&f), 7 + 8);
    for (int i = 0; i < 15; i++) {
        n = frames_alloc(&f);
        assert_true(i < 8 ? n >= 16 && n < 24 : n >= 9 && n < 16);
        assert_false(seen[n]);
        seen[n] = true;
    }
    assert_int_equal(frames_alloc(&f), 0);
    assert_int_equal(frames_count_data(&f), 0);
    for (int i = 0; i < 3; i++) {
        n = frames_alloc_table(&f);
        assert_true(n >= 1 && n < 4);
    }
    assert_int_equal(frames_alloc_table(&f), 0);
    assert_int_equal(frames_count_free(&f), 0);
}

/* Tables must lie in the boot mapping. */
static void test_tables_first(void **state)
{
    struct frames f;

    frames_init(&f, 4, 9, 16, 24);
    for (int i = 0; i < 10; i++)
        assert_in_range(frames_alloc_table(&f), 1, 15);
    assert_int_equal(frames_alloc_table(&f), 0);
    assert_int_equal(frames_count_data(&f), 8);
}

/* A boot mapping that reaches past our memory. */
static void test_small(void **state)
{
    struct frames f;

    frames_init(&f, 1, 9, 1024, 10);
    assert_int_equal(frames_count_free(&f), 1);
    assert_int_equal(frames_alloc(&f), 9);
    assert_int_equal(frames_alloc(&f), 0);
    assert_int_equal(frames_alloc_table(&f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_first),
        cmocka_unit_test(test_tables_first),
        cmocka_unit_test(test_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
