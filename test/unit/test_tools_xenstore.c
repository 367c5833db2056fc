/* SPDX-License-Identifier: MIT */
/* test_tools_xenstore.c - the store and its protocol, as clients see them. */
/* defines: -Dmalloc=fallible_malloc -Dcalloc=fallible_calloc -Drealloc=fallible_realloc */
/* sources: tools/xenstored/map.c tools/xenstored/store.c tools/xenstored/view.c tools/xenstored/server.c tools/xenstored/request.c tools/libxl/log.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xen/errno.h>

#include "libxl/log.h"
#include "xenstored/server.h"

/* <stdlib.h> has declared ours only. */
#undef malloc
#undef calloc
#undef realloc
void *malloc(size_t size);
void *calloc(size_t nr, size_t size);
void *realloc(void *old, size_t size);

#define HOME "/local/domain/1"

static struct xs_server server;
static struct xs_conn *dom0, *one, *two;
static char reply[XENSTORE_PAYLOAD_MAX + 1]; /* of the last call, with a NUL */
static size_t reply_len;
static unsigned int warnings;

/* The store's memory: while a test says so, one call in so many fails. */
static unsigned int fail_one_in, failures;

static unsigned int random_below(unsigned int limit)
{
    static uint64_t rng = 20261122;

    rng = rng * 6364136223846793005ull + 1442695040888963407ull;
    return (rng >> 33) % limit;
}

static bool memory_fails(void)
{
    if (!fail_one_in || random_below(fail_one_in))
        return false;
    failures++;
    return true;
}

void *fallible_malloc(size_t size)
{
    return memory_fails() ? NULL : malloc(size);
}

void *fallible_calloc(size_t nr, size_t size)
{
    return memory_fails() ? NULL : calloc(nr, size);
}

void *fallible_realloc(void *old, size_t size)
{
    return memory_fails() ? NULL : realloc(old, size);
}

static void count_warning(enum log_level level, const char *line)
{
    warnings++;
}

/* Send bytes; returns 0 or -XEN_E*, by the error's name. */
static int send(struct xs_conn *conn, uint32_t type, uint32_t tx, const char *payload, size_t len)
{
    struct xsd_sockmsg header = {.type = type, .req_id = 77, .tx_id = tx, .len = len};
    char *exact = malloc(len ? len : 1); /* ASan sees a read beyond it */
    struct xs_message *m;
    int rc = 0;

    memcpy(exact, payload, len);
    server_request(conn, &header, exact);
    free(exact);
    struct xs_message **at = &conn->first;
    while (*at && (*at)->header.type == XS_WATCH_EVENT)
        at = &(*at)->next;
    m = *at;
    if (!m) {
        assert_true(conn->broken && failures);
        conn->broken = false;
        return -XEN_ENOMEM;
    }
    *at = m->next;
    if (!m->next)
        conn->last = at;
    assert_int_equal(m->header.req_id, 77);
    assert_int_equal(m->header.tx_id, tx);
    assert_true(m->header.len <= XENSTORE_PAYLOAD_MAX);
    assert_int_equal(m->size, sizeof(m->header) + m->header.len);
    reply_len = m->header.len;
    memcpy(reply, xs_payload(m), reply_len);
    reply[reply_len] = '\0';
    if (m->header.type == XS_ERROR)
        rc = -server_error(reply);
    else
        assert_int_equal(m->header.type, type);
    free(m);
    return rc;
}

/* A request of strings that are separated and ended by '|'. */
static int call(struct xs_conn *conn, uint32_t type, uint32_t tx, const char *text)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t len = strlen(text);

    assert_true(len <= XENSTORE_PAYLOAD_MAX);
    for (size_t i = 0; i < len; i++)
        payload[i] = text[i] == '|' ? '\0' : text[i];
    return send(conn, type, tx, payload, len);
}

/* The reply with its NULs shown as '|'. */
static const char *shown(void)
{
    for (size_t i = 0; i < reply_len; i++)
        reply[i] = reply[i] ? reply[i] : '|';
    return reply;
}

static void expect_read(struct xs_conn *conn, uint32_t tx, const char *path, const char *value)
{
    assert_int_equal(call(conn, XS_READ, tx, path), 0);
    assert_string_equal(reply, value);
}

/* The next event as "path|token|", "" for none. */
static const char *event(struct xs_conn *conn)
{
    static char text[XENSTORE_PAYLOAD_MAX + 1];
    struct xs_message *m = server_pop(conn);

    text[0] = '\0';
    if (!m)
        return text;
    assert_int_equal(m->header.type, XS_WATCH_EVENT);
    assert_int_equal(m->header.req_id, 0);
    for (size_t i = 0; i < m->header.len; i++)
        text[i] = xs_payload(m)[i] ? xs_payload(m)[i] : '|';
    text[m->header.len] = '\0';
    free(m);
    return text;
}

static uint32_t begin(struct xs_conn *conn)
{
    assert_int_equal(call(conn, XS_TRANSACTION_START, 0, "|"), 0);
    return strtoul(reply, NULL, 10);
}

static int setup(void **state)
{
    warnings = 0;
    log_set_sink(count_warning);
    assert_int_equal(server_init(&server), 0);
    dom0 = server_connect(&server, 0, false);
    one = server_connect(&server, 1, true);
    two = server_connect(&server, 2, true);
    assert_int_equal(call(dom0, XS_MKDIR, 0, HOME "|"), 0);
    assert_int_equal(call(dom0, XS_SET_PERMS, 0, HOME "|n1|"), 0);
    assert_int_equal(call(dom0, XS_WRITE, 0, HOME "/name|first"), 0);
    return 0;
}

/* Whatever a test did: after its clients are gone nothing is charged. */
static int teardown(void **state)
{
    server_disconnect(one);
    server_disconnect(two);
    store_forget(&server.store, 1);
    store_forget(&server.store, 2);
    server_disconnect(dom0);
    for (const struct xs_account *a = server.store.accounts; a; a = a->next) {
        if (a->domid != 0)
            fail_msg("domain %u still has %zu nodes, %zu bytes", a->domid, a->nodes, a->bytes);
        assert_int_equal(a->nodes, server.store.map.nr);
    }
    store_free(&server.store);
    return 0;
}

static void test_read_and_write(void **state)
{
    expect_read(one, 0, "name|", "first");
    expect_read(one, 0, HOME "/name|", "first");
    assert_int_equal(send(one, XS_WRITE, 0, "a/b/c\0x\0y", 9), 0);
    assert_string_equal(shown(), "OK|");
    assert_int_equal(call(one, XS_READ, 0, "a/b/c|"), 0);
    assert_int_equal(reply_len, 3);
    assert_memory_equal(reply, "x\0y", 3);
    expect_read(one, 0, "a/b|", "");
    assert_int_equal(call(one, XS_MKDIR, 0, "a/b/c|"), 0);
    assert_int_equal(call(one, XS_READ, 0, "a/b/c|"), 0);
    assert_int_equal(reply_len, 3);
    assert_int_equal(call(one, XS_MKDIR, 0, "a-b|"), 0);
    assert_int_equal(call(one, XS_DIRECTORY, 0, "a|"), 0);
    assert_string_equal(shown(), "b|");
    assert_int_equal(call(dom0, XS_DIRECTORY, 0, HOME "|"), 0);
    assert_string_equal(shown(), "a|a-b|name|");
    assert_int_equal(call(dom0, XS_DIRECTORY, 0, "/|"), 0);
    assert_string_equal(shown(), "local|tool|vm|");
    assert_int_equal(call(one, XS_RM, 0, "a|"), 0);
    assert_int_equal(call(one, XS_READ, 0, "a/b/c|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_RM, 0, "a|"), 0);
    assert_int_equal(call(one, XS_RM, 0, "a/b|"), -XEN_ENOENT);
    assert_int_equal(call(dom0, XS_RM, 0, "/|"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_GET_DOMAIN_PATH, 0, "7|"), 0);
    assert_string_equal(shown(), "/local/domain/7|");
    assert_int_equal(call(one, XS_IS_DOMAIN_INTRODUCED, 0, "2|"), 0);
    assert_string_equal(shown(), "T|");
    assert_int_equal(call(one, XS_IS_DOMAIN_INTRODUCED, 0, "3|"), 0);
    assert_string_equal(shown(), "F|");
}

static void test_permissions(void **state)
{
    assert_int_equal(call(two, XS_READ, 0, HOME "/name|"), -XEN_EACCES);
    assert_int_equal(call(two, XS_READ, 0, HOME "/none|"), -XEN_EACCES);
    assert_int_equal(call(two, XS_DIRECTORY, 0, "/|"), -XEN_EACCES);
    assert_int_equal(call(two, XS_WRITE, 0, "/x|1"), -XEN_EACCES);
    assert_int_equal(call(one, XS_WRITE, 0, "shared|1"), 0);
    assert_int_equal(call(one, XS_GET_PERMS, 0, "shared|"), 0);
    assert_string_equal(shown(), "n1|");
    assert_int_equal(call(one, XS_SET_PERMS, 0, "shared|n1|r2|w3|b4|"), 0);
    assert_int_equal(call(one, XS_GET_PERMS, 0, "shared|"), 0);
    assert_string_equal(shown(), "n1|r2|w3|b4|");
    expect_read(two, 0, HOME "/shared|", "1");
    assert_int_equal(call(two, XS_WRITE, 0, HOME "/shared|2"), -XEN_EACCES);
    assert_int_equal(call(two, XS_RM, 0, HOME "/shared|"), -XEN_EACCES);
    assert_int_equal(call(two, XS_SET_PERMS, 0, HOME "/shared|n2|"), -XEN_EACCES);
    assert_int_equal(call(one, XS_SET_PERMS, 0, "shared|n2|"), -XEN_EPERM);
    assert_int_equal(call(one, XS_SET_PERMS, 0, "shared|n1|b2|"), 0);
    assert_int_equal(call(two, XS_SET_PERMS, 0, HOME "/shared|n1|"), -XEN_EACCES);
    /* What another makes below is his, and goes when he goes. */
    assert_int_equal(call(two, XS_WRITE, 0, HOME "/shared/mine|3"), 0);
    assert_int_equal(call(dom0, XS_GET_PERMS, 0, HOME "/shared/mine|"), 0);
    assert_string_equal(shown(), "n2|b2|");
    store_forget(&server.store, 2);
    assert_int_equal(call(dom0, XS_READ, 0, HOME "/shared/mine|"), -XEN_ENOENT);
    assert_int_equal(call(dom0, XS_GET_PERMS, 0, HOME "/shared|"), 0);
    assert_string_equal(shown(), "n1|");
    for (const char *bad = "x1\0r\0r70000\0r1x\0\0"; *bad; bad += strlen(bad) + 1) {
        char text[64];

        snprintf(text, sizeof(text), "shared|n1|%s|", bad);
        assert_int_equal(call(one, XS_SET_PERMS, 0, text), -XEN_EINVAL);
    }
    assert_int_equal(call(one, XS_SET_PERMS, 0, "shared|n1|r2|r3|r4|r5|r6|r7|r8|r9|"), -XEN_ENOSPC);
}

static void test_malformed(void **state)
{
    static const char *const paths[] = {"", "//a", "a//b", "a/", "/a/", "a b", "@foo", "a*"};
    char path[XENSTORE_PAYLOAD_MAX];

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        snprintf(path, sizeof(path), "%s|", paths[i]);
        assert_int_equal(call(one, XS_READ, 0, path), -XEN_EINVAL);
    }
    memset(path, 'a', sizeof(path));
    path[XENSTORE_REL_PATH_MAX] = '\0';
    assert_int_equal(send(dom0, XS_WRITE, 0, path, XENSTORE_REL_PATH_MAX + 1), 0);
    path[XENSTORE_REL_PATH_MAX] = 'a';
    path[XENSTORE_REL_PATH_MAX + 1] = '\0';
    assert_int_equal(send(dom0, XS_READ, 0, path, XENSTORE_REL_PATH_MAX + 2), -XEN_EINVAL);
    path[0] = '/';
    assert_int_equal(send(dom0, XS_READ, 0, path, XENSTORE_REL_PATH_MAX + 2), -XEN_ENOENT);
    assert_int_equal(call(one, XS_READ, 0, "name"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_READ, 0, ""), -XEN_EINVAL);
    assert_int_equal(call(one, XS_READ, 0, "name|x|"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_WRITE, 0, "name"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_WATCH, 0, "name|"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_SET_PERMS, 0, "name|"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_TRANSACTION_END, 5, "T|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_READ, 5, "name|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_TRANSACTION_END, 0, "T|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_TRANSACTION_END, 0, "X|"), -XEN_EINVAL);
    assert_int_equal(call(one, XS_TRANSACTION_END, 0, "F|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_INTRODUCE, 0, "3|1|1|"), -XEN_EACCES);
    assert_int_equal(call(one, XS_CONTROL, 0, "check|"), -XEN_EACCES);
    for (uint32_t type = XS_DIRECTORY_PART + 1; type; type <<= 1)
        assert_int_equal(call(one, type, 0, "name|"), -XEN_ENOSYS);
    assert_int_equal(call(one, XS_WATCH_EVENT, 0, "name|x|"), -XEN_ENOSYS);
    assert_int_equal(call(one, XS_GET_DOMAIN_PATH, 0, "1x|"), -XEN_EINVAL);
    assert_int_equal(call(dom0, XS_WRITE, 0, "@releaseDomain|x"), -XEN_EINVAL);
    assert_int_equal(call(dom0, XS_RM, 0, "@releaseDomain|"), -XEN_EINVAL);
}

static void test_watches(void **state)
{
    assert_int_equal(call(one, XS_WATCH, 0, "control|tok|"), 0);
    assert_string_equal(event(one), "control|tok|");
    assert_int_equal(call(one, XS_WATCH, 0, "control|tok|"), -XEN_EEXIST);
    assert_int_equal(call(one, XS_WATCH, 0, HOME "/control/deep|abs|"), 0);
    assert_string_equal(event(one), HOME "/control/deep|abs|");
    assert_int_equal(call(dom0, XS_WRITE, 0, HOME "/control/shutdown|poweroff"), 0);
    assert_string_equal(event(one), "control/shutdown|tok|");
    assert_string_equal(event(one), "");
    assert_int_equal(call(one, XS_MKDIR, 0, "control/deep/er|"), 0);
    assert_string_equal(event(one), "control/deep/er|tok|");
    assert_string_equal(event(one), HOME "/control/deep/er|abs|");
    assert_int_equal(call(one, XS_MKDIR, 0, "control/deep/er|"), 0);
    assert_string_equal(event(one), "");
    /* A removal from above: each watch is told of its own path at least. */
    assert_int_equal(call(one, XS_RM, 0, "control|"), 0);
    assert_string_equal(event(one), "control|tok|");
    assert_string_equal(event(one), HOME "/control/deep|abs|");
    assert_string_equal(event(one), "");
    /* The same event does not wait twice. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(call(one, XS_WRITE, 0, "control/x|1"), 0);
    assert_string_equal(event(one), "control/x|tok|");
    assert_string_equal(event(one), "");
    assert_int_equal(call(one, XS_UNWATCH, 0, "control|other|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_UNWATCH, 0, "control|tok|"), 0);
    assert_int_equal(call(one, XS_WRITE, 0, "control/x|2"), 0);
    assert_string_equal(event(one), "");
    /* Nothing is told of what one may not read. */
    assert_int_equal(call(two, XS_WATCH, 0, HOME "|spy|"), 0);
    assert_string_equal(event(two), HOME "|spy|");
    assert_int_equal(call(one, XS_WRITE, 0, "secret|2"), 0);
    assert_string_equal(event(two), "");
    assert_int_equal(call(one, XS_SET_PERMS, 0, "secret|r1|"), 0);
    assert_string_equal(event(two), HOME "/secret|spy|");
    assert_int_equal(call(one, XS_RM, 0, "secret|"), 0);
    assert_string_equal(event(two), HOME "/secret|spy|");
    assert_int_equal(call(two, XS_RESET_WATCHES, 0, "|"), 0);
    assert_int_equal(two->nr_watches, 0);
}

static void test_special_watches(void **state)
{
    assert_int_equal(call(dom0, XS_WATCH, 0, "@releaseDomain|r|"), 0);
    assert_string_equal(event(dom0), "@releaseDomain|r|");
    assert_int_equal(call(one, XS_WATCH, 0, "@releaseDomain|r|"), 0);
    assert_string_equal(event(one), "@releaseDomain|r|");
    server_event(&server, "@releaseDomain");
    assert_string_equal(event(dom0), "@releaseDomain|r|");
    assert_string_equal(event(one), "");
    assert_int_equal(call(dom0, XS_SET_PERMS, 0, "@releaseDomain|n0|r1|"), 0);
    assert_string_equal(event(one), "@releaseDomain|r|");
    server_event(&server, "@introduceDomain");
    assert_string_equal(event(one), "");
    assert_int_equal(call(dom0, XS_WATCH, 0, "/|root|"), 0);
    event(dom0);
    event(dom0);
    assert_int_equal(call(one, XS_WRITE, 0, "x|1"), 0);
    assert_string_equal(event(dom0), HOME "/x|root|");
}

static void test_transactions(void **state)
{
    uint32_t a = begin(one), b = begin(one);

    assert_int_not_equal(a, b);
    assert_int_equal(call(one, XS_WATCH, 0, "t|w|"), 0);
    event(one);
    assert_int_equal(call(one, XS_WRITE, a, "t/x|a"), 0);
    assert_int_equal(call(one, XS_WRITE, a, "t/y|a"), 0);
    expect_read(one, a, "t/x|", "a");
    assert_int_equal(call(one, XS_DIRECTORY, a, "t|"), 0);
    assert_string_equal(shown(), "x|y|");
    assert_int_equal(call(one, XS_READ, 0, "t/x|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_READ, b, "t/x|"), -XEN_ENOENT);
    assert_string_equal(event(one), "");
    assert_int_equal(call(one, XS_TRANSACTION_START, a, "|"), -XEN_EBUSY);
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "T|"), 0);
    expect_read(one, 0, "t/x|", "a");
    assert_string_equal(event(one), "t|w|");
    assert_string_equal(event(one), "t/x|w|");
    assert_string_equal(event(one), "t/y|w|");
    assert_string_equal(event(one), "");
    /* b looked at t/x, which is there now. */
    assert_int_equal(call(one, XS_WRITE, b, "other|b"), 0);
    assert_int_equal(call(one, XS_TRANSACTION_END, b, "T|"), -XEN_EAGAIN);
    assert_int_equal(call(one, XS_READ, 0, "other|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_TRANSACTION_END, b, "T|"), -XEN_ENOENT);
    /* What is not looked at does not matter. */
    a = begin(one);
    expect_read(one, a, "t/x|", "a");
    assert_int_equal(call(one, XS_WRITE, 0, "t/y|z"), 0);
    assert_int_equal(call(one, XS_WRITE, a, "t/x|b"), 0);
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "T|"), 0);
    expect_read(one, 0, "t/x|", "b");
    a = begin(one);
    assert_int_equal(call(one, XS_WRITE, a, "t/x|never"), 0);
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "F|"), 0);
    expect_read(one, 0, "t/x|", "b");
}

static void test_transaction_removes(void **state)
{
    uint32_t a;

    assert_int_equal(call(one, XS_WRITE, 0, "t/x/y|1"), 0);
    a = begin(one);
    assert_int_equal(call(one, XS_WRITE, a, "t/x/new|1"), 0);
    assert_int_equal(call(one, XS_RM, a, "t/x|"), 0);
    assert_int_equal(call(one, XS_READ, a, "t/x/new|"), -XEN_ENOENT);
    assert_int_equal(call(one, XS_DIRECTORY, a, "t|"), 0);
    assert_string_equal(shown(), "");
    assert_int_equal(call(one, XS_WRITE, a, "t/x/z|2"), 0);
    assert_int_equal(call(one, XS_DIRECTORY, a, "t/x|"), 0);
    assert_string_equal(shown(), "z|");
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "T|"), 0);
    assert_int_equal(call(one, XS_DIRECTORY, 0, "t/x|"), 0);
    assert_string_equal(shown(), "z|");
    /* A node made below what a transaction removes makes it fail. */
    a = begin(one);
    assert_int_equal(call(one, XS_RM, a, "t/x|"), 0);
    assert_int_equal(call(one, XS_WRITE, 0, "t/x/late|2"), 0);
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "T|"), -XEN_EAGAIN);
    expect_read(one, 0, "t/x/late|", "2");
    /* So does a name that appears in a list it has read. */
    a = begin(one);
    assert_int_equal(call(one, XS_DIRECTORY, a, "t/x|"), 0);
    assert_int_equal(call(one, XS_RM, 0, "t/x/late|"), 0);
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "T|"), -XEN_EAGAIN);
}

static void test_quotas(void **state)
{
    char text[64], big[XS_QUOTA_VALUE + 8] = "big";
    unsigned int n = 0;

    assert_int_equal(send(one, XS_WRITE, 0, big, XS_QUOTA_VALUE + 4), 0);
    assert_int_equal(send(one, XS_WRITE, 0, big, XS_QUOTA_VALUE + 5), -XEN_ENOSPC);
    assert_int_equal(send(dom0, XS_WRITE, 0, big, XS_QUOTA_VALUE + 5), 0);
    while (n < XS_QUOTA_TRANSACTIONS && begin(one))
        n++;
    assert_int_equal(call(one, XS_TRANSACTION_START, 0, "|"), -XEN_ENOSPC);
    assert_int_equal(call(one, XS_RESET_WATCHES, 0, "|"), 0);
    assert_int_equal(call(one, XS_TRANSACTION_START, 0, "|"), 0);
    for (n = 0; n < XS_QUOTA_WATCHES; n++) {
        snprintf(text, sizeof(text), "w|%u|", n);
        assert_int_equal(call(one, XS_WATCH, 0, text), 0);
    }
    assert_int_equal(call(one, XS_WATCH, 0, "w|more|"), -XEN_E2BIG);
    assert_int_equal(call(one, XS_RESET_WATCHES, 0, "|"), 0);
    int rc = 0;
    for (n = 0; rc == 0; n++) {
        snprintf(text, sizeof(text), "n/%u|", n);
        rc = call(one, XS_MKDIR, 0, text);
    }
    assert_int_equal(rc, -XEN_ENOSPC);
    assert_true(one->account->nodes <= XS_QUOTA_NODES);
    assert_true(one->account->bytes <= XS_QUOTA_BYTES);
    assert_true(n > 300);
    assert_int_equal(call(one, XS_DIRECTORY, 0, "n|"), 0);
    assert_int_equal(call(one, XS_RM, 0, "n|"), 0);
    assert_int_equal(call(one, XS_MKDIR, 0, "n|"), 0);
    /* In a transaction too, and a path of many parts is made wholly or not. */
    uint32_t a = begin(one);
    for (rc = 0, n = 0; rc == 0; n++) {
        snprintf(text, sizeof(text), "n/%u|", n);
        rc = call(one, XS_MKDIR, a, text);
    }
    assert_int_equal(rc, -XEN_ENOSPC);
    assert_true(n > XS_QUOTA_NODES);
    assert_int_equal(call(one, XS_TRANSACTION_END, a, "T|"), -XEN_ENOSPC);
    assert_int_equal(call(one, XS_DIRECTORY, 0, "n|"), 0);
    assert_int_equal(reply_len, 0);
    size_t before = server.store.map.nr;
    char path[XENSTORE_REL_PATH_MAX + 1];
    for (n = 0; n < XENSTORE_REL_PATH_MAX; n++)
        path[n] = n % 2 ? '/' : 'p';
    path[XENSTORE_REL_PATH_MAX - 1] = '\0';
    assert_int_equal(send(one, XS_WRITE, 0, path, XENSTORE_REL_PATH_MAX), -XEN_ENOSPC);
    assert_int_equal(server.store.map.nr, before);
}

/* A client that never reads costs a bounded amount, and one line. */
static void test_events_are_bounded(void **state)
{
    char text[64];

    assert_int_equal(call(two, XS_WATCH, 0, HOME "|t|"), 0);
    assert_int_equal(call(dom0, XS_SET_PERMS, 0, HOME "|n1|r2|"), 0);
    for (unsigned int i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), HOME "/n%u|", i);
        assert_int_equal(call(dom0, XS_MKDIR, 0, text), 0);
        assert_int_equal(call(dom0, XS_RM, 0, text), 0);
    }
    assert_true(two->event_bytes <= XS_MAX_EVENTS);
    assert_true(two->event_bytes > XS_MAX_EVENTS / 2);
    assert_int_equal(warnings, 1);
}

static void test_directory_part(void **state)
{
    char names[16384] = "", text[64];
    size_t len = 0;

    for (unsigned int i = 0; i < 1200; i++) {
        snprintf(text, sizeof(text), "/many/node-%04u|", i);
        assert_int_equal(call(dom0, XS_MKDIR, 0, text), 0);
    }
    assert_int_equal(call(dom0, XS_DIRECTORY, 0, "/many|"), -XEN_E2BIG);
    for (bool end = false; !end;) {
        snprintf(text, sizeof(text), "/many|%zu|", len);
        assert_int_equal(call(dom0, XS_DIRECTORY_PART, 0, text), 0);
        size_t head = strlen(reply) + 1;
        size_t part = reply_len - head;
        memcpy(names + len, reply + head, part);
        end = part == 1 || (part > 1 && names[len + part - 2] == '\0');
        len += part - end;
    }
    assert_int_equal(len, 1200 * 10);
    for (unsigned int i = 0; i < 1200; i++) {
        snprintf(text, sizeof(text), "node-%04u", i);
        assert_string_equal(names + i * 10, text);
    }
    assert_int_equal(call(dom0, XS_DIRECTORY_PART, 0, "/many|-1|"), -XEN_EINVAL);
}

/* A payload that is now and then close to what is meant. */
static size_t random_payload(char *payload)
{
    static const char *const words[] = {"a",
                                        "a/b",
                                        "a/b/c",
                                        HOME,
                                        HOME "/a",
                                        "/",
                                        "n1",
                                        "r2",
                                        "b0",
                                        "T",
                                        "F",
                                        "0",
                                        "12",
                                        "tok",
                                        "control",
                                        "/local/domain/2",
                                        "@releaseDomain",
                                        "//",
                                        "",
                                        "a/./..b"};
    size_t len = 0;

    for (unsigned int i = random_below(5); i; i--) {
        const char *w = words[random_below(sizeof(words) / sizeof(words[0]))];

        memcpy(payload + len, w, strlen(w) + 1);
        len += strlen(w) + 1;
    }
    for (unsigned int i = random_below(20) ? 0 : random_below(400); i; i--)
        payload[len++] = random_below(256);
    if (len && random_below(4) == 0)
        payload[random_below(len)] = random_below(256);
    return len && random_below(8) == 0 ? len - 1 : len;
}

/* Returns how many were answered without an error. */
static unsigned int random_requests(unsigned int nr)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    unsigned int good = 0;

    for (unsigned int i = 0; i < nr; i++) {
        struct xs_conn *conn = random_below(8) == 0 ? dom0 : random_below(2) ? one : two;
        uint32_t type = random_below(50) ? random_below(XS_TYPE_COUNT + 1) : random_below(1u << 31);
        uint32_t tx = random_below(3) ? 0 : conn->last_transaction - random_below(3);
        size_t len = random_payload(payload);

        /* The root's permissions stay, for the check at the end. */
        if (conn == dom0 && (type == XS_SET_PERMS || type == XS_RM))
            continue;
        if (send(conn, type, tx, payload, len) == 0)
            good++;
        if (random_below(4) == 0)
            event(conn);
        if (random_below(5000) == 0)
            server_reset(conn);
        for (size_t n = 1; n < server.store.map.nr && i % 64 == 0; n++)
            assert_true(strcmp(server.store.map.at[n - 1]->path, server.store.map.at[n]->path));
        assert_true(one->account->bytes <= XS_QUOTA_BYTES);
    }
    return good;
}

/* Anything may come: the answers are replies or errors, and accounts stay right. */
static void test_random_requests(void **state)
{
    assert_true(random_requests(100000) > 2000);
}

/* The same when memory is out now and then: what failed has not half happened. */
static void test_random_without_memory(void **state)
{
    failures = 0;
    fail_one_in = 20;
    unsigned int good = random_requests(100000);
    fail_one_in = 0;
    assert_true(good > 1000 && failures > 1000);
}

/* Two random clients' transactions against a model: all or nothing. */
static void test_random_transactions(void **state)
{
    unsigned int commits = 0, conflicts = 0;
    char text[64];

    assert_int_equal(call(one, XS_SET_PERMS, 0, "|"), -XEN_EINVAL);
    for (unsigned int k = 0; k < 4; k++) {
        snprintf(text, sizeof(text), "k%u|0", k);
        assert_int_equal(call(one, XS_WRITE, 0, text), 0);
    }
    /* Each transaction moves one unit from a key to another: the sum stays. */
    struct {
        uint32_t id;
        unsigned int from, to;
        int a, b;
    } t[2] = {{0}};
    for (unsigned int i = 0; i < 20000; i++) {
        unsigned int c = random_below(2);

        if (!t[c].id) {
            t[c].id = begin(one);
            t[c].from = random_below(4);
            t[c].to = (t[c].from + 1 + random_below(3)) % 4;
            snprintf(text, sizeof(text), "k%u|", t[c].from);
            assert_int_equal(call(one, XS_READ, t[c].id, text), 0);
            t[c].a = atoi(reply);
            snprintf(text, sizeof(text), "k%u|", t[c].to);
            assert_int_equal(call(one, XS_READ, t[c].id, text), 0);
            t[c].b = atoi(reply);
            continue;
        }
        snprintf(text, sizeof(text), "k%u|%d", t[c].from, t[c].a - 1);
        assert_int_equal(call(one, XS_WRITE, t[c].id, text), 0);
        snprintf(text, sizeof(text), "k%u|%d", t[c].to, t[c].b + 1);
        assert_int_equal(call(one, XS_WRITE, t[c].id, text), 0);
        int rc = call(one, XS_TRANSACTION_END, t[c].id, "T|");
        assert_true(rc == 0 || rc == -XEN_EAGAIN);
        commits += rc == 0;
        conflicts += rc != 0;
        t[c].id = 0;
        int sum = 0;
        for (unsigned int k = 0; k < 4; k++) {
            snprintf(text, sizeof(text), "k%u|", k);
            assert_int_equal(call(one, XS_READ, 0, text), 0);
            sum += atoi(reply);
        }
        assert_int_equal(sum, 0);
    }
    assert_true(commits > 1000 && conflicts > 100);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_read_and_write),      T(test_permissions),
        T(test_malformed),           T(test_watches),
        T(test_special_watches),     T(test_transactions),
        T(test_transaction_removes), T(test_quotas),
        T(test_events_are_bounded),  T(test_directory_part),
        T(test_random_requests),     T(test_random_without_memory),
        T(test_random_transactions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
