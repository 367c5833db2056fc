/* SPDX-License-Identifier: MIT */
/* test_dom0_ramfs.c - the file tree. Tests share it and tidy up. */
/* sources: dom0/fs/ramfs.c dom0/fs/path.c dom0/fs/cpio.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dom0_cpio_make.h"
#include "fs/ramfs.h"

static void expect_data(const char *path, const char *data)
{
    struct ramfs_node *n;
    char buf[256];

    assert_int_equal(ramfs_lookup(path, &n), 0);
    assert_int_equal(ramfs_read(n, 0, buf, sizeof(buf)), strlen(data));
    assert_memory_equal(buf, data, strlen(data));
}

static void test_read_write(void **state)
{
    struct ramfs_node *n;
    char buf[8];

    assert_int_equal(ramfs_create("/f", &n), 0);
    assert_int_equal(ramfs_write(n, 0, "hello", 5), 5);
    assert_int_equal(ramfs_write(n, 4, "p me", 4), 4);
    expect_data("/f", "hellp me");
    assert_int_equal(ramfs_read(n, 6, buf, sizeof(buf)), 2);
    assert_int_equal(ramfs_read(n, 8, buf, sizeof(buf)), 0);
    assert_int_equal(ramfs_read(n, SIZE_MAX, buf, sizeof(buf)), 0);

    assert_int_equal(ramfs_write(n, 10, "x", 1), 1); /* a hole reads as zeros */
    assert_int_equal(ramfs_read(n, 8, buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "\0\0x", 3);
    assert_int_equal(ramfs_write(n, SIZE_MAX - 1, "xyz", 3), -EFBIG);

    assert_int_equal(ramfs_truncate(n, 2), 0);
    expect_data("/f", "he");
    assert_int_equal(ramfs_truncate(n, 4), 0);
    assert_int_equal(ramfs_read(n, 0, buf, sizeof(buf)), 4);
    assert_memory_equal(buf, "he\0\0", 4);
    assert_int_equal(ramfs_unlink("/f"), 0);
}

static void test_folders(void **state)
{
    struct ramfs_node *n;

    assert_int_equal(ramfs_mkdir("/d/e", false), -ENOENT);
    assert_int_equal(ramfs_mkdir("/d/e", true), 0);
    assert_int_equal(ramfs_mkdir("/d/e", true), 0);
    assert_int_equal(ramfs_mkdir("/d/e", false), -EEXIST);
    assert_int_equal(ramfs_mkdir("/", true), 0);
    assert_int_equal(ramfs_create("/d/e/f", &n), 0);
    assert_int_equal(ramfs_mkdir("/d/e/f", true), -ENOTDIR);
    assert_int_equal(ramfs_mkdir("/d/e/f/g", true), -ENOTDIR);
    assert_int_equal(ramfs_create("/d/e", &n), -EISDIR);
    assert_int_equal(ramfs_create("/", &n), -EISDIR);
    assert_int_equal(ramfs_create("/no/f", &n), -ENOENT);
    assert_int_equal(ramfs_lookup("/d/e/f/g", &n), -ENOTDIR);
    assert_int_equal(ramfs_lookup("d/../d/e", &n), 0);
    assert_int_equal(ramfs_write(n, 0, "x", 1), -EISDIR);
    assert_int_equal(ramfs_unlink("/d"), -ENOTEMPTY);
    assert_int_equal(ramfs_unlink("/"), -EBUSY);
    assert_int_equal(ramfs_unlink("/d/e/f"), 0);
    assert_int_equal(ramfs_unlink("/d/e"), 0);
    assert_int_equal(ramfs_unlink("/d"), 0);
    assert_int_equal(ramfs_unlink("/d"), -ENOENT);
}

static void test_sorted(void **state)
{
    struct ramfs_node *n, *root;

    assert_int_equal(ramfs_create("/b", &n), 0);
    assert_int_equal(ramfs_create("/c", &n), 0);
    assert_int_equal(ramfs_create("/a", &n), 0);
    assert_int_equal(ramfs_lookup("/", &root), 0);
    assert_string_equal(root->children->name, "a");
    assert_string_equal(root->children->next->name, "b");
    assert_string_equal(root->children->next->next->name, "c");
    assert_int_equal(ramfs_unlink("/b"), 0);
    assert_int_equal(ramfs_unlink("/a"), 0);
    assert_int_equal(ramfs_unlink("/c"), 0);
    assert_null(root->children);
}

static void test_unlinked_while_open(void **state)
{
    struct ramfs_node *n;
    char buf[4];

    assert_int_equal(ramfs_create("/f", &n), 0);
    assert_int_equal(ramfs_write(n, 0, "data", 4), 4);
    ramfs_hold(n);
    ramfs_hold(n);
    assert_int_equal(ramfs_unlink("/f"), 0);
    ramfs_release(n);
    assert_int_equal(ramfs_read(n, 0, buf, 4), 4);
    assert_memory_equal(buf, "data", 4);
    ramfs_release(n); /* frees: the leak checker would tell */
}

static void test_load(void **state)
{
    struct archive a = {.len = 0};
    struct ramfs_node *n;
    size_t at;

    archive_add(&a, ".", 040755, NULL);
    archive_add(&a, "../../deep/er/file", 0100644, "text");
    archive_add(&a, "link", 0120777, "deep");
    archive_end(&a);
    archive_add(&a, "deep/er/file", 0100644, "newer");
    assert_int_equal(ramfs_load(a.buf, a.len, &at), 0);
    assert_int_equal(at, a.len);
    assert_int_equal(ramfs_lookup("/link", &n), -ENOENT);
    expect_data("/deep/er/file", "newer");

    /* Written to: copied, the archive keeps its bytes. */
    char *before = archive_copy(&a, a.len);

    assert_int_equal(ramfs_lookup("/deep/er/file", &n), 0);
    assert_true(n->is_borrowed);
    assert_int_equal(ramfs_write(n, 0, "N", 1), 1);
    assert_false(n->is_borrowed);
    expect_data("/deep/er/file", "Newer");
    assert_memory_equal(before, a.buf, a.len);
    free(before);

    assert_int_equal(ramfs_unlink("/deep/er/file"), 0);
    assert_int_equal(ramfs_unlink("/deep/er"), 0);
    assert_int_equal(ramfs_unlink("/deep"), 0);
}

static void test_load_bad(void **state)
{
    struct archive a = {.len = 0};
    size_t good, at;

    archive_add(&a, "f", 0100644, "text");
    good = a.len;
    archive_add(&a, "g", 0100644, "text");
    a.buf[good] = '1';
    assert_int_equal(ramfs_load(a.buf, a.len, &at), -EINVAL);
    assert_int_equal(at, good);
    expect_data("/f", "text");
    assert_int_equal(ramfs_unlink("/f"), 0);

    a.len = 0;
    archive_add(&a, "f", 0100644, "");
    archive_add(&a, "f/g", 0100644, "under a file");
    assert_int_equal(ramfs_load(a.buf, a.len, &at), -ENOTDIR);
    assert_int_equal(ramfs_unlink("/f"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_write), cmocka_unit_test(test_folders),
        cmocka_unit_test(test_sorted),     cmocka_unit_test(test_unlinked_while_open),
        cmocka_unit_test(test_load),       cmocka_unit_test(test_load_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
