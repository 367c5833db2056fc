/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/boot/e820.c */
/* defines: -D__XEN__ */
/*
 * Memory maps put in order: given cases, and random ones compared byte for
 * byte with the rule itself (the highest type that covers an address wins).
 */
#include <cairn/boot_info.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SPACE 64u /* addresses of the random maps */

static uint32_t type_of(const struct e820_entry *map, unsigned int nr, uint64_t at)
{
    uint32_t type = 0;

    for (unsigned int i = 0; i < nr; i++)
        if (at >= map[i].addr && at - map[i].addr < map[i].size && map[i].type > type)
            type = map[i].type;
    return type;
}

static void check_order(const struct e820_entry *map, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        assert_true(map[i].size > 0);
        if (!i)
            continue;
        assert_true(map[i - 1].addr + map[i - 1].size <= map[i].addr);
        /* Neighbours of one type are merged. */
        assert_false(map[i - 1].addr + map[i - 1].size == map[i].addr &&
                     map[i - 1].type == map[i].type);
    }
}

static void test_sorted(void **state)
{
    struct e820_entry m[BOOT_MAX_E820] = {
        {0x100000, 0x7f00000, E820_RAM},
        {0, 0x9fc00, E820_RAM},
        {0x9fc00, 0x400, E820_RESERVED},
    };

    assert_int_equal(e820_sanitize(m, 3, BOOT_MAX_E820), 3);
    assert_int_equal(m[0].addr, 0);
    assert_int_equal(m[1].addr, 0x9fc00);
    assert_int_equal(m[2].addr, 0x100000);
}

static void test_hole_in_ram(void **state)
{
    struct e820_entry m[BOOT_MAX_E820] = {
        {0, 0x10000, E820_RAM},
        {0x4000, 0x1000, E820_ACPI},
    };

    assert_int_equal(e820_sanitize(m, 2, BOOT_MAX_E820), 3);
    assert_int_equal(m[0].size, 0x4000);
    assert_int_equal(m[1].type, E820_ACPI);
    assert_int_equal(m[2].addr, 0x5000);
    assert_int_equal(m[2].size, 0xb000);
}

static void test_merge_and_empty(void **state)
{
    struct e820_entry m[BOOT_MAX_E820] = {
        {0x1000, 0x1000, E820_RAM},
        {0x2000, 0x1000, E820_RAM},
        {0x5000, 0, E820_RESERVED},
        {0x1800, 0x1000, E820_RAM},
    };

    assert_int_equal(e820_sanitize(m, 4, BOOT_MAX_E820), 1);
    assert_int_equal(m[0].addr, 0x1000);
    assert_int_equal(m[0].size, 0x2000);
    assert_int_equal(e820_sanitize(m, 0, BOOT_MAX_E820), 0);
}

/* An entry that wraps at 2^64 is cut there. */
static void test_wrap(void **state)
{
    struct e820_entry m[BOOT_MAX_E820] = {
        {0x1000, UINT64_MAX, E820_RESERVED},
        {0, 0x1000, E820_RAM},
    };

    assert_int_equal(e820_sanitize(m, 2, BOOT_MAX_E820), 2);
    assert_int_equal(m[0].type, E820_RAM);
    assert_int_equal(m[1].addr, 0x1000);
}

static void test_random(void **state)
{
    srand(1);
    for (int round = 0; round < 20000; round++) {
        struct e820_entry m[BOOT_MAX_E820], before[BOOT_MAX_E820];
        unsigned int nr = rand() % 12, n;
        for (unsigned int i = 0; i < nr; i++)
            m[i] = (struct e820_entry){rand() % SPACE, rand() % 20, rand() % 5 + 1};
        memcpy(before, m, sizeof(m));
        n = e820_sanitize(m, nr, BOOT_MAX_E820);
        check_order(m, n);
        for (uint64_t at = 0; at < SPACE + 20; at++)
            assert_int_equal(type_of(m, n, at), type_of(before, nr, at));
    }
}

/* With no room for the result, what is missing is at the end. */
static void test_no_room(void **state)
{
    struct e820_entry m[4] = {
        {0, 0x10000, E820_RAM},
        {0x1000, 0x1000, E820_RESERVED},
        {0x3000, 0x1000, E820_RESERVED},
        {0x5000, 0x1000, E820_RESERVED},
    };
    unsigned int n = e820_sanitize(m, 4, 4);

    assert_int_equal(n, 4);
    check_order(m, n);
    assert_int_equal(type_of(m, n, 0x800), E820_RAM);
    assert_int_equal(type_of(m, n, 0x3800), E820_RESERVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted),          cmocka_unit_test(test_hole_in_ram),
        cmocka_unit_test(test_merge_and_empty), cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_random),          cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
