/* SPDX-License-Identifier: MIT */
/* test_dom0_path.c - path names. */
/* sources: dom0/fs/path.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fs/path.h"

static void test_normalise(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"/", "/"},        {"//", "/"},       {".", "/"},         {"a", "/a"},
        {"./a/", "/a"},    {"/a//b", "/a/b"}, {"/a/./b", "/a/b"}, {"/a/../b", "/b"},
        {"/a/b/..", "/a"}, {"a/..", "/"},     {"../../x", "/x"},  {"/..a/...", "/..a/..."},
    };
    char out[PATH_LEN];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(path_normalise(cases[i].in, out, sizeof(out)), 0);
        assert_string_equal(out, cases[i].out);
    }
    assert_int_equal(path_normalise("", out, sizeof(out)), -ENOENT);
}

/* "/ab/cd" needs 7 bytes. */
static void test_normalise_room(void **state)
{
    char out[8];

    for (size_t size = 1; size <= sizeof(out); size++)
        assert_int_equal(path_normalise("ab/cd", out, size), size >= 7 ? 0 : -ENAMETOOLONG);
    assert_int_equal(path_normalise("/", out, 1), -ENAMETOOLONG);
    assert_int_equal(path_normalise("/", out, 2), 0);
    assert_int_equal(path_normalise("ab/..", out, 4), 0);
    assert_string_equal(out, "/");
}

static void expect_split(const char *path, const char *folder, const char *base)
{
    char out[PATH_LEN];
    const char *found;

    assert_int_equal(path_split(path, out, sizeof(out), &found), 0);
    assert_string_equal(out, folder);
    assert_string_equal(found, base);
}

static void test_split(void **state)
{
    char out[4];
    const char *base;

    expect_split("/a", "/", "a");
    expect_split("/a/b", "/a", "b");
    expect_split("/", "/", "");
    assert_int_equal(path_split("/abc/x", out, sizeof(out), &base), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_normalise_room),
        cmocka_unit_test(test_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
