/* SPDX-License-Identifier: MIT */
/*
 * request.c - the operations of the wire protocol, one function each.
 *
 * A payload is what a guest chose: strings are counted before they are used.
 */
#include "xenstored/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>

#include "xenstored/conn.h"

/* A path, a token or an owner, and permissions. */
#define MAX_STRINGS (1 + XS_MAX_PERMS)

struct request {
    struct xs_conn *conn;
    uint32_t id; /* of the transaction */
    struct xs_view view;
    size_t nr; /* strings, up to the first too many */
    const char *string[MAX_STRINGS + 1];
    const char *payload, *end;
    char path[XS_PATH_SIZE]; /* of the first string, if the operation has one */
};

static const struct {
    int number;
    const char *name;
} errors[] = {
    {XEN_EINVAL, "EINVAL"}, {XEN_EACCES, "EACCES"},   {XEN_EEXIST, "EEXIST"},
    {XEN_EISDIR, "EISDIR"}, {XEN_ENOENT, "ENOENT"},   {XEN_ENOMEM, "ENOMEM"},
    {XEN_ENOSPC, "ENOSPC"}, {XEN_EIO, "EIO"},         {XEN_ENOTEMPTY, "ENOTEMPTY"},
    {XEN_ENOSYS, "ENOSYS"}, {XEN_EROFS, "EROFS"},     {XEN_EBUSY, "EBUSY"},
    {XEN_EAGAIN, "EAGAIN"}, {XEN_EISCONN, "EISCONN"}, {XEN_E2BIG, "E2BIG"},
    {XEN_EPERM, "EPERM"},
};

int server_error(const char *name)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].number;
    }
    return XEN_EIO;
}

static const char *error_name(int number)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].number == number)
            return errors[i].name;
    }
    return "EIO";
}

/* Set the reply to a string with its NUL. */
static int reply_string(struct request *r, const char *text)
{
    struct xs_server *server = r->conn->server;

    server->used = snprintf(server->reply, sizeof(server->reply), "%s", text) + 1;
    return 0;
}

static int reply_ok(struct request *r, int rc)
{
    return rc < 0 ? rc : reply_string(r, "OK");
}

static int reply_number(struct request *r, const char *format, unsigned int number)
{
    struct xs_server *server = r->conn->server;

    server->used = snprintf(server->reply, sizeof(server->reply), format, number) + 1;
    return 0;
}

/* A decimal number up to @max; -1 for anything else. */
static long parse_number(const char *text, long max)
{
    long n = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || n > max)
            return -1;
        n = n * 10 + (*text - '0');
    }
    return n <= max ? n : -1;
}

static int do_directory(struct request *r)
{
    struct xs_server *server = r->conn->server;
    size_t size = sizeof(server->reply);

    long rc = view_list(&r->view, r->path, 0, server->reply, &size);
    if (rc < 0)
        return rc;
    if (rc > XENSTORE_PAYLOAD_MAX)
        return -XEN_E2BIG;
    server->used = size;
    return 0;
}

/* The generation, then a part of the list; after its last part a NUL more. */
static int do_directory_part(struct request *r)
{
    struct xs_server *server = r->conn->server;
    const struct xs_node *node;
    long from = parse_number(r->string[1], INT32_MAX);

    if (from < 0)
        return -XEN_EINVAL;
    int rc = view_get(&r->view, r->path, PERM_READ, &node);
    if (rc < 0)
        return rc;
    size_t head = snprintf(server->reply, sizeof(server->reply), "%llu",
                           (unsigned long long)node->generation) +
                  1;
    size_t size = sizeof(server->reply) - head - 1;
    long total = view_list(&r->view, r->path, from, server->reply + head, &size);
    if (total < 0)
        return total;
    server->used = head + size;
    if (from + (long)size >= total)
        server->reply[server->used++] = '\0';
    return 0;
}

static int do_read(struct request *r)
{
    struct xs_server *server = r->conn->server;
    const struct xs_node *node;

    int rc = view_get(&r->view, r->path, PERM_READ, &node);
    if (rc < 0)
        return rc;
    memcpy(server->reply, node->value, node->len);
    server->used = node->len;
    return 0;
}

static int do_write(struct request *r)
{
    const char *value = r->string[0] + strlen(r->string[0]) + 1;

    return reply_ok(r, view_write(&r->view, r->path, value, r->end - value));
}

static int do_mkdir(struct request *r)
{
    return reply_ok(r, view_mkdir(&r->view, r->path));
}

static int do_rm(struct request *r)
{
    return reply_ok(r, view_remove(&r->view, r->path));
}

static const char perm_letters[] = "nrwb"; /* by PERM_ bits */

static int do_get_perms(struct request *r)
{
    struct xs_server *server = r->conn->server;
    const struct xs_node *node;

    int rc = view_get(&r->view, r->path, PERM_READ, &node);
    if (rc < 0)
        return rc;
    for (unsigned int i = 0; i < node->perms.nr; i++)
        server->used +=
            snprintf(server->reply + server->used, 8, "%c%u",
                     perm_letters[node->perms.list[i].bits], node->perms.list[i].domid) +
            1;
    return 0;
}

static int do_set_perms(struct request *r)
{
    struct xs_perms perms = {.nr = r->nr - 1};

    if (perms.nr > XS_MAX_PERMS)
        return -XEN_ENOSPC;
    for (unsigned int i = 0; i < perms.nr; i++) {
        const char *text = r->string[i + 1];
        const char *letter = *text ? strchr(perm_letters, *text) : NULL;
        long domid = letter ? parse_number(text + 1, DOMID_FIRST_RESERVED - 1) : -1;

        if (domid < 0)
            return -XEN_EINVAL;
        perms.list[i].domid = domid;
        perms.list[i].bits = letter - perm_letters;
    }
    return reply_ok(r, view_set_perms(&r->view, r->path, &perms));
}

static int do_watch(struct request *r)
{
    return reply_ok(r, watch_add(r->conn, r->string[0], r->string[1]));
}

static int do_unwatch(struct request *r)
{
    return reply_ok(r, watch_remove(r->conn, r->string[0], r->string[1]));
}

static int do_reset_watches(struct request *r)
{
    watch_reset(r->conn);
    conn_end_transactions(r->conn);
    return reply_ok(r, 0);
}

static struct xs_transaction **find_transaction(struct xs_conn *conn, uint32_t id)
{
    struct xs_transaction **at = &conn->transactions;

    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static int do_transaction_start(struct request *r)
{
    struct xs_conn *conn = r->conn;

    if (r->id)
        return -XEN_EBUSY;
    if (conn->domid != 0 && conn->nr_transactions >= XS_QUOTA_TRANSACTIONS)
        return -XEN_ENOSPC;
    struct xs_transaction *t = transaction_new(conn->account);
    if (!t)
        return -XEN_ENOSPC;
    do {
        t->id = ++conn->last_transaction;
    } while (t->id == 0 || *find_transaction(conn, t->id));
    t->next = conn->transactions;
    conn->transactions = t;
    conn->nr_transactions++;
    return reply_number(r, "%u", t->id);
}

static int do_transaction_end(struct request *r)
{
    struct xs_conn *conn = r->conn;
    bool commit = strcmp(r->string[0], "T") == 0;

    if (!commit && strcmp(r->string[0], "F") != 0)
        return -XEN_EINVAL;
    struct xs_transaction **at = find_transaction(conn, r->id);
    if (!*at)
        return -XEN_ENOENT; /* no number: others have been looked up */
    *at = r->view.transaction->next;
    conn->nr_transactions--;
    if (commit)
        return reply_ok(r, transaction_commit(&r->view));
    transaction_free(r->view.transaction);
    return reply_ok(r, 0);
}

void conn_end_transactions(struct xs_conn *conn)
{
    while (conn->transactions) {
        struct xs_transaction *t = conn->transactions;

        conn->transactions = t->next;
        transaction_free(t);
    }
    conn->nr_transactions = 0;
}

static int do_get_domain_path(struct request *r)
{
    long domid = parse_number(r->string[0], UINT16_MAX);

    return domid < 0 ? -XEN_EINVAL : reply_number(r, "/local/domain/%u", domid);
}

static int do_is_introduced(struct request *r)
{
    long domid = parse_number(r->string[0], DOMID_FIRST_RESERVED - 1);

    if (domid < 0)
        return -XEN_EINVAL;
    const struct xs_conn *conn = r->conn->server->conns;
    while (conn && (conn->domid != domid || !conn->is_domain))
        conn = conn->next;
    return reply_string(r, conn || domid == 0 ? "T" : "F");
}

/* What the tools of domain 0 do by other ways than the protocol. */
static int do_privileged(struct request *r)
{
    return r->conn->domid == 0 ? -XEN_ENOSYS : -XEN_EACCES;
}

static const struct operation {
    int (*run)(struct request *r);
    unsigned int min, max; /* strings; one for WRITE, whose value is not one */
    bool path;             /* the first of them is a path of the tree */
    bool transaction;      /* part of one if the header says so */
} operations[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {do_privileged, 0, MAX_STRINGS, false, false},
    [XS_DIRECTORY] = {do_directory, 1, 1, true, true},
    [XS_READ] = {do_read, 1, 1, true, true},
    [XS_GET_PERMS] = {do_get_perms, 1, 1, true, true},
    [XS_WATCH] = {do_watch, 2, 3, false, false},
    [XS_UNWATCH] = {do_unwatch, 2, 3, false, false},
    [XS_TRANSACTION_START] = {do_transaction_start, 1, 1, false, false},
    [XS_TRANSACTION_END] = {do_transaction_end, 1, 1, false, true},
    [XS_INTRODUCE] = {do_privileged, 0, MAX_STRINGS, false, false},
    [XS_RELEASE] = {do_privileged, 0, MAX_STRINGS, false, false},
    [XS_GET_DOMAIN_PATH] = {do_get_domain_path, 1, 1, false, false},
    [XS_WRITE] = {do_write, 1, 0, true, true},
    [XS_MKDIR] = {do_mkdir, 1, 1, true, true},
    [XS_RM] = {do_rm, 1, 1, true, true},
    [XS_SET_PERMS] = {do_set_perms, 2, MAX_STRINGS + 1, true, true},
    [XS_IS_DOMAIN_INTRODUCED] = {do_is_introduced, 1, 1, false, false},
    [XS_RESUME] = {do_privileged, 0, MAX_STRINGS, false, false},
    [XS_SET_TARGET] = {do_privileged, 0, MAX_STRINGS, false, false},
    [XS_RESET_WATCHES] = {do_reset_watches, 0, 1, false, false},
    [XS_DIRECTORY_PART] = {do_directory_part, 2, 2, true, true},
};

/* Take the payload apart.  False: not as @op wants it. */
static bool split(struct request *r, const struct operation *op)
{
    const char *at = r->payload;

    while (at < r->end && r->nr <= MAX_STRINGS) {
        const char *nul = memchr(at, '\0', r->end - at);

        if (!nul)
            break;
        r->string[r->nr++] = at;
        at = nul + 1;
        if (op->max == 0)
            return true; /* what is behind the path is not text */
    }
    return r->nr >= op->min && (r->nr <= op->max || op->max == 0) &&
           (at == r->end || r->nr > MAX_STRINGS);
}

static int run(struct request *r, uint32_t type)
{
    const struct operation *op = type < XS_TYPE_COUNT ? &operations[type] : NULL;

    if (!op || !op->run)
        return -XEN_ENOSYS;
    if (op->transaction && r->id) {
        r->view.transaction = *find_transaction(r->conn, r->id);
        if (!r->view.transaction)
            return -XEN_ENOENT;
    }
    if (!split(r, op))
        return -XEN_EINVAL;
    int rc = op->path ? path_resolve(r->string[0], r->conn->domid, r->path) : 0;
    return rc < 0 ? rc : op->run(r);
}

void server_request(struct xs_conn *conn, const struct xsd_sockmsg *header, const char *payload)
{
    struct xs_server *server = conn->server;
    struct xsd_sockmsg reply = *header;
    struct request r = {
        .conn = conn,
        .id = header->tx_id,
        .view = {.store = &server->store, .caller = conn->domid},
        .payload = payload,
        .end = payload + header->len,
    };

    server->used = 0;
    int rc = run(&r, header->type);
    if (rc < 0) {
        reply.type = XS_ERROR;
        reply_string(&r, error_name(-rc));
    }
    reply.len = server->used;
    conn_queue(conn, &reply, server->reply, false);
    /* A client may count on the reply coming before the first event. */
    if (header->type == XS_WATCH && rc == 0)
        watch_start(conn);
}
