/* SPDX-License-Identifier: MIT */
/* sources: xen/common/grant_policy.c */
/* defines: -D__XEN__ */
/*
 * Grant entries: every word of flags against every class of counts, holder and
 * use; then random lives of one entry against a model that counts in wide
 * integers.
 */
#include <cairn/errno.h>
#include <cairn/grant_policy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xen/xen.h>
#include <xen/grant_table.h>

#define ME    5
#define OTHER 6

static const uint8_t classes[] = {0, 1, 254, 255};

static struct grant_pins pins_of(unsigned int n)
{
    return (struct grant_pins){classes[n & 3], classes[n >> 2 & 3], classes[n >> 4 & 3],
                               classes[n >> 6 & 3]};
}

static bool counts_full(struct grant_pins p, unsigned int use)
{
    bool w = use & GRANT_USE_write;

    return ((use & GRANT_USE_host) && (w ? p.host_rw : p.host_ro) == 255) ||
           ((use & GRANT_USE_device) && (w ? p.dev_rw : p.dev_ro) == 255);
}

static void check_granted(uint32_t word, struct grant_pins before, unsigned int use,
                          struct grant_take t)
{
    unsigned int w = !!(use & GRANT_USE_write), h = !!(use & GRANT_USE_host),
                 d = !!(use & GRANT_USE_device);

    assert_int_equal(t.pins.host_ro, before.host_ro + (h && !w));
    assert_int_equal(t.pins.host_rw, before.host_rw + (h && w));
    assert_int_equal(t.pins.dev_ro, before.dev_ro + (d && !w));
    assert_int_equal(t.pins.dev_rw, before.dev_rw + (d && w));
    if (!t.store) {
        assert_true(grant_in_use(before));
        assert_true(!w || grant_in_write_use(before));
        return;
    }
    /* Only the two flags that are the hypervisor's are ever set. */
    assert_int_equal(t.word, word | GTF_reading | (w ? GTF_writing : 0));
    assert_int_equal(word & (GTF_type_mask | GTF_sub_page), GTF_permit_access);
    assert_int_equal(word >> 16, ME);
    assert_false(w && (word & GTF_readonly));
}

/* 2^9 flags, 4^4 counts, 2 holders, 2 named domains, 8 uses: 4 million. */
static void test_take_exhaustively(void **state)
{
    unsigned long granted = 0;

    for (unsigned int flags = 0; flags < 512; flags++)
        for (unsigned int n = 0; n < 256; n++)
            for (unsigned int k = 0; k < 32; k++) {
                struct grant_pins pins = pins_of(n);
                uint16_t holder = k & 1 ? ME : OTHER, named = k & 2 ? ME : OTHER;
                unsigned int use = k >> 2;
                uint32_t word = flags | (uint32_t)named << 16;
                struct grant_take t = grant_decide_take(word, pins, holder, ME, use);
                bool write = use & GRANT_USE_write;
                bool asks = !grant_in_use(pins) || (write && !grant_in_write_use(pins));
                bool permits = (flags & (GTF_type_mask | GTF_sub_page)) == GTF_permit_access &&
                               named == ME && !(write && (flags & GTF_readonly));
                bool ok = (!grant_in_use(pins) || holder == ME) && !counts_full(pins, use) &&
                          (!asks || permits);

                if (!(use & (GRANT_USE_host | GRANT_USE_device))) {
                    assert_int_equal(t.status, GNTST_bad_gntref);
                    continue;
                }
                assert_int_equal(t.status, ok ? GNTST_okay : GNTST_general_error);
                if (ok) {
                    check_granted(word, pins, use, t);
                    granted++;
                }
            }
    assert_true(granted > 10000);
}

/* What was taken and dropped leaves everything as before, and the flags tell
 * the granter the truth at every step. */
static void test_drop_exhaustively(void **state)
{
    for (unsigned int n = 0; n < 256; n++)
        for (unsigned int use = 1; use < 8; use++) {
            struct grant_pins pins = pins_of(n);

            if (use == GRANT_USE_write || counts_full(pins, use))
                continue;

            struct grant_take t =
                grant_decide_take(GTF_permit_access | ME << 16, pins, ME, ME, use);
            struct grant_drop d = grant_decide_drop(t.pins, use);

            assert_int_equal(t.status, GNTST_okay);
            assert_memory_equal(&d.pins, &pins, sizeof(pins));
            assert_int_equal(!!(d.clear & GTF_reading), !grant_in_use(pins));
            assert_int_equal(!!(d.clear & GTF_writing),
                             (use & GRANT_USE_write) && !grant_in_write_use(pins));
            assert_int_equal(d.clear & ~(GTF_reading | GTF_writing), 0);
        }
}

/* A granter that scribbles on its entry at will, and holders that come and go:
 * the counts are those of a model, and flags are right whenever it is quiet. */
static void test_random_lives(void **state)
{
    uint32_t word = GTF_permit_access | ME << 16;
    struct grant_pins pins = {0};
    unsigned int model[8] = {0}, live = 0;
    bool quiet = true;

    srand(1);
    for (unsigned int i = 0; i < 2000000; i++) {
        unsigned int use = 1 + rand() % 7;

        if (rand() % 16 == 0) {
            word ^= 1u << rand() % 20;
            quiet = false;
        }
        if (!live && rand() % 8 == 0) {
            word = GTF_permit_access | ME << 16;
            quiet = true;
        }
        if (rand() % 2) {
            struct grant_take t = grant_decide_take(word, pins, ME, ME, use);

            if (t.status == GNTST_okay) {
                word = t.store ? t.word : word;
                pins = t.pins;
                model[use]++;
                live++;
            }
        } else if (model[use]) {
            struct grant_drop d = grant_decide_drop(pins, use);

            word &= ~(uint32_t)d.clear;
            pins = d.pins;
            model[use]--;
            live--;
        }
        assert_int_equal(pins.host_ro, model[1] + model[3]);
        assert_int_equal(pins.host_rw, model[5] + model[7]);
        assert_int_equal(pins.dev_ro, model[2] + model[3]);
        assert_int_equal(pins.dev_rw, model[6] + model[7]);
        if (quiet) {
            assert_int_equal(!!(word & GTF_reading), grant_in_use(pins));
            assert_int_equal(!!(word & GTF_writing), grant_in_write_use(pins));
        }
    }
}

static void test_map_use(void **state)
{
    for (uint32_t flags = 0; flags < 32; flags++) {
        unsigned int use = grant_map_use(flags);

        assert_int_equal(!!(use & GRANT_USE_host), !!(flags & GNTMAP_host_map));
        assert_int_equal(!!(use & GRANT_USE_device), !!(flags & GNTMAP_device_map));
        assert_int_equal(!!(use & GRANT_USE_write),
                         (flags & (GNTMAP_host_map | GNTMAP_device_map)) &&
                             !(flags & GNTMAP_readonly));
    }
}

static void test_copy_bounds(void **state)
{
    static const uint32_t edges[] = {0, 1, 2048, 4095, 4096, 4097, 65535};

    for (unsigned int a = 0; a < 7; a++)
        for (unsigned int b = 0; b < 7; b++)
            for (unsigned int c = 0; c < 7; c++)
                assert_int_equal(grant_copy_check(edges[a], edges[b], edges[c]),
                                 edges[a] + edges[c] <= 4096 && edges[b] + edges[c] <= 4096
                                     ? GNTST_okay
                                     : GNTST_bad_copy_arg);
}

static void test_flush_arguments(void **state)
{
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_CLEAN, 0, 4096), 1);
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_INVAL, 4095, 1), 1);
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_CLEAN, 4095, 2), -EINVAL);
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_CLEAN, 4096, 0), -EINVAL);
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_CLEAN, 0, 4097), -EINVAL);
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_CLEAN, 0, 0), 0);
    assert_int_equal(grant_flush_check(0, 0, 64), 0);
    assert_int_equal(grant_flush_check(GNTTAB_CACHE_SOURCE_GREF, 0, 64), -EOPNOTSUPP);
    assert_int_equal(grant_flush_check(4, 0, 64), -EOPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_exhaustively), cmocka_unit_test(test_drop_exhaustively),
        cmocka_unit_test(test_random_lives),      cmocka_unit_test(test_map_use),
        cmocka_unit_test(test_copy_bounds),       cmocka_unit_test(test_flush_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
