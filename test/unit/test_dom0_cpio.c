/* SPDX-License-Identifier: MIT */
/* test_dom0_cpio.c - the archive reader on good, cut and bad archives. */
/* sources: dom0/fs/cpio.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dom0_cpio_make.h"
#include "fs/cpio.h"

static void expect_entry(struct cpio_iter *it, const char *name, const char *data)
{
    struct cpio_entry e;

    assert_int_equal(cpio_next(it, &e), 1);
    assert_string_equal(e.name, name);
    assert_int_equal(e.size, strlen(data));
    assert_memory_equal(e.data, data, e.size);
}

static void test_one_archive(void **state)
{
    struct archive a = {.len = 0};
    struct cpio_iter it;
    struct cpio_entry e;

    archive_add(&a, ".", 040755, NULL);
    archive_add(&a, "a", 0100644, "x");
    archive_add(&a, "dir/bb", 0100644, "four");
    archive_add(&a, "empty", 0100644, "");
    archive_end(&a);

    char *copy = archive_copy(&a, a.len);

    cpio_start(&it, copy, a.len);
    expect_entry(&it, ".", "");
    expect_entry(&it, "a", "x");
    expect_entry(&it, "dir/bb", "four");
    expect_entry(&it, "empty", "");
    assert_int_equal(cpio_next(&it, &e), 0);
    assert_int_equal(cpio_next(&it, &e), 0);
    free(copy);
}

static void test_concatenated_with_padding(void **state)
{
    struct archive a = {.len = 0};
    struct cpio_iter it;
    struct cpio_entry e;

    archive_add(&a, "one", 0100644, "1");
    archive_end(&a);
    while (a.len & 511)
        a.buf[a.len++] = '\0';
    archive_add(&a, "two", 0100644, "22");
    archive_end(&a);
    a.len += 3; /* zeros: of no whole word */

    cpio_start(&it, a.buf, a.len);
    expect_entry(&it, "one", "1");
    expect_entry(&it, "two", "22");
    assert_int_equal(cpio_next(&it, &e), 0);
}

static void test_nothing(void **state)
{
    struct cpio_iter it;
    struct cpio_entry e;

    cpio_start(&it, "", 0);
    assert_int_equal(cpio_next(&it, &e), 0);
    cpio_start(&it, "\0\0\0", 3);
    assert_int_equal(cpio_next(&it, &e), 0);
}

/* Each possible cut ends with 0, -EINVAL or -ENODATA, and reads nothing else. */
static void test_every_cut(void **state)
{
    struct archive a = {.len = 0};

    archive_add(&a, "name", 0100644, "some data");
    archive_add(&a, "name2", 0100644, "more");
    archive_end(&a);
    for (size_t len = 0; len < a.len; len++) {
        char *copy = archive_copy(&a, len);
        struct cpio_iter it;
        struct cpio_entry e;
        int rc;

        cpio_start(&it, copy, len);
        while ((rc = cpio_next(&it, &e)) > 0)
            assert_true(e.data + e.size <= copy + len);
        assert_true(rc == 0 || rc == -EINVAL || rc == -ENODATA);
        free(copy);
    }
}

/* Any one wrong byte may change the result, never reach outside. */
static void test_every_byte_wrong(void **state)
{
    struct archive a = {.len = 0};

    archive_add(&a, "name", 0100644, "some data");
    archive_end(&a);
    for (size_t at = 0; at < a.len; at++) {
        for (int c = 0; c < 256; c++) {
            char *copy = archive_copy(&a, a.len);
            struct cpio_iter it;
            struct cpio_entry e;
            int rc;

            copy[at] = (char)c;
            cpio_start(&it, copy, a.len);
            while ((rc = cpio_next(&it, &e)) > 0) {
                assert_true(strlen(e.name) < a.len);
                assert_true(e.data >= copy && e.data + e.size <= copy + a.len);
            }
            free(copy);
        }
    }
}

static void expect_bad(struct archive *a, size_t at, const char *bytes, int error)
{
    struct archive b = *a;
    struct cpio_iter it;
    struct cpio_entry e;

    memcpy(b.buf + at, bytes, strlen(bytes));
    cpio_start(&it, b.buf, b.len);
    assert_int_equal(cpio_next(&it, &e), error);
    assert_int_equal(it.at, 0);
}

static void test_bad_headers(void **state)
{
    struct archive a = {.len = 0};

    archive_add(&a, "name", 0100644, "some data");
    expect_bad(&a, 0, "070707", -EINVAL);           /* the old portable format */
    expect_bad(&a, 0, "\x1f\x8b", -EINVAL);         /* gzip */
    expect_bad(&a, 6 + 6 * 8, "0000000g", -EINVAL); /* size: no hex digit */
    expect_bad(&a, 6 + 6 * 8, "ffffffff", -ENODATA);
    expect_bad(&a, 6 + 11 * 8, "ffffffff", -ENODATA);
    expect_bad(&a, 6 + 11 * 8, "00000000", -EINVAL); /* no name at all */
    expect_bad(&a, 6 + 11 * 8, "00000004", -EINVAL); /* no zero at its end */
    expect_bad(&a, 6 + 11 * 8, "00000006", -EINVAL); /* zero before its end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_archive), cmocka_unit_test(test_concatenated_with_padding),
        cmocka_unit_test(test_nothing),     cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_every_byte_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
