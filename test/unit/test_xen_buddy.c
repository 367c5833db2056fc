/* SPDX-License-Identifier: MIT */
/* sources: xen/common/buddy.c xen/common/bootmem.c */
/* defines: -D__XEN__ */
/*
 * The buddy allocator and the list of boot memory: random and exhaustive use
 * against a plain model; after giving everything back all is as before.
 */
#include <cairn/bootmem.h>
#include <cairn/buddy.h>
#include <cairn/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FRAMES 1024u

static struct page_info *frames;
static struct buddy b;

static bool all_present(uint32_t n)
{
    return true;
}

static int setup(void **state)
{
    frames = calloc(FRAMES, sizeof(*frames));
    buddy_init(&b, frames, FRAMES, all_present);
    return 0;
}

static int teardown(void **state)
{
    free(frames);
    return 0;
}

/* Every list entry is a proper head, no two blocks overlap, the sum is right. */
static void check_invariants(void)
{
    static uint8_t seen[FRAMES];
    unsigned long sum = 0;

    memset(seen, 0, sizeof(seen));
    for (unsigned int order = 0; order <= MAX_ORDER; order++) {
        uint32_t prev = FRAME_NONE;

        for (uint32_t n = b.head[0][order]; n != FRAME_NONE; n = frames[n].next) {
            assert_true(n < FRAMES && !(n & ((1u << order) - 1)));
            assert_true(frames[n].count_info & PGC_free);
            assert_int_equal(frames[n].order, order);
            assert_int_equal(frames[n].prev, prev);
            for (uint32_t i = 0; i < 1u << order; i++) {
                assert_false(seen[n + i]++);
                assert_true(i == 0 || frames[n + i].count_info == 0);
            }
            sum += 1ul << order;
            prev = n;
        }
    }
    assert_int_equal(sum, b.nr_free);
    assert_int_equal(b.head[1][0], FRAME_NONE);
}

static void test_whole_range_merges(void **state)
{
    bool dirty = false;

    buddy_free_range(&b, 0, FRAMES, false);
    check_invariants();
    assert_int_equal(b.head[0][10], 0);
    assert_int_equal(buddy_alloc(&b, 10, true, &dirty), 0);
    assert_false(dirty);
    assert_int_equal(b.nr_free, 0);
    assert_int_equal(buddy_alloc(&b, 0, true, &dirty), FRAME_NONE);
}

static void test_ragged_ranges(void **state)
{
    for (uint32_t start = 0; start < 40; start++) {
        for (uint32_t end = start; end < 80; end++) {
            memset(frames, 0, FRAMES * sizeof(*frames));
            buddy_init(&b, frames, FRAMES, all_present);
            buddy_free_range(&b, start, end, true);
            assert_int_equal(b.nr_free, end - start);
            check_invariants();
        }
    }
}

static void test_dirt_spreads_with_merging(void **state)
{
    bool dirty;

    buddy_free(&b, 0, 0, true);
    buddy_free(&b, 1, 0, false);
    assert_int_equal(b.head[0][1], 0);
    assert_int_equal(buddy_alloc(&b, 0, true, &dirty), 0);
    assert_true(dirty);
    assert_int_equal(buddy_alloc(&b, 0, true, &dirty), 1);
    assert_true(dirty);
}

static void test_random_use_restores_everything(void **state)
{
    struct {
        uint32_t n;
        unsigned int order;
    } held[256];
    unsigned int nr = 0;

    srand(1);
    buddy_free_range(&b, 0, FRAMES, true);
    for (unsigned int step = 0; step < 20000; step++) {
        if (nr < 256 && rand() % 2) {
            unsigned int order = rand() % 6;
            bool dirty;
            uint32_t n = buddy_alloc(&b, order, rand() % 2, &dirty);

            if (n == FRAME_NONE)
                continue;
            for (uint32_t i = 0; i < 1u << order; i++)
                assert_int_equal(frames[n + i].count_info, 0);
            held[nr].n = n;
            held[nr++].order = order;
        } else if (nr) {
            unsigned int i = rand() % nr;

            buddy_free(&b, held[i].n, held[i].order, true);
            held[i] = held[--nr];
        }
        if (step % 64 == 0)
            check_invariants();
    }
    while (nr--)
        buddy_free(&b, held[nr].n, held[nr].order, true);
    check_invariants();
    assert_int_equal(b.nr_free, FRAMES);
    assert_int_equal(b.head[0][10], 0);
}

static void test_bootmem(void **state)
{
    struct bootmem m = {.nr = 0};
    uint64_t at;

    assert_int_equal(bootmem_add(&m, 0x800, 0x9fc00), 0);
    assert_int_equal(m.range[0].start, 0x1000);
    assert_int_equal(m.range[0].end, 0x9f000);
    assert_int_equal(bootmem_add(&m, 0x100000, 0x8000000), 0);
    assert_int_equal(bootmem_reserve(&m, 0, 0x100000), 0);
    assert_int_equal(m.nr, 1);
    assert_int_equal(bootmem_reserve(&m, 0x200001, 0x2fffff), 0);
    assert_int_equal(m.nr, 2);
    at = bootmem_take(&m, 0x200000, 0x200000, ~0ull);
    assert_int_equal(at, 0x7e00000);
    at = bootmem_take(&m, 0x1000, 0x1000, 0x200000);
    assert_int_equal(at, 0x1ff000);
    assert_int_equal(bootmem_take(&m, 1ull << 40, 0x1000, ~0ull), 0);
    /* Whatever is taken is never handed out twice. */
    for (uint64_t last = ~0ull; (at = bootmem_take(&m, 0x1000, 0x1000, ~0ull)); last = at)
        assert_true(at < last && (at < 0x200000 || at >= 0x300000));
    assert_int_equal(m.nr, 0);
}

static void test_bootmem_full(void **state)
{
    struct bootmem m = {.nr = 0};

    for (unsigned int i = 0; i < BOOTMEM_MAX; i++)
        assert_int_equal(bootmem_add(&m, 0x100000ull * i, 0x100000ull * i + 0x8000), 0);
    assert_int_equal(bootmem_add(&m, 1ull << 40, 1ull << 41), -ENOSPC);
    assert_int_equal(bootmem_reserve(&m, 0x2000, 0x3000), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_range_merges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ragged_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dirt_spreads_with_merging, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_use_restores_everything, setup, teardown),
        cmocka_unit_test(test_bootmem),
        cmocka_unit_test(test_bootmem_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
