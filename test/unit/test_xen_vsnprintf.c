/* SPDX-License-Identifier: MIT */
/* sources: xen/lib/vsnprintf.c */
/* defines: -D__XEN__ -Dvsnprintf=xen_vsnprintf -Dsnprintf=xen_snprintf -Wno-format */
/* The hypervisor's formatter against the C library's, conversion by conversion. */
#include <cairn/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

int sprintf(char *buf, const char *fmt, ...);
int xen_snprintf(char *buf, size_t size, const char *fmt, ...);
int scnprintf(char *buf, size_t size, const char *fmt, ...);

#define SAME(...)                                              \
    do {                                                       \
        char ours[256], theirs[256];                           \
        int n = xen_snprintf(ours, sizeof(ours), __VA_ARGS__); \
        assert_int_equal(n, sprintf(theirs, __VA_ARGS__));     \
        assert_string_equal(ours, theirs);                     \
    } while (0)

static void test_integers(void **state)
{
    static const char *const flags[] = {"", "-", "0", "#", "-#", "0#", "-0"};
    static const char *const sizes[] = {"", "1", "5", "12", "20"};
    static const long values[] = {0,
                                  1,
                                  -1,
                                  9,
                                  10,
                                  255,
                                  256,
                                  65535,
                                  -65536,
                                  2147483647,
                                  -2147483647 - 1,
                                  0x123456789abcdef0,
                                  -0x7fffffffffffffff - 1};
    char fmt[32];

    for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
        for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
            for (size_t v = 0; v < ARRAY_SIZE(values); v++)
                for (const char *c = "dux"; *c; c++) {
                    sprintf(fmt, "%%%s%sl%c", flags[f], sizes[s], *c);
                    SAME(fmt, values[v]);
                    sprintf(fmt, "%%%s%s%c", flags[f], sizes[s], *c);
                    SAME(fmt, (int)values[v]);
                }
}

static void test_strings(void **state)
{
    SAME("%s", "text");
    SAME("[%10s]", "text");
    SAME("[%-10s]", "text");
    SAME("[%.2s]", "text");
    SAME("[%10.2s]", "text");
    SAME("[%.*s]", 3, "text");
    SAME("%c%c%%", 'a', 'b');
    SAME("[%5c]", 'x');
    SAME("%zu %zx %llu %lld", (size_t)77, (size_t)0xabc, 1ull, -1ll);
    SAME("plain");
}

static void test_pointer(void **state)
{
    char buf[32];

    xen_snprintf(buf, sizeof(buf), "%p", (void *)0xabcul);
    assert_string_equal(buf, "0000000000000abc");
}

static void test_truncation(void **state)
{
    for (size_t size = 0; size < 16; size++) {
        char buf[16];
        memset(buf, 'z', sizeof(buf));
        assert_int_equal(xen_snprintf(buf, size, "%s-%d", "hello", 1234), 10);
        for (size_t i = size; i < sizeof(buf); i++)
            assert_int_equal(buf[i], 'z');
        if (size)
            assert_int_equal(strlen(buf), size - 1 < 10 ? size - 1 : 10);
        assert_int_equal(scnprintf(buf, size, "%s-%d", "hello", 1234), size == 0       ? 0
                                                                       : size - 1 < 10 ? size - 1
                                                                                       : 10);
    }
}

static void test_odd_formats(void **state)
{
    char buf[32];

    xen_snprintf(buf, sizeof(buf), "a%");
    assert_string_equal(buf, "a");
    xen_snprintf(buf, sizeof(buf), "%y");
    assert_string_equal(buf, "%y");
    xen_snprintf(buf, sizeof(buf), "%s", (char *)NULL);
    assert_string_equal(buf, "(null)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),    cmocka_unit_test(test_strings),
        cmocka_unit_test(test_pointer),     cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_odd_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
