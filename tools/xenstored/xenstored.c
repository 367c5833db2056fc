/* SPDX-License-Identifier: MIT */
/*
 * xenstored.c - see xenstored.h.  Owns the store and the guests' rings.
 */
#include "xenstored/xenstored.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "libxl/log.h"
#include "libxl/xsnodes.h"
#include "plat.h"
#include "xenstored/xsring.h"

struct guest {
    struct guest *next;
    struct xs_conn *conn;
    uint32_t port; /* domain 0's */
    bool used, told;
    struct xsring ring;
};

static struct xs_server server;
static struct guest *guests;

/* The store is made when it is first wanted. */
static struct xs_server *started(void)
{
    static bool done;

    if (!done && server_init(&server) < 0) {
        store_free(&server.store);
        return NULL;
    }
    done = true;
    return &server;
}

/* The guest broke the protocol: it is not served until it reconnects. */
static void disable(struct guest *g, uint32_t error, const char *what)
{
    if (!g->ring.error)
        xsring_fail(&g->ring, error);
    server_reset(g->conn);
    if (!g->told)
        log_warning("xenstore: domain %u is ignored: %s", g->conn->domid, what);
    g->told = true;
    ctl_evtchn_send(g->port);
}

/* Hand over what is queued, as far as there is room. */
static bool give(struct guest *g)
{
    bool moved = false;

    while (g->conn->first) {
        struct xs_message *m = g->conn->first;
        size_t nr = xsring_give(&g->ring, (char *)&m->header + m->sent, m->size - m->sent);

        moved = moved || nr;
        m->sent += nr;
        if (m->sent < m->size)
            break;
        free(server_pop(g->conn));
    }
    return moved;
}

/* One request at most, and none while an answer waits for room. */
static bool service(struct guest *g)
{
    bool moved = false;

    if (xsring_wants_reset(&g->ring)) {
        server_reset(g->conn);
        xsring_reset(&g->ring);
        moved = true;
    }
    if (!g->ring.error) {
        moved = give(g) || moved;
        if (!g->conn->first && xsring_take(&g->ring, &moved)) {
            g->used = true;
            server_request(g->conn, &g->ring.header, g->ring.payload);
            give(g);
            plat_wake(); /* others may have events now */
        }
        if (g->conn->broken)
            disable(g, XENSTORE_ERROR_COMM, "no memory for its reply");
        else if (g->ring.error)
            disable(g, 0,
                    g->ring.error == XENSTORE_ERROR_PROTO ? "its request is too long"
                                                          : "its ring's indices make no sense");
    }
    if (moved)
        ctl_evtchn_send(g->port);
    return moved && !g->conn->first && xsring_has_request(&g->ring);
}

bool xenstored_step(void)
{
    bool more = false;

    for (struct guest *g = guests; g; g = g->next)
        more = service(g) || more;
    return more;
}

void xenstored_main(void *arg)
{
    (void)arg;
    xsnodes_host();
    for (;;) {
        if (xenstored_step())
            plat_yield();
        else
            plat_wait(-1);
    }
}

static struct guest **find_guest(domid_t domid)
{
    struct guest **at = &guests;

    while (*at && (*at)->conn->domid != domid)
        at = &(*at)->next;
    return at;
}

static int connect_ring(struct guest *g, domid_t domid, uint64_t frame, uint32_t remote_port)
{
    void *page = plat_map_foreign(domid, &frame, 1, true, NULL);
    if (!page)
        return -XEN_EFAULT;

    int rc = ctl_evtchn_bind(domid, remote_port, &g->port);
    if (rc < 0)
        goto unmap;
    rc = plat_evtchn_bind(g->port, NULL, NULL);
    if (rc < 0)
        goto close;
    xsring_init(&g->ring, page);
    return 0;

close:
    ctl_evtchn_close(g->port);
unmap:
    plat_unmap_foreign(page, 1);
    return rc;
}

int xenstored_introduce(domid_t domid, uint64_t frame, uint32_t port)
{
    struct xs_server *s = started();
    struct guest *g = s ? calloc(1, sizeof(*g)) : NULL;

    if (!g)
        return -XEN_ENOMEM;
    g->conn = server_connect(s, domid, true);
    int rc = g->conn ? connect_ring(g, domid, frame, port) : -XEN_ENOMEM;
    if (rc < 0) {
        if (g->conn)
            server_disconnect(g->conn);
        free(g);
        return rc;
    }
    g->next = guests;
    guests = g;
    server_event(s, "@introduceDomain");
    plat_wake();
    return 0;
}

void xenstored_release(domid_t domid)
{
    struct guest **at = find_guest(domid), *g = *at;

    if (!g)
        return;
    *at = g->next;
    plat_evtchn_unbind(g->port);
    ctl_evtchn_close(g->port);
    plat_unmap_foreign(g->ring.shared, 1);
    server_disconnect(g->conn);
    free(g);
    store_forget(&server.store, domid);
    xenstored_ended();
}

void xenstored_ended(void)
{
    if (started())
        server_event(&server, "@releaseDomain");
    plat_wake();
}

bool xenstored_used(domid_t domid)
{
    struct guest *g = *find_guest(domid);

    return g && g->used;
}

bool xenstored_quiet(domid_t domid)
{
    const struct guest *g = *find_guest(domid);

    return !g || (!g->conn->first && xsring_is_between(&g->ring));
}

struct xs_conn *xenstored_open(void)
{
    struct xs_server *s = started();

    return s ? server_connect(s, 0, false) : NULL;
}

/* The message that is not an event: domain 0's requests have one reply. */
static struct xs_message *take_reply(struct xs_conn *conn)
{
    struct xs_message **at = &conn->first, *m;

    while (*at && (*at)->header.type == XS_WATCH_EVENT)
        at = &(*at)->next;
    m = *at;
    if (m) {
        *at = m->next;
        if (!m->next)
            conn->last = at;
    }
    return m;
}

int xenstored_call(struct xs_conn *conn, uint32_t type, uint32_t transaction,
                   struct xs_message **reply, const char *payload, ...)
{
    char buf[XENSTORE_PAYLOAD_MAX + 1];
    va_list args;
    int rc = 0;

    va_start(args, payload);
    int len = vsnprintf(buf, sizeof(buf), payload, args);
    va_end(args);
    if (len < 0 || len > XENSTORE_PAYLOAD_MAX)
        return -XEN_E2BIG;
    struct xsd_sockmsg header = {.type = type, .tx_id = transaction, .len = len};
    server_request(conn, &header, buf);
    struct xs_message *m = take_reply(conn);
    if (!m)
        return -XEN_ENOMEM;
    if (m->header.type == XS_ERROR)
        rc = -server_error(xs_payload(m));
    if (reply && rc == 0)
        *reply = m;
    else
        free(m);
    plat_wake(); /* guests may have events now */
    return rc;
}
