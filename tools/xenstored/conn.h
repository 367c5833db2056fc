/* SPDX-License-Identifier: MIT */
/*
 * conn.h - what request.c and server.c know of each other.
 */
#ifndef TOOLS_XENSTORED_CONN_H
#define TOOLS_XENSTORED_CONN_H

#include "xenstored/server.h"

/* conn_queue - queue a message.  @event: may be dropped, see XS_MAX_EVENTS. */
void conn_queue(struct xs_conn *conn, const struct xsd_sockmsg *header, const void *payload,
                bool event);

/* watch_add, watch_remove - @text is what the client calls the path.  0 or an error. */
int watch_add(struct xs_conn *conn, const char *text, const char *token);
int watch_remove(struct xs_conn *conn, const char *text, const char *token);
/* watch_start - the event that every new watch begins with. */
void watch_start(struct xs_conn *conn);
void watch_reset(struct xs_conn *conn);

/* conn_end_transactions - abandon all that are open. */
void conn_end_transactions(struct xs_conn *conn);

#endif
