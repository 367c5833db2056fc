/* SPDX-License-Identifier: MIT */
/* test_dom0_complete.c - completion of commands and paths. */
/* sources: dom0/app/complete.c dom0/app/lineedit.c dom0/fs/ramfs.c dom0/fs/path.c dom0/fs/cpio.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/complete.h"
#include "fs/ramfs.h"

static const char *const commands[] = {"cat", "ls", "xl", NULL};

static struct completion found(const char *line)
{
    struct completion c = {.start = strlen(line)};

    complete_word(commands, line, strlen(line), &c);
    return c;
}

static void expect_one(const char *line, size_t start, const char *name, char suffix)
{
    struct completion c = found(line);

    assert_int_equal(c.count, 1);
    assert_int_equal(c.start, start);
    assert_string_equal(c.common, name);
    assert_int_equal(c.suffix, suffix);
}

static int setup(void **state)
{
    struct ramfs_node *n;

    assert_int_equal(ramfs_mkdir("/guests/linux", true), 0);
    assert_int_equal(ramfs_create("/guests/test-a.cfg", &n), 0);
    assert_int_equal(ramfs_create("/guests/test-b.cfg", &n), 0);
    return 0;
}

static int teardown(void **state)
{
    return ramfs_unlink("/guests/test-a.cfg") || ramfs_unlink("/guests/test-b.cfg") ||
           ramfs_unlink("/guests/linux") || ramfs_unlink("/guests");
}

static void test_commands(void **state)
{
    expect_one("c", 0, "cat", ' ');
    expect_one("  x", 2, "xl", ' ');
    expect_one("true;l", 5, "ls", ' ');
    expect_one("a && l", 5, "ls", ' ');
    assert_int_equal(found("").count, 3);
    assert_int_equal(found("zz").count, 0);
}

static void test_paths(void **state)
{
    struct completion c = found("xl create /guests/te");

    assert_int_equal(c.count, 2);
    assert_int_equal(c.start, strlen("xl create /guests/"));
    assert_string_equal(c.common, "test-");
    assert_string_equal(c.list, "test-a.cfg  test-b.cfg");
    expect_one("ls /gu", 4, "guests", '/');
    expect_one("ls gu", 3, "guests", '/');
    expect_one("ls guests/l", 10, "linux", '/');
    expect_one("xl create -f=/guests/test-a", 21, "test-a.cfg", ' ');
    assert_int_equal(found("ls /nothing/x").count, 0);
    assert_int_equal(found("ls /guests/test-a.cfg/").count, 0);
}

static void test_many(void **state)
{
    struct completion c = {.start = 0};

    for (int i = 0; i < 1000; i++)
        completion_add(&c, "a-candidate", ' ');
    assert_int_equal(c.count, 1000);
    assert_true(strlen(c.list) < sizeof(c.list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
