/* SPDX-License-Identifier: MIT */
/* sources: xen/common/buddy.c xen/common/bootmem.c */
/* defines: -D__XEN__ */
/*
 * The buddy allocator and the list of boot memory: random and exhaustive use
 * against a plain model; after giving everything back all is as before.  What
 * is handed out as clean has been cleared since it was last used.
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
static uint8_t seen[FRAMES]; /* free */
static bool used[FRAMES];    /* by somebody since it was last zeroed */

static bool all_present(uint32_t n)
{
    return true;
}

static int setup(void **state)
{
    frames = calloc(FRAMES, sizeof(*frames));
    buddy_init(&b, frames, FRAMES, all_present);
    memset(used, 1, sizeof(used));
    return 0;
}

static int teardown(void **state)
{
    free(frames);
    return 0;
}

/* One free block: its head, its place in a list, what it says of dirt. */
static unsigned long check_block(uint32_t n, unsigned int order, bool dirty, uint32_t prev)
{
    unsigned long nr_dirty = 0;

    assert_true(n < FRAMES && !(n & ((1u << order) - 1)));
    assert_int_equal(frames[n].count_info & ~PGC_clean, PGC_free);
    assert_int_equal(frames[n].order, order);
    assert_int_equal(frames[n].prev, prev);
    assert_int_equal(frames[n].first_dirty < 1u << order, dirty);
    for (uint32_t i = 0; i < 1u << order; i++) {
        bool clean = frames[n + i].count_info & PGC_clean;

        assert_false(seen[n + i]++);
        assert_true(i == 0 || !(frames[n + i].count_info & ~PGC_clean));
        assert_true(clean || i >= frames[n].first_dirty);
        assert_false(clean && used[n + i]);
        nr_dirty += !clean;
    }
    return nr_dirty;
}

/* Every list entry is a proper head, no two blocks overlap, the sums are right. */
static void check_invariants(void)
{
    unsigned long sum = 0, nr_dirty = 0;

    memset(seen, 0, sizeof(seen));
    for (unsigned int order = 0; order <= MAX_ORDER; order++) {
        for (unsigned int dirty = 0; dirty < 2; dirty++) {
            uint32_t prev = FRAME_NONE;

            for (uint32_t n = b.blocks[0][dirty].head[order]; n != FRAME_NONE; n = frames[n].next) {
                nr_dirty += check_block(n, order, dirty, prev);
                sum += 1ul << order;
                prev = n;
            }
            assert_int_equal(b.blocks[0][dirty].orders >> order & 1, prev != FRAME_NONE);
            assert_int_equal(b.blocks[1][dirty].head[order], FRAME_NONE);
        }
    }
    assert_int_equal(sum, b.nr_free);
    assert_int_equal(nr_dirty, b.nr_dirty);
}

/* As page_alloc.c does it: zeroes what is not clean, uses all of it. */
static uint32_t take(unsigned int order, bool below_4g)
{
    uint32_t first_dirty, n = buddy_alloc(&b, order, below_4g, &first_dirty);

    for (uint32_t i = 0; n != FRAME_NONE && i < 1u << order; i++) {
        if (i >= first_dirty && !(frames[n + i].count_info & PGC_clean))
            used[n + i] = false;
        assert_false(used[n + i]);
        assert_false(frames[n + i].count_info & ~PGC_clean);
        frames[n + i].count_info = 0;
        used[n + i] = true;
    }
    return n;
}

/* Returns whether there is more to do. */
static bool clean_some(void)
{
    uint32_t first, nr = buddy_clean(&b, &first);

    assert_true(nr <= BUDDY_CLEAN);
    for (uint32_t i = first; i < first + nr; i++) {
        assert_true(used[i]);
        used[i] = false;
    }
    return b.nr_dirty != 0;
}

static void clean_all(void)
{
    unsigned int calls = 0;

    while (clean_some())
        assert_true(++calls < 4 * FRAMES);
    check_invariants();
}

static void test_whole_range_merges(void **state)
{
    buddy_free_range(&b, 0, FRAMES);
    check_invariants();
    assert_int_equal(b.blocks[0][1].head[10], 0);
    assert_int_equal(b.nr_dirty, FRAMES);
    clean_all();
    assert_int_equal(b.blocks[0][0].head[10], 0);
    assert_int_equal(take(10, true), 0);
    assert_int_equal(b.nr_free, 0);
    assert_int_equal(take(0, true), FRAME_NONE);
}

static void test_ragged_ranges(void **state)
{
    for (uint32_t start = 0; start < 40; start++) {
        for (uint32_t end = start; end < 80; end++) {
            memset(frames, 0, FRAMES * sizeof(*frames));
            buddy_init(&b, frames, FRAMES, all_present);
            buddy_free_range(&b, start, end);
            assert_int_equal(b.nr_free, end - start);
            check_invariants();
        }
    }
}

/* Frees those of 16 frames that @pattern has as @want, in an order that @turn decides. */
static void free_those(uint32_t pattern, bool want, uint32_t turn)
{
    for (unsigned int i = 0; i < 16; i++) {
        uint32_t n = (i * 5 + turn) % 16;

        if ((pattern >> n & 1) == want)
            buddy_free(&b, n, 0);
    }
}

/* Each frame of 16 clean or dirty: all merge, the sums and marks are right,
 * and only the dirty ones are cleared again. */
static void test_clean_and_dirty_merge(void **state)
{
    for (uint32_t pattern = 0; pattern < 1u << 16; pattern++) {
        uint32_t first_dirty;

        memset(frames, 0, 16 * sizeof(*frames));
        memset(used, 1, 16);
        buddy_init(&b, frames, FRAMES, all_present);
        free_those(pattern, false, pattern);
        while (clean_some())
            ;
        free_those(pattern, true, pattern);
        assert_int_equal(b.nr_free, 16);
        assert_int_equal(b.nr_dirty, __builtin_popcount(pattern));
        if (pattern % 64 == 0)
            check_invariants();
        if (pattern % 2)
            while (clean_some())
                ;
        assert_int_equal(buddy_alloc(&b, 4, true, &first_dirty), 0);
        assert_int_equal(b.nr_dirty, 0);
        assert_int_equal(b.nr_free, 0);
    }
}

/* Of two blocks of one size the clean one goes first; a larger one is not
 * broken for it. */
static void test_clean_goes_first(void **state)
{
    buddy_free(&b, 0, 0);
    clean_all();
    buddy_free(&b, 2, 0);
    buddy_free(&b, 4, 1);
    assert_int_equal(take(0, true), 0);
    assert_int_equal(take(0, true), 2);
    assert_int_equal(take(0, true), 4);
    assert_int_equal(b.nr_dirty, 1);
}

static void test_random_use_restores_everything(void **state)
{
    struct {
        uint32_t n;
        unsigned int order;
    } held[256];
    unsigned int nr = 0;

    srand(1);
    buddy_free_range(&b, 0, FRAMES);
    for (unsigned int step = 0; step < 20000; step++) {
        if (nr < 256 && rand() % 2) {
            unsigned int order = rand() % 6;
            uint32_t n = take(order, rand() % 2);

            if (n == FRAME_NONE)
                continue;
            held[nr].n = n;
            held[nr++].order = order;
        } else if (nr) {
            unsigned int i = rand() % nr;

            buddy_free(&b, held[i].n, held[i].order);
            held[i] = held[--nr];
        }
        if (rand() % 4 == 0)
            clean_some();
        if (step % 64 == 0)
            check_invariants();
    }
    while (nr--)
        buddy_free(&b, held[nr].n, held[nr].order);
    check_invariants();
    assert_int_equal(b.nr_free, FRAMES);
    clean_all();
    assert_int_equal(b.blocks[0][0].head[10], 0);
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
        cmocka_unit_test_setup_teardown(test_clean_and_dirty_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clean_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_use_restores_everything, setup, teardown),
        cmocka_unit_test(test_bootmem),
        cmocka_unit_test(test_bootmem_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
