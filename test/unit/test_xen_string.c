/* SPDX-License-Identifier: MIT */
/* sources: xen/lib/string.c */
/* defines: -D__XEN__ -Dmemcpy=x_memcpy -Dmemmove=x_memmove -Dmemset=x_memset -Dmemcmp=x_memcmp -Dmemchr=x_memchr -Dstrlen=x_strlen -Dstrnlen=x_strnlen -Dstrcmp=x_strcmp -Dstrncmp=x_strncmp -Dstrchr=x_strchr -Dstrstr=x_strstr -Dstrtoul=x_strtoul -Dstrlcpy=x_strlcpy */
/* The hypervisor's string functions, every length and alignment that matters. */
#include <cairn/lib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SPACE 96

static uint8_t a[SPACE], b[SPACE];

static void fill(void)
{
    for (unsigned int i = 0; i < SPACE; i++) {
        a[i] = i + 1;
        b[i] = 0xee;
    }
}

static void test_memcpy(void **state)
{
    for (unsigned int n = 0; n <= 40; n++)
        for (unsigned int off = 0; off < 9; off++) {
            fill();
            assert_ptr_equal(memcpy(b + 8, a + off, n), b + 8);
            for (unsigned int i = 0; i < SPACE; i++)
                assert_int_equal(b[i], i >= 8 && i < 8 + n ? (i - 8 + off + 1) : 0xee);
        }
}

static void test_memmove(void **state)
{
    for (unsigned int n = 0; n <= 40; n++)
        for (unsigned int from = 0; from < 20; from++)
            for (unsigned int to = 0; to < 20; to++) {
                fill();
                memmove(a + to, a + from, n);
                for (unsigned int i = 0; i < SPACE; i++)
                    assert_int_equal(a[i], i >= to && i < to + n ? i - to + from + 1 : i + 1);
            }
}

static void test_memset(void **state)
{
    for (unsigned int n = 0; n <= 40; n++) {
        fill();
        memset(b + 3, 0x1a5, n);
        for (unsigned int i = 0; i < SPACE; i++)
            assert_int_equal(b[i], i >= 3 && i < 3 + n ? 0xa5 : 0xee);
    }
}

static void test_compare(void **state)
{
    assert_int_equal(memcmp("abc", "abd", 2), 0);
    assert_true(memcmp("abc", "abd", 3) < 0);
    assert_true(memcmp("\xff", "\x01", 1) > 0);
    assert_int_equal(strcmp("abc", "abc"), 0);
    assert_true(strcmp("abc", "abcd") < 0);
    assert_true(strcmp("\xff", "a") > 0);
    assert_int_equal(strncmp("abcX", "abcY", 3), 0);
    assert_true(strncmp("abcX", "abcY", 4) < 0);
    assert_int_equal(strncmp("ab", "ab", 10), 0);
}

static void test_search(void **state)
{
    const char *s = "hello";

    assert_ptr_equal(strchr(s, 'l'), s + 2);
    assert_ptr_equal(strchr(s, '\0'), s + 5);
    assert_null(strchr(s, 'x'));
    assert_int_equal(strlen(s), 5);
    assert_int_equal(strnlen(s, 3), 3);
    assert_int_equal(strnlen(s, 30), 5);
}

static void test_strlcpy(void **state)
{
    char d[4];

    assert_int_equal(strlcpy(d, "ab", sizeof(d)), 2);
    assert_string_equal(d, "ab");
    assert_int_equal(strlcpy(d, "abcdef", sizeof(d)), 6);
    assert_string_equal(d, "abc");
    assert_int_equal(strlcpy(d, "xyz", 0), 3);
    assert_string_equal(d, "abc");
}

static void test_strtoul(void **state)
{
    char *end;

    assert_int_equal(strtoul("123x", &end, 10), 123);
    assert_int_equal(*end, 'x');
    assert_int_equal(strtoul("0x1F", &end, 0), 31);
    assert_int_equal(*end, '\0');
    assert_int_equal(strtoul("017", &end, 0), 15);
    assert_int_equal(strtoul("ff", &end, 16), 255);
    assert_int_equal(strtoul("0xff", NULL, 16), 255);
    assert_int_equal(strtoul("0x", &end, 0), 0);
    assert_int_equal(*end, 'x');
    assert_int_equal(strtoul("", &end, 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy),  cmocka_unit_test(test_memmove),
        cmocka_unit_test(test_memset),  cmocka_unit_test(test_compare),
        cmocka_unit_test(test_search),  cmocka_unit_test(test_strlcpy),
        cmocka_unit_test(test_strtoul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
