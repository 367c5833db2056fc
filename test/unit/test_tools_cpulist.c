/* SPDX-License-Identifier: MIT */
/* test_tools_cpulist.c - sets of CPUs as text. */
/* sources: tools/libxl/cpulist.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libxl/cpulist.h"

static void check(const char *text, int rc, uint64_t cpus)
{
    uint64_t got;

    assert_int_equal(cpulist_parse(text, &got), rc);
    if (rc == 0)
        assert_int_equal(got, cpus);
}

static void test_parse(void **state)
{
    check("0", 0, 1);
    check("63", 0, 1ull << 63);
    check("0-3", 0, 0xf);
    check("0-63", 0, ~0ull);
    check("1,3-4", 0, 0x1a);
    check("all", 0, ~0ull);
    check("0-3,^1", 0, 0xd);
    check("all,^0", 0, ~1ull);
    check("", -1, 0);
    check("64", -1, 0);
    check("3-1", -1, 0);
    check("1,", -1, 0);
    check("1-", -1, 0);
    check("-1", -1, 0);
    check("x", -1, 0);
    check("0,^0", -1, 0);
    check("1 2", -1, 0);
}

static void print(uint64_t cpus, unsigned int nr, const char *want)
{
    char text[64];

    cpulist_print(cpus, nr, text, sizeof(text));
    assert_string_equal(text, want);
}

static void test_print(void **state)
{
    print(1, 4, "0");
    print(0xf, 4, "all");
    print(~0ull, 4, "all");
    print(0xf, 8, "0-3");
    print(0x1a, 8, "1,3-4");
    print(1ull << 63, 8, "63");
    print(~0ull << 62, 8, "62-63");
    print(~0ull, 64, "all");
    print(0, 4, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_print)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
