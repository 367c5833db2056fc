/* SPDX-License-Identifier: MIT */
/* test_tools_xsring.c - requests and replies through a page that lies. */
/* sources: tools/xenstored/xsring.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xenstored/xsring.h"

static struct xenstore_domain_interface *page;
static struct xsring ring;

static int setup(void **state)
{
    page = calloc(1, sizeof(*page)); /* ASan sees an access beside it */
    xsring_init(&ring, page);
    return 0;
}

static int teardown(void **state)
{
    free(page);
    return 0;
}

/* What a guest does: as much as there is room for. */
static size_t guest_put(const void *bytes, size_t len)
{
    size_t nr = 0;

    while (nr < len && page->req_prod - page->req_cons < XENSTORE_RING_SIZE)
        page->req[MASK_XENSTORE_IDX(page->req_prod++)] = ((const char *)bytes)[nr++];
    return nr;
}

static void test_pieces(void **state)
{
    static char sent[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg *header = (void *)sent;
    unsigned int whole = 0;

    for (uint32_t len = 0; len <= XENSTORE_PAYLOAD_MAX; len += len < 40 ? 1 : 169) {
        *header = (struct xsd_sockmsg){XS_WRITE, len, 0, len};
        for (uint32_t i = 0; i < len; i++)
            sent[sizeof(*header) + i] = i * 7 + len;
        for (size_t at = 0, size = sizeof(*header) + len; at < size;) {
            size_t some = size - at < 1 + len % 97 ? size - at : 1 + len % 97;
            bool moved = false;

            at += guest_put(sent + at, some);
            bool done = xsring_take(&ring, &moved);
            assert_true(moved);
            assert_int_equal(done, at == size);
        }
        whole++;
        assert_memory_equal(&ring.header, header, sizeof(*header));
        assert_memory_equal(ring.payload, sent + sizeof(*header), len);
        assert_false(xsring_has_request(&ring));
        assert_int_equal(page->req_cons, page->req_prod);
    }
    assert_true(whole > 50);
    assert_int_equal(ring.error, XENSTORE_ERROR_NONE);
}

/* Two requests at once: the second waits for the next call. */
static void test_one_at_a_time(void **state)
{
    struct xsd_sockmsg two[2] = {{XS_READ, 1, 0, 0}, {XS_READ, 2, 0, 0}};
    bool moved = false;

    guest_put(two, sizeof(two));
    assert_true(xsring_take(&ring, &moved));
    assert_int_equal(ring.header.req_id, 1);
    assert_true(xsring_has_request(&ring));
    assert_true(xsring_take(&ring, &moved));
    assert_int_equal(ring.header.req_id, 2);
    assert_false(xsring_take(&ring, &moved));
}

static void test_giving(void **state)
{
    char text[3000];

    memset(text, 'r', sizeof(text));
    assert_int_equal(xsring_give(&ring, text, sizeof(text)), XENSTORE_RING_SIZE);
    assert_int_equal(xsring_give(&ring, text, sizeof(text)), 0);
    page->rsp_cons += 10;
    assert_int_equal(xsring_give(&ring, text, 7), 7);
    assert_int_equal(xsring_give(&ring, text, 7), 3);
    assert_int_equal(ring.error, XENSTORE_ERROR_NONE);
    /* Our index in the page is not ours to read. */
    page->rsp_prod = 12345;
    page->rsp_cons += 1;
    assert_int_equal(xsring_give(&ring, text, 7), 1);
    assert_int_equal(page->rsp_prod, XENSTORE_RING_SIZE + 11);
}

static void expect_dead(uint32_t error)
{
    bool moved = false;

    assert_int_equal(ring.error, error);
    assert_int_equal(page->error, error);
    assert_false(xsring_has_request(&ring));
    assert_false(xsring_take(&ring, &moved));
    assert_false(moved);
    assert_int_equal(xsring_give(&ring, "x", 1), 0);
}

static void test_lies(void **state)
{
    const struct xsd_sockmsg huge = {XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};
    bool moved = false;

    page->req_prod = XENSTORE_RING_SIZE + 1;
    assert_false(xsring_take(&ring, &moved));
    expect_dead(XENSTORE_ERROR_RINGIDX);
    assert_false(xsring_wants_reset(&ring));
    page->connection = XENSTORE_RECONNECT;
    assert_true(xsring_wants_reset(&ring));
    xsring_reset(&ring);
    assert_int_equal(page->req_prod | page->req_cons | page->rsp_prod | page->rsp_cons, 0);
    assert_int_equal(page->connection, XENSTORE_CONNECTED);
    assert_int_equal(page->error, XENSTORE_ERROR_NONE);

    page->rsp_cons = 1; /* before anything was given */
    assert_int_equal(xsring_give(&ring, "x", 1), 0);
    expect_dead(XENSTORE_ERROR_RINGIDX);
    xsring_reset(&ring);

    guest_put(&huge, sizeof(huge));
    assert_false(xsring_take(&ring, &moved));
    expect_dead(XENSTORE_ERROR_PROTO);
    xsring_reset(&ring);
    assert_int_equal(xsring_give(&ring, "x", 1), 1);
}

/* Random bytes and indices: never out of the page, never more than a ring a call. */
static void test_random_page(void **state)
{
    unsigned int dead[4] = {0}, whole = 0;

    srand(20261122);
    for (unsigned int round = 0; round < 300000; round++) {
        bool moved = false;

        for (unsigned int i = rand() % 8; i; i--)
            page->req[rand() % XENSTORE_RING_SIZE] = rand() % 3 ? 0 : rand();
        page->req_prod = ring.req_cons + (rand() % 20 ? rand() % 200 : rand());
        page->rsp_cons = ring.rsp_prod - (rand() % 20 ? rand() % 200 : rand());
        uint32_t before = ring.req_cons;
        whole += xsring_take(&ring, &moved);
        assert_true(ring.req_cons - before <= XENSTORE_RING_SIZE);
        xsring_give(&ring, page->rsp, rand() % XENSTORE_RING_SIZE);
        assert_in_range(ring.error, XENSTORE_ERROR_NONE, XENSTORE_ERROR_PROTO);
        dead[ring.error]++;
        if (ring.error)
            xsring_reset(&ring);
    }
    assert_true(whole > 1000);
    assert_true(dead[XENSTORE_ERROR_RINGIDX] > 1000 && dead[XENSTORE_ERROR_PROTO] > 1000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_pieces), T(test_one_at_a_time), T(test_giving), T(test_lies), T(test_random_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
