/* SPDX-License-Identifier: MIT */
/*
 * A small client of xenstore: one request at a time, polling its ring.  Also
 * open to tests that put what they like into the ring.
 */
#ifndef GUEST_XENSTORE_H
#define GUEST_XENSTORE_H

#include <guest/lib.h>

#include <xen/io/xs_wire.h>

struct xenstore {
    volatile struct xenstore_domain_interface *page;
    uint32_t port;
    uint32_t request; /* number of the last one */
    char event[256];  /* the first event not yet taken, "path" and "token" with their NULs */
    bool has_event;
};

extern struct xenstore xenstore;

/* Find the ring.  False: the toolstack gave none. */
bool xenstore_init(void);

/*
 * Send a request and wait for its reply.
 * reply  receives the payload with a NUL behind it, cut to size
 * Returns the payload's length; -XEN_E* for an error; -XEN_EIO if the server
 * does not answer within many yields, or with something else.
 */
long xenstore_request(uint32_t type, uint32_t tx, const void *payload, size_t len, char *reply,
                      size_t size);

/* The same for one string with its NUL, and for a write. */
long xenstore_ask(uint32_t type, uint32_t tx, const char *text, char *reply, size_t size);
long xenstore_write(uint32_t tx, const char *path, const char *value);

/* Wait for an event: its path, with the token behind the NUL.  NULL: none came. */
const char *xenstore_event(unsigned int yields);

/* Have the server forget all and begin anew. */
bool xenstore_reconnect(void);

/* Yield until *word is value, within reason. */
bool xenstore_wait_for(volatile uint32_t *word, uint32_t value);

/* Say data/ready, and go on when data/go is there.  Meanwhile this domain may be
 * saved and restored.  False: no xenstore. */
bool xenstore_await_go(void);

#endif /* GUEST_XENSTORE_H */
