/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/vmx/msrlist.c xen/lib/string.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/vmx */
/*
 * The MSR areas of a vCPU against a plain map from MSR to value: every
 * sequence of a few operations, then long random ones.  After each step the
 * counts that "the VMCS" was given are the numbers of entries, no MSR stands
 * twice, and what is switched has both its halves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <cairn/errno.h>

#include "msrlist.h"

#define EFER   0xc0000080u
#define NR_MSR 100u

static struct vmx_msrlist list;
static uint32_t vmcs_count[NR_MSRLIST_AREAS];
static unsigned long steps;

/* The oracle: which value an area holds for MSR 0x100 + n (n = 0: EFER). */
static struct {
    bool present;
    uint64_t value;
} model[NR_MSRLIST_AREAS][NR_MSR];

/* Seen at each write of a count, as the processor might see the areas. */
void msrlist_write_count(void *owner, enum msrlist_area area, uint32_t count)
{
    assert_ptr_equal(owner, &list);
    vmcs_count[area] = count;
    assert_true(count <= MSRLIST_MAX);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(list.area[area][i].reserved, 0);
    /* At no time may the guest's half stand without the host's. */
    if (msrlist_find(&list, MSRLIST_ENTRY_LOAD, EFER))
        assert_non_null(msrlist_find(&list, MSRLIST_EXIT_LOAD, EFER));
}

static uint32_t msr_of(unsigned int n)
{
    return n ? 0x100 + n : EFER;
}

static void start(void)
{
    memset(&list, 0xa5, sizeof(list));
    memset(vmcs_count, 0, sizeof(vmcs_count));
    memset(model, 0, sizeof(model));
    msrlist_init(&list, &list);
    assert_int_equal(msrlist_reserve(&list, EFER), 0);
    assert_int_equal(msrlist_reserve(&list, EFER), 0);
}

static unsigned int model_count(enum msrlist_area area)
{
    unsigned int n = 0;
    for (unsigned int i = 0; i < NR_MSR; i++)
        n += model[area][i].present;
    return n;
}

static bool model_room(enum msrlist_area area, unsigned int n)
{
    if (model[area][n].present)
        return true;
    unsigned int kept = n != 0 && !model[area][0].present;
    return model_count(area) + kept < MSRLIST_MAX;
}

static void compare(void)
{
    steps++;
    for (unsigned int a = 0; a < NR_MSRLIST_AREAS; a++) {
        assert_int_equal(vmcs_count[a], model_count(a));
        assert_int_equal(list.count[a], vmcs_count[a]);
        for (unsigned int i = 0; i < NR_MSR; i++) {
            const struct vmx_msr_entry *e = msrlist_find(&list, a, msr_of(i));
            assert_int_equal(!!e, model[a][i].present);
            if (e)
                assert_int_equal(e->value, model[a][i].value);
        }
        /* As many entries as MSRs found: none stands twice. */
        for (unsigned int i = 0; i < list.count[a]; i++)
            assert_ptr_equal(msrlist_find(&list, a, list.area[a][i].msr), &list.area[a][i]);
    }
}

static void put(enum msrlist_area a, unsigned int n, uint64_t value)
{
    model[a][n].present = true;
    model[a][n].value = value;
}

static void step(unsigned int op, unsigned int n, uint64_t value)
{
    uint32_t msr = msr_of(n);
    int want = 0;

    switch (op) {
    case 0:
        want = model_room(MSRLIST_ENTRY_LOAD, n) && model_room(MSRLIST_EXIT_LOAD, n) ? 0 : -ENOSPC;
        if (n == 0)
            assert_int_equal(want, 0); /* its slots are reserved */
        assert_int_equal(msrlist_switch(&list, msr, value, value ^ 0xff), want);
        if (!want) {
            put(MSRLIST_ENTRY_LOAD, n, value);
            put(MSRLIST_EXIT_LOAD, n, value ^ 0xff);
        }
        break;
    case 1:
        msrlist_unswitch(&list, msr);
        model[MSRLIST_ENTRY_LOAD][n].present = model[MSRLIST_EXIT_LOAD][n].present = false;
        break;
    }
    compare();
}

/* Every sequence of six operations on EFER and two others. */
static void test_all_short_sequences(void **state)
{
    const unsigned int kinds = 2 * 3; /* switch or unswitch, three MSRs */
    unsigned long sequences = 0;
    for (unsigned int s = 0; s < kinds * kinds * kinds * kinds * kinds * kinds; s++) {
        start();
        for (unsigned int i = 0, r = s; i < 6; i++, r /= kinds)
            step(r % kinds / 3, r % 3, i + 1);
        sequences++;
    }
    printf("short sequences: %lu\n", sequences);
}

/* Any number of entries, one removed at each place. */
static void test_removal_everywhere(void **state)
{
    for (unsigned int count = 1; count <= MSRLIST_MAX; count++)
        for (unsigned int victim = 0; victim < count; victim++) {
            start();
            for (unsigned int i = 0; i < count; i++)
                step(0, i, i);
            step(1, victim, 0);
            assert_int_equal(vmcs_count[MSRLIST_ENTRY_LOAD], count - 1);
            assert_int_equal(vmcs_count[MSRLIST_EXIT_LOAD], count - 1);
        }
}

/* Full of others: there is still room for EFER, and only for it. */
static void test_reserved(void **state)
{
    start();
    for (unsigned int i = 1; i < MSRLIST_MAX; i++)
        step(0, i, i);
    assert_int_equal(msrlist_switch(&list, 0x999, 1, 2), -ENOSPC);
    compare();
    step(0, 0, 0x500);
    assert_int_equal(vmcs_count[MSRLIST_ENTRY_LOAD], MSRLIST_MAX);
    step(0, 0, 0x501); /* an update needs no room */
    step(1, 0, 0);
    assert_int_equal(msrlist_switch(&list, 0x999, 1, 2), -ENOSPC);
    for (unsigned int i = 1; i < MSRLIST_RESERVED; i++)
        assert_int_equal(msrlist_reserve(&list, i), 0);
    assert_int_equal(msrlist_reserve(&list, 0x77), -ENOSPC);
}

static void test_random(void **state)
{
    srand(1);
    for (unsigned int round = 0; round < 40; round++) {
        start();
        for (unsigned int i = 0; i < 2000; i++)
            step(rand() % 8 == 0, rand() % NR_MSR, (uint64_t)rand());
    }
    printf("steps in all: %lu\n", steps);
}

/* The processor's view of the layout. */
static void test_layout(void **state)
{
    assert_int_equal(sizeof(struct vmx_msr_entry), 16);
    assert_int_equal(offsetof(struct vmx_msr_entry, value), 8);
    assert_int_equal(offsetof(struct vmx_msrlist, area) % 16, 0);
    assert_true(sizeof(struct vmx_msrlist) <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_short_sequences),
        cmocka_unit_test(test_removal_everywhere),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
