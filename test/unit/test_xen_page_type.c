/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/mm/page_type_policy.c */
/* defines: -D__XEN__ */
/*
 * The one rule of PV isolation, over every type word that matters: all types
 * x all flag combinations x the counts at the borders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <asm/page_type.h>
#include <cairn/mm.h>

static const uint64_t counts[] = {0, 1, 2, 3, 0x7fffffff, 0xfffffffd, 0xfffffffe, 0xffffffff};

static bool has_entries(uint64_t type)
{
    return type == PGT_l1_page_table || type == PGT_l2_page_table || type == PGT_l3_page_table ||
           type == PGT_l4_page_table || type == PGT_seg_desc_page;
}

typedef void (*check_fn)(uint64_t word, uint64_t count, uint64_t old, bool partial);

static void for_each_word(check_fn fn)
{
    for (uint64_t old = 0; old < 16; old++)
        for (uint64_t flags = 0; flags < 8; flags++)
            for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
                fn(old << 60 | flags << 57 | counts[c], counts[c], old << 60, flags & 1);
}

static void check_get(uint64_t word, uint64_t count, uint64_t old, bool partial)
{
    for (uint64_t t = 0; t < 16; t++) {
        uint64_t type = t << 60;
        struct type_decision d = page_type_decide_get(word, type);

        if (d.action == TYPE_refuse) {
            assert_int_equal(d.word, word);
        } else {
            /* The rule: never another type while used or half-checked. */
            assert_true(type != PGT_none);
            if (count || partial)
                assert_true(old == type);
            /* Exactly one use more, of the type asked for, ready to use. */
            assert_int_equal(d.word & PGT_count_mask, count + 1);
            assert_int_equal(d.word & PGT_type_mask, type);
            assert_false(d.word & PGT_partial);
            if (d.action != TYPE_count)
                assert_true(d.word & PGT_validated);
            /* Contents are checked exactly when nobody has checked them. */
            if (d.action == TYPE_count)
                assert_true(count && !partial);
            if (d.action == TYPE_take)
                assert_false(has_entries(type));
            if (d.action == TYPE_validate)
                assert_true(has_entries(type) && !count && !partial);
            assert_int_equal(d.action == TYPE_resume, partial);
            assert_int_equal(d.type_changes, old != type);
        }
        /* And no needless refusal. */
        if (d.action == TYPE_refuse && type != PGT_none && old == type)
            assert_true(count >= PGT_count_mask - 1);
        if (type != PGT_none && !count && !partial)
            assert_true(d.action == TYPE_take || d.action == TYPE_validate);
    }
}

static void test_get(void **state)
{
    for_each_word(check_get);
}

static void test_get_bad_type_argument(void **state)
{
    assert_int_equal(page_type_decide_get(0, PGT_writable_page | 1).action, TYPE_refuse);
    assert_int_equal(page_type_decide_get(0, PGT_l1_page_table | PGT_pinned).action, TYPE_refuse);
}

static void check_put(uint64_t word, uint64_t count, uint64_t old, bool partial)
{
    struct type_decision d;

    if (!count)
        return;
    d = page_type_decide_put(word);
    assert_int_equal(d.word & PGT_count_mask, count - 1);
    assert_int_equal(d.word & PGT_type_mask, old);
    if (count > 1) {
        assert_int_equal(d.action, TYPE_count);
        assert_int_equal(d.word, word - 1);
    } else {
        /* Entries are dropped before the type can change; nothing sticks. */
        assert_int_equal(d.action, has_entries(old) ? TYPE_unmake : TYPE_drop);
        assert_int_equal(d.word, old);
    }
}

static void test_put(void **state)
{
    for_each_word(check_put);
}

/* A random walk of gets and puts never has two types in use at once. */
static void test_walk(void **state)
{
    uint64_t word = 0, uses[16] = {0}, seed = 1;

    for (unsigned int i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t t = 1 + (seed >> 40) % 7;

        if (seed >> 63) {
            struct type_decision d = page_type_decide_get(word, t << 60);

            if (d.action != TYPE_refuse) {
                word = d.word;
                uses[t]++;
            }
        } else if (uses[t]) {
            word = page_type_decide_put(word).word;
            uses[t]--;
        }
        unsigned int kinds = 0;
        for (unsigned int k = 0; k < 16; k++)
            kinds += uses[k] != 0;
        assert_true(kinds <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_bad_type_argument),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
