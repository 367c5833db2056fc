/* SPDX-License-Identifier: MIT */
/*
 * xsring.h - the server's end of a xenstore ring that a guest shares.
 *
 * As for the console's ring the guest may write anything at any time: the
 * server's indices are kept here and never read back, the guest's are read
 * once a call and not believed.  An index or a length that makes no sense is
 * an error, after which the ring stays unused until the guest reconnects.
 */
#ifndef TOOLS_XENSTORED_XSRING_H
#define TOOLS_XENSTORED_XSRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

struct xsring {
    struct xenstore_domain_interface *shared;
    uint32_t req_cons, rsp_prod; /* ours */
    uint32_t error;              /* XENSTORE_ERROR_*; not NONE: out of use */
    size_t have;                 /* bytes of the request that is coming in */
    struct xsd_sockmsg header;
    char payload[XENSTORE_PAYLOAD_MAX];
};

/* xsring_init - take over the page at @shared; its request was not answered yet. */
void xsring_init(struct xsring *ring, struct xenstore_domain_interface *shared);

/*
 * xsring_take - move bytes of a request in; sets *@moved if there were any.
 * Returns true when @header and @payload hold a whole one, which the next call
 * forgets.
 */
bool xsring_take(struct xsring *ring, bool *moved);

/* xsring_is_between - no part of a request has been taken without the rest. */
bool xsring_is_between(const struct xsring *ring);

/* xsring_has_request - there is something to take. */
bool xsring_has_request(const struct xsring *ring);

/* xsring_give - move up to @size bytes to the guest; returns how many. */
size_t xsring_give(struct xsring *ring, const void *bytes, size_t size);

/* xsring_fail - put the ring out of use and let the guest see why. */
void xsring_fail(struct xsring *ring, uint32_t error);

/*
 * xsring_wants_reset - the guest asks to reconnect.  xsring_reset() does it:
 * the ring is empty and in use again.
 */
bool xsring_wants_reset(const struct xsring *ring);
void xsring_reset(struct xsring *ring);

#endif
