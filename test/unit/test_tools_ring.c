/* SPDX-License-Identifier: MIT */
/* test_tools_ring.c - console ring against a guest that lies. */
/* sources: tools/consoled/ring.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consoled/ring.h"

static struct xencons_interface *shared;
static struct ring ring;

static int setup(void **state)
{
    shared = calloc(1, sizeof(*shared));
    ring_init(&ring, shared);
    return 0;
}

static int teardown(void **state)
{
    free(shared);
    return 0;
}

static void guest_print(const char *text)
{
    for (; *text; text++)
        shared->out[shared->out_prod++ % sizeof(shared->out)] = *text;
}

static void test_plain(void **state)
{
    char buf[64];
    bool broken = false;

    assert_false(ring_has_output(&ring));
    guest_print("hello");
    assert_true(ring_has_output(&ring));
    assert_int_equal(ring_take(&ring, buf, 3, &broken), 3);
    assert_int_equal(ring_take(&ring, buf + 3, sizeof(buf) - 3, &broken), 2);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(shared->out_cons, 5);
    assert_false(broken);
}

static void test_wraps(void **state)
{
    char buf[4096];
    bool broken = false;

    /* Close to the end of both the array and the counter. */
    shared->out_prod = shared->out_cons = ring.out_cons = 0u - 100;
    for (int round = 0; round < 50; round++) {
        guest_print("0123456789");
        assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 10);
        assert_memory_equal(buf, "0123456789", 10);
    }
    for (int i = 0; i < 2048; i++)
        guest_print("x");
    assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 2048);
    assert_false(broken);
}

static void test_hostile_prod(void **state)
{
    static const uint32_t lies[] = {2049, 4096, 0x7fffffff, 0x80000000, 0xffffffff};
    char buf[4096];

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        bool broken = false;

        shared->out_prod = ring.out_cons + lies[i];
        assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 0);
        assert_true(broken);
        /* And it works again afterwards. */
        broken = false;
        guest_print("ok");
        assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 2);
        assert_false(broken);
    }
}

static void test_guest_rewrites_our_index(void **state)
{
    char buf[64];
    bool broken = false;

    guest_print("abc");
    ring_take(&ring, buf, sizeof(buf), &broken);
    shared->out_cons = 0xdeadbeef;
    guest_print("def");
    assert_int_equal(ring_take(&ring, buf, sizeof(buf), &broken), 3);
    assert_memory_equal(buf, "def", 3);
    assert_int_equal(shared->out_cons, 6);
}

static void test_input(void **state)
{
    static char many[3000];

    memset(many, 'i', sizeof(many));
    assert_int_equal(ring_give(&ring, "ab", 2), 2);
    assert_memory_equal(shared->in, "ab", 2);
    assert_int_equal(shared->in_prod, 2);
    assert_int_equal(ring_give(&ring, many, sizeof(many)), 1022);
    assert_int_equal(ring_give(&ring, many, sizeof(many)), 0);
    /* A guest that claims to have taken what it was not given. */
    shared->in_cons = 5000;
    assert_int_equal(ring_give(&ring, many, sizeof(many)), 0);
    shared->in_cons = ring.in_prod - 1;
    shared->in_prod = 77;
    assert_int_equal(ring_give(&ring, many, sizeof(many)), 1023);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_prod, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guest_rewrites_our_index, setup, teardown),
        cmocka_unit_test_setup_teardown(test_input, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
