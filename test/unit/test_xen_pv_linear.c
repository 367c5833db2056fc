/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/pv/linear.c */
/* defines: -D__XEN__ */
/*
 * What roots that map themselves show of the hypervisor: addresses of every
 * kind of slot at every level, against a walk through tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <asm/page.h>
#include <asm/pv.h>

/* Whose a table, or the page at the end, is. */
enum whose { ROOT, GUEST, HYPERVISOR };

#define SELF 8u /* and SELF + 1 */

static const uint64_t two_slots[8] = {3ull << SELF};
static const uint64_t none[8];

static enum whose next_of(enum whose table, unsigned int slot)
{
    if (table != ROOT)
        return table;
    if (slot == SELF || slot == SELF + 1)
        return ROOT;
    return slot >= 256 && slot < 272 ? HYPERVISOR : GUEST;
}

static unsigned long address(const unsigned int slot[4])
{
    unsigned long va = 0;

    for (unsigned int i = 0; i < 4; i++)
        va = va << 9 | slot[i];
    va <<= PAGE_SHIFT;
    return va >> 47 & 1 ? va | ~0ul << 48 : va;
}

/* The first index is never the hypervisor's: such an address is refused as one. */
static void test_every_path(void **state)
{
    static const unsigned int kinds[] = {0, 7, SELF, SELF + 1, 10, 255, 256, 263, 271, 272, 511};
    const unsigned int n = sizeof(kinds) / sizeof(kinds[0]);

    for (unsigned int i = 0; i < n * n * n * n; i++) {
        unsigned int slot[4] = {kinds[i % n], kinds[i / n % n], kinds[i / n / n % n],
                                kinds[i / n / n / n]};
        enum whose at = ROOT;

        if (slot[0] >= 256 && slot[0] < 272)
            continue;
        for (unsigned int level = 0; level < 4; level++)
            at = next_of(at, slot[level]);
        assert_int_equal(pv_linear_shows_hypervisor(two_slots, address(slot), 8), at == HYPERVISOR);
        assert_false(pv_linear_shows_hypervisor(none, address(slot), 8));
    }
}

/* Of several pages the last one counts as the first. */
static void test_lengths(void **state)
{
    const unsigned long first = address((const unsigned int[]){SELF, 256, 0, 0});
    const unsigned long end = address((const unsigned int[]){SELF, 272, 0, 0});
    const unsigned long top = -(unsigned long)PAGE_SIZE;

    assert_false(pv_linear_shows_hypervisor(two_slots, first - 8, 8));
    assert_true(pv_linear_shows_hypervisor(two_slots, first - 8, 9));
    assert_true(pv_linear_shows_hypervisor(two_slots, first - 3 * PAGE_SIZE, 3 * PAGE_SIZE + 1));
    assert_true(pv_linear_shows_hypervisor(two_slots, end - 1, 1));
    assert_false(pv_linear_shows_hypervisor(two_slots, end, 3 * PAGE_SIZE));
    assert_false(pv_linear_shows_hypervisor(two_slots, first, 0));
    assert_false(pv_linear_shows_hypervisor(two_slots, top + 1, PAGE_SIZE - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
