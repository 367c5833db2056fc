/* SPDX-License-Identifier: MIT */
/*
 * server.h - xenstore's clients: requests, replies, watches.
 *
 * A connection belongs to a domain; domain 0 may have several.  It is given
 * whole requests and queues whole messages, which its transport takes away.
 * Nothing here knows of rings or switches threads.
 */
#ifndef TOOLS_XENSTORED_SERVER_H
#define TOOLS_XENSTORED_SERVER_H

#include "xenstored/store.h"

/* Bytes of watch events that wait for a client; more are dropped. */
#define XS_MAX_EVENTS (16u * 1024)

struct xs_message {
    struct xs_message *next;
    size_t size;               /* of what follows, header and payload */
    size_t sent;               /* for the transport's use */
    struct xsd_sockmsg header; /* and behind it the payload */
};

/* xs_payload - the bytes behind a message's header. */
static inline char *xs_payload(struct xs_message *message)
{
    return (char *)(&message->header + 1);
}

struct xs_watch {
    struct xs_watch *next;
    size_t relative; /* bytes of an event's path that its client does not see */
    char *token;
    char path[]; /* canonical; behind its end the token */
};

struct xs_server {
    struct xs_store store;
    struct xs_conn *conns;
    size_t used; /* of the reply that is being made */
    char reply[XENSTORE_PAYLOAD_MAX];
};

struct xs_conn {
    struct xs_conn *next;
    struct xs_server *server;
    struct xs_account *account;
    domid_t domid;
    bool is_domain; /* a domain with a ring, which IS_DOMAIN_INTRODUCED sees */
    bool lossy;     /* events were dropped, which was said */
    bool broken;    /* a reply could not be queued: no memory */
    unsigned int nr_watches, nr_transactions;
    uint32_t last_transaction;
    struct xs_watch *watches;
    struct xs_transaction *transactions;
    struct xs_message *first, **last;
    size_t event_bytes;
};

/* server_init - an empty store.  0 or -XEN_ENOMEM. */
int server_init(struct xs_server *server);

/* server_connect - NULL without memory.  server_disconnect() undoes it. */
struct xs_conn *server_connect(struct xs_server *server, domid_t domid, bool is_domain);
void server_disconnect(struct xs_conn *conn);
/* server_reset - forget its watches, transactions and messages. */
void server_reset(struct xs_conn *conn);

/*
 * server_request - do what a client asks and queue the reply.
 * @payload  header->len bytes, at most XENSTORE_PAYLOAD_MAX
 */
void server_request(struct xs_conn *conn, const struct xsd_sockmsg *header, const char *payload);

/* server_pop - take the first message away; the caller frees it. */
struct xs_message *server_pop(struct xs_conn *conn);

/* server_event - special event @name, such as "@releaseDomain". */
void server_event(struct xs_server *server, const char *name);

/* server_error - number of an error's name, as in "ENOENT"; EIO for others. */
int server_error(const char *name);

#endif
