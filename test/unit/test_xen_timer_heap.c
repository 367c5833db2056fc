/* SPDX-License-Identifier: MIT */
/* sources: xen/common/timer_heap.c */
/* defines: -D__XEN__ */
/* The timer heap against a plain array: random insertions and removals. */
#include <cairn/time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TIMERS 200

static struct timer timers[TIMERS];

static s_time_t earliest(void)
{
    s_time_t first = 0;

    for (int i = 0; i < TIMERS; i++)
        if (timers[i].expires && (!first || timers[i].expires < first))
            first = timers[i].expires;
    return first;
}

static void check_root(const struct timer *root)
{
    assert_true((root ? root->expires : 0) == earliest());
}

static void test_sorted_removal(void **state)
{
    struct timer *root = NULL;
    s_time_t last = 0;

    srand(1);
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = (struct timer){.expires = rand() % 1000 + 1};
        root = timer_heap_insert(root, &timers[i]);
        check_root(root);
    }
    for (int i = 0; i < TIMERS; i++) {
        assert_true(root->expires >= last);
        last = root->expires;
        root = timer_heap_remove(root, root);
        check_root(root);
    }
    assert_null(root);
}

static void test_random(void **state)
{
    struct timer *root = NULL;

    for (int i = 0; i < TIMERS; i++)
        timers[i] = (struct timer){0};
    for (int round = 0; round < 50000; round++) {
        struct timer *t = &timers[rand() % TIMERS];
        if (t->expires) {
            root = timer_heap_remove(root, t);
            assert_true(t->expires == 0 && !t->child && !t->sibling && !t->prev);
        } else {
            t->expires = rand() % 500 + 1;
            root = timer_heap_insert(root, t);
        }
        check_root(root);
    }
    while (root)
        root = timer_heap_remove(root, root);
    assert_true(earliest() == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_removal),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
