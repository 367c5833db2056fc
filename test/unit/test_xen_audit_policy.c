/* SPDX-License-Identifier: MIT */
/* sources: xen/common/audit_policy.c */
/* defines: -D__XEN__ */
/*
 * The audit's comparison: words made from what was counted agree, and every
 * single step away from them is told, by the right name.
 */
#include <cairn/audit.h>
#include <cairn/mm.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const uint64_t flags_of_count[] = {0, PGC_allocated, PGC_allocated | PGC_xen_heap};
static const uint64_t flags_of_type[] = {0, PGT_validated, PGT_validated | PGT_pinned, PGT_partial,
                                         PGT_partial | PGT_pinned};

/* @plain references, @typed uses as @type. */
static struct audit_count count_of(unsigned int plain, unsigned int typed, uint64_t type)
{
    struct audit_count c = {0};

    while (plain--)
        audit_count_add(&c, PGT_none);
    while (typed--)
        audit_count_add(&c, type);
    return c;
}

static void check_words(const struct audit_count *c, uint64_t cf, uint64_t tf, uint64_t type)
{
    struct audit_expect want;
    uint64_t refs = c->refs + !!(cf & PGC_allocated) + !!(tf & PGT_pinned) + !!(tf & PGT_partial);
    uint64_t uses = c->uses + !!(tf & PGT_pinned) + !!(cf & PGC_xen_heap);
    uint64_t ci = cf | refs, ti = tf | type | uses;

    assert_int_equal(audit_check(c, ci, ti, true, &want), 0);
    assert_int_equal(want.refs, refs);
    assert_int_equal(want.uses, uses);
    assert_int_equal(audit_check(c, ci + 1, ti, true, &want), AUDIT_REFS);
    assert_int_equal(audit_check(c, ci, ti + 1, true, &want), AUDIT_USES);
    if (refs)
        assert_int_equal(audit_check(c, ci - 1, ti, true, &want), AUDIT_REFS);
    if (uses)
        assert_int_equal(audit_check(c, ci, ti - 1, true, &want), AUDIT_USES);
    if (c->uses)
        assert_int_equal(audit_check(c, ci, ti ^ (1ul << 60), true, &want), AUDIT_TYPE);
}

static void test_all_kinds_of_frames(void **state)
{
    for (unsigned int plain = 0; plain < 4; plain++)
        for (unsigned int typed = 0; typed < 4; typed++)
            for (uint64_t t = 1; t <= 7; t++) {
                struct audit_count c = count_of(plain, typed, t << 60);

                for (unsigned int i = 0; i < 3; i++)
                    for (unsigned int j = 0; j < 5; j++)
                        check_words(&c, flags_of_count[i], flags_of_type[j], t << 60);
            }
}

static void test_mixed_uses(void **state)
{
    struct audit_count c = count_of(0, 1, PGT_l1_page_table);
    struct audit_expect want;

    audit_count_add(&c, PGT_writable_page);
    assert_int_equal(audit_check(&c, PGC_allocated | 3, PGT_writable_page | 2, true, &want),
                     AUDIT_TYPE);
}

static void test_nobodys_frame(void **state)
{
    struct audit_count none = {0}, one = count_of(1, 0, 0);
    struct audit_expect want;

    assert_int_equal(audit_check(&none, PGC_free | PGC_clean, 0, false, &want), 0);
    assert_int_equal(audit_check(&none, PGC_xen_heap, 0, false, &want), 0);
    assert_int_equal(audit_check(&one, PGC_free, 0, false, &want), AUDIT_OWNER);
    assert_int_equal(audit_check(&none, 1, 0, false, &want), AUDIT_OWNER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds_of_frames),
        cmocka_unit_test(test_mixed_uses),
        cmocka_unit_test(test_nobodys_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
