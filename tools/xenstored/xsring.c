/* SPDX-License-Identifier: MIT */
/* xsring.c - see xsring.h.  Pure but for the shared page. */
#include "xenstored/xsring.h"

#include <string.h>

void xsring_init(struct xsring *ring, struct xenstore_domain_interface *shared)
{
    memset(ring, 0, sizeof(*ring));
    ring->shared = shared;
    ring->req_cons = shared->req_cons; /* not zero in a restored domain */
    ring->rsp_prod = shared->rsp_prod;
    shared->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
}

void xsring_fail(struct xsring *ring, uint32_t error)
{
    ring->error = error;
    __atomic_store_n(&ring->shared->error, error, __ATOMIC_RELEASE);
}

bool xsring_wants_reset(const struct xsring *ring)
{
    return __atomic_load_n(&ring->shared->connection, __ATOMIC_ACQUIRE) == XENSTORE_RECONNECT;
}

void xsring_reset(struct xsring *ring)
{
    struct xenstore_domain_interface *shared = ring->shared;

    ring->req_cons = ring->rsp_prod = 0;
    ring->have = 0;
    ring->error = XENSTORE_ERROR_NONE;
    shared->req_cons = shared->req_prod = shared->rsp_cons = shared->rsp_prod = 0;
    shared->error = XENSTORE_ERROR_NONE;
    /* Release: the guest looks at the rest when it sees this. */
    __atomic_store_n(&shared->connection, XENSTORE_CONNECTED, __ATOMIC_RELEASE);
}

/* How many bytes the guest has put in; puts the ring out of use for a lie. */
static size_t ready(struct xsring *ring)
{
    /* Acquire: the bytes are read after the index that announced them. */
    uint32_t prod = __atomic_load_n(&ring->shared->req_prod, __ATOMIC_ACQUIRE);

    if (prod - ring->req_cons <= XENSTORE_RING_SIZE)
        return prod - ring->req_cons;
    xsring_fail(ring, XENSTORE_ERROR_RINGIDX);
    return 0;
}

bool xsring_is_between(const struct xsring *ring)
{
    return ring->have == 0 || (ring->have >= sizeof(ring->header) &&
                               ring->have == sizeof(ring->header) + ring->header.len);
}

bool xsring_has_request(const struct xsring *ring)
{
    return !ring->error &&
           __atomic_load_n(&ring->shared->req_prod, __ATOMIC_ACQUIRE) != ring->req_cons;
}

/* Move in up to @nr bytes that @to wants; returns how many are still wanted. */
static size_t fill(struct xsring *ring, char *to, size_t want, size_t *nr)
{
    const volatile char *req = ring->shared->req;

    for (; want && *nr; want--, (*nr)--, ring->have++)
        *to++ = req[MASK_XENSTORE_IDX(ring->req_cons++)];
    return want;
}

bool xsring_take(struct xsring *ring, bool *moved)
{
    const size_t head = sizeof(ring->header);
    size_t nr = ring->error ? 0 : ready(ring);
    bool whole = false;

    if (ring->have >= head && ring->have == head + ring->header.len)
        ring->have = 0;
    if (nr == 0)
        return false;
    *moved = true;
    if (ring->have < head)
        fill(ring, (char *)&ring->header + ring->have, head - ring->have, &nr);
    if (ring->have >= head && ring->header.len > XENSTORE_PAYLOAD_MAX) {
        xsring_fail(ring, XENSTORE_ERROR_PROTO);
    } else if (ring->have >= head) {
        size_t at = ring->have - head;

        whole = fill(ring, ring->payload + at, ring->header.len - at, &nr) == 0;
    }
    /* Release: the guest may reuse the bytes as soon as it sees this. */
    __atomic_store_n(&ring->shared->req_cons, ring->req_cons, __ATOMIC_RELEASE);
    return whole;
}

size_t xsring_give(struct xsring *ring, const void *bytes, size_t size)
{
    volatile char *rsp = ring->shared->rsp;
    const char *from = bytes;
    uint32_t used = ring->rsp_prod - __atomic_load_n(&ring->shared->rsp_cons, __ATOMIC_ACQUIRE);

    if (ring->error)
        return 0;
    if (used > XENSTORE_RING_SIZE) {
        xsring_fail(ring, XENSTORE_ERROR_RINGIDX);
        return 0;
    }
    size_t nr = size < XENSTORE_RING_SIZE - used ? size : XENSTORE_RING_SIZE - used;
    for (size_t i = 0; i < nr; i++)
        rsp[MASK_XENSTORE_IDX(ring->rsp_prod + i)] = from[i];
    ring->rsp_prod += nr;
    __atomic_store_n(&ring->shared->rsp_prod, ring->rsp_prod, __ATOMIC_RELEASE);
    return nr;
}
