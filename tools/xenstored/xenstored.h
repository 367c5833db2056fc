/* SPDX-License-Identifier: MIT */
/*
 * xenstored.h - the xenstore daemon: guests' rings, and domain 0's own use.
 *
 * Threads are cooperative; only xenstored_main() switches.
 */
#ifndef TOOLS_XENSTORED_XENSTORED_H
#define TOOLS_XENSTORED_XENSTORED_H

#include "libctl/libctl.h"
#include "xenstored/server.h"

/* xenstored_main - the thread; never returns.  @arg is not used. */
void xenstored_main(void *arg);
/*
 * xenstored_step - one bounded pass: at most one request of each guest.
 * Returns true if there is more to do at once.
 */
bool xenstored_step(void);

/*
 * xenstored_introduce - serve @domid by the ring at @frame (as for
 * plat_map_foreign()) and its port @port.  0 or -XEN_E*.
 * xenstored_release - no more, and forget what it owns; to be called before
 * the domain is destroyed.  Harmless for a domain that was not introduced.
 */
int xenstored_introduce(domid_t domid, uint64_t frame, uint32_t port);
void xenstored_release(domid_t domid);
/* xenstored_ended - the domain has shut down, but is still there. */
void xenstored_ended(void);
/* xenstored_used - the domain has made a request. */
bool xenstored_used(domid_t domid);

/* xenstored_quiet - nothing of its requests and replies is half done. */
bool xenstored_quiet(domid_t domid);

/* xenstored_open - a connection of domain 0, for server_disconnect(); or NULL. */
struct xs_conn *xenstored_open(void);

/*
 * xenstored_call - a request of domain 0 and its reply.
 * @payload   formatted as by printf(); "%c" with 0 separates strings
 * @reply     receives the message, which the caller frees; NULL: not wanted
 * Returns 0 or -XEN_E*.  Events that come meanwhile stay queued.
 */
int xenstored_call(struct xs_conn *conn, uint32_t type, uint32_t transaction,
                   struct xs_message **reply, const char *payload, ...)
    __attribute__((format(printf, 5, 6)));

#endif
