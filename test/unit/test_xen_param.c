/* SPDX-License-Identifier: MIT */
/* sources: xen/common/param.c */
/* defines: -D__XEN__ */
/* The boot command line: every kind of parameter, good and bad values. */
#include <cairn/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <cairn/lib.h>

size_t strlcpy(char *d, const char *s, size_t size)
{
    size_t len = strlen(s), n = len < size ? len : size - 1;

    memcpy(d, s, n);
    d[n] = '\0';
    return len;
}

static bool flag;
static uint32_t number;
static uint8_t small;
static uint64_t size;
static char text[8];
static char seen[32];

static int custom(const char *s)
{
    strlcpy(seen, s, sizeof(seen));
    return !strcmp(s, "bad") ? -EINVAL : 0;
}

static const struct boot_param table[] = {
    {"flag", PARAM_BOOL, &flag, sizeof(flag)},     {"number", PARAM_UINT, &number, sizeof(number)},
    {"small", PARAM_UINT, &small, sizeof(small)},  {"size", PARAM_SIZE, &size, sizeof(size)},
    {"text", PARAM_STR, text, sizeof(text)},       {"custom", PARAM_FN, custom, 0},
    {"noreboot", PARAM_BOOL, &flag, sizeof(flag)},
};

static int reports;

static void report(const char *word, int rc)
{
    reports++;
}

static int run(const char *cmdline)
{
    reports = 0;
    return params_parse(table, ARRAY_SIZE(table), cmdline, report);
}

static void test_booleans(void **state)
{
    static const char *const yes[] = {"flag",   "flag=yes",    "flag=on",    "flag=true",
                                      "flag=1", "flag=enable", "no-flag=no", "noreboot"};
    static const char *const no[] = {"no-flag", "flag=no",      "flag=off",    "flag=false",
                                     "flag=0",  "flag=disable", "no-flag=yes", "noreboot=no"};

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        flag = false;
        assert_int_equal(run(yes[i]), 0);
        assert_true(flag);
    }
    for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
        flag = true;
        assert_int_equal(run(no[i]), 0);
        assert_false(flag);
    }
    assert_int_equal(run("flag=perhaps"), 1);
}

static void test_numbers(void **state)
{
    assert_int_equal(run("number=42"), 0);
    assert_int_equal(number, 42);
    assert_int_equal(run("number=0x10"), 0);
    assert_int_equal(number, 16);
    assert_int_equal(run("number="), 1);
    assert_int_equal(run("number"), 1);
    assert_int_equal(run("number=12x"), 1);
    assert_int_equal(run("small=255"), 0);
    assert_int_equal(small, 255);
    assert_int_equal(run("small=256"), 1);
    assert_int_equal(small, 255);
}

static void test_sizes(void **state)
{
    static const struct {
        const char *s;
        uint64_t v;
    } good[] = {{"size=1", 1},           {"size=2k", 2048},       {"size=3M", 3 << 20},
                {"size=4G", 4ull << 30}, {"size=1T", 1ull << 40}, {"size=7b", 7}};

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(run(good[i].s), 0);
        assert_true(size == good[i].v);
    }
    assert_int_equal(run("size=1x"), 1);
    assert_int_equal(run("size=1kk"), 1);
    assert_int_equal(run("size=16777216T"), 1); /* 2^64 */
    assert_int_equal(run("size=M"), 1);
}

static void test_strings_and_functions(void **state)
{
    assert_int_equal(run("text=abcdefg"), 0);
    assert_string_equal(text, "abcdefg");
    assert_int_equal(run("text=abcdefgh"), 1);
    assert_int_equal(run("custom=a,b=c"), 0);
    assert_string_equal(seen, "a,b=c");
    assert_int_equal(run("no-custom"), 0);
    assert_string_equal(seen, "no");
    assert_int_equal(run("custom"), 0);
    assert_string_equal(seen, "");
    assert_int_equal(run("custom=bad"), 1);
}

static void test_lines(void **state)
{
    char longer[600];

    assert_int_equal(run(""), 0);
    assert_int_equal(run("   "), 0);
    number = 0;
    assert_int_equal(run("  flag=no \t number=7  unknown unknown=1 no-unknown "), 3);
    assert_int_equal(reports, 3);
    assert_int_equal(number, 7);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(run(longer), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_booleans), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_strings_and_functions),
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
