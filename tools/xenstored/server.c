/* SPDX-License-Identifier: MIT */
/*
 * server.c - connections, their messages and watches; see server.h.
 */
#include "xenstored/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>

#include "libxl/log.h"
#include "xenstored/conn.h"

static size_t watch_size(const struct xs_watch *w)
{
    return sizeof(*w) + strlen(w->path) + strlen(w->token) + 2;
}

/* The same event, not yet begun to be sent, need not come twice. */
static bool event_waits(const struct xs_conn *conn, const char *payload, size_t len)
{
    for (struct xs_message *m = conn->first; m; m = m->next) {
        if (m->header.type == XS_WATCH_EVENT && m->sent == 0 && m->header.len == len &&
            memcmp(xs_payload(m), payload, len) == 0)
            return true;
    }
    return false;
}

static bool event_allowed(struct xs_conn *conn, const void *payload, size_t len)
{
    if (event_waits(conn, payload, len))
        return false;
    if (conn->event_bytes + len <= XS_MAX_EVENTS)
        return true;
    if (!conn->lossy)
        log_warning("xenstore: domain %u does not read its events: some are dropped", conn->domid);
    conn->lossy = true;
    return false;
}

void conn_queue(struct xs_conn *conn, const struct xsd_sockmsg *header, const void *payload,
                bool event)
{
    if (event && !event_allowed(conn, payload, header->len))
        return;
    struct xs_message *m = malloc(sizeof(*m) + header->len);
    if (!m) {
        conn->broken = conn->broken || !event;
        return;
    }
    m->next = NULL;
    m->size = sizeof(m->header) + header->len;
    m->sent = 0;
    m->header = *header;
    memcpy(xs_payload(m), payload, header->len);
    *conn->last = m;
    conn->last = &m->next;
    conn->event_bytes += event ? header->len : 0;
}

struct xs_message *server_pop(struct xs_conn *conn)
{
    struct xs_message *m = conn->first;

    if (!m)
        return NULL;
    conn->first = m->next;
    if (!conn->first)
        conn->last = &conn->first;
    if (m->header.type == XS_WATCH_EVENT)
        conn->event_bytes -= m->header.len;
    return m;
}

static void watch_queue(struct xs_conn *conn, const struct xs_watch *w, const char *path)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    const char *shown = *path ? path + w->relative : "/";

    int len = snprintf(payload, sizeof(payload), "%s%c%s", shown, 0, w->token) + 1;
    if (len > (int)sizeof(payload))
        return; /* watch_add() limits the token so that no path is too long */
    struct xsd_sockmsg header = {.type = XS_WATCH_EVENT, .len = len};
    conn_queue(conn, &header, payload, true);
}

static struct xs_watch **watch_find(struct xs_conn *conn, const char *path, const char *token)
{
    struct xs_watch **at = &conn->watches;

    while (*at && (strcmp((*at)->path, path) != 0 || strcmp((*at)->token, token) != 0))
        at = &(*at)->next;
    return at;
}

int watch_add(struct xs_conn *conn, const char *text, const char *token)
{
    char path[XS_PATH_SIZE];

    int rc = path_resolve(text, conn->domid, path);
    if (rc < 0)
        return rc;
    if (strlen(token) > XENSTORE_PAYLOAD_MAX - XENSTORE_ABS_PATH_MAX - 2)
        return -XEN_EINVAL;
    struct xs_watch **at = watch_find(conn, path, token);
    if (*at)
        return -XEN_EEXIST;
    if (conn->domid != 0 && conn->nr_watches >= XS_QUOTA_WATCHES)
        return -XEN_E2BIG;
    size_t len = strlen(path), size = sizeof(struct xs_watch) + len + strlen(token) + 2;
    rc = account_charge(conn->account, size);
    if (rc < 0)
        return rc;
    struct xs_watch *w = malloc(size);
    if (!w) {
        conn->account->bytes -= size;
        return -XEN_ENOMEM;
    }
    w->next = NULL;
    w->relative = text[0] == '/' || text[0] == '@' ? 0 : len - strlen(text);
    strcpy(w->path, path);
    w->token = w->path + len + 1;
    strcpy(w->token, token);
    *at = w;
    conn->nr_watches++;
    return 0;
}

void watch_start(struct xs_conn *conn)
{
    const struct xs_watch *w = conn->watches;

    while (w && w->next)
        w = w->next; /* new ones come last */
    if (w)
        watch_queue(conn, w, w->path);
}

static void watch_drop(struct xs_conn *conn, struct xs_watch **at)
{
    struct xs_watch *w = *at;

    *at = w->next;
    conn->account->bytes -= watch_size(w);
    conn->nr_watches--;
    free(w);
}

int watch_remove(struct xs_conn *conn, const char *text, const char *token)
{
    char path[XS_PATH_SIZE];

    int rc = path_resolve(text, conn->domid, path);
    if (rc < 0)
        return rc;
    struct xs_watch **at = watch_find(conn, path, token);
    if (!*at)
        return -XEN_ENOENT;
    watch_drop(conn, at);
    return 0;
}

void watch_reset(struct xs_conn *conn)
{
    while (conn->watches)
        watch_drop(conn, &conn->watches);
}

static void on_change(void *context, const char *path, bool exact, const struct xs_perms *perms)
{
    struct xs_server *server = context;

    for (struct xs_conn *conn = server->conns; conn; conn = conn->next) {
        if (!(perms_of(perms, conn->domid) & PERM_READ))
            continue;
        for (struct xs_watch *w = conn->watches; w; w = w->next) {
            if (exact ? strcmp(path, w->path) == 0 : path_below(path, w->path))
                watch_queue(conn, w, path);
        }
    }
}

int server_init(struct xs_server *server)
{
    server->conns = NULL;
    int rc = store_init(&server->store);
    server->store.changed = on_change;
    server->store.context = server;
    return rc;
}

struct xs_conn *server_connect(struct xs_server *server, domid_t domid, bool is_domain)
{
    struct xs_conn *conn = calloc(1, sizeof(*conn));

    if (!conn)
        return NULL;
    conn->account = store_account(&server->store, domid);
    if (!conn->account) {
        free(conn);
        return NULL;
    }
    conn->server = server;
    conn->domid = domid;
    conn->is_domain = is_domain;
    conn->last = &conn->first;
    conn->next = server->conns;
    server->conns = conn;
    return conn;
}

void server_reset(struct xs_conn *conn)
{
    struct xs_message *m;

    watch_reset(conn);
    conn_end_transactions(conn);
    while ((m = server_pop(conn)) != NULL)
        free(m);
    conn->broken = false;
}

void server_disconnect(struct xs_conn *conn)
{
    struct xs_conn **at = &conn->server->conns;

    server_reset(conn);
    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    free(conn);
}

void server_event(struct xs_server *server, const char *name)
{
    struct xs_view view = {.store = &server->store};
    const struct xs_node *node;

    if (view_get(&view, name, 0, &node) == 0)
        on_change(server, name, false, &node->perms);
}
