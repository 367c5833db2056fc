/* SPDX-License-Identifier: MIT */
/*
 * ring.c - see ring.h.  Pure but for the shared page.
 */
#include "consoled/ring.h"

#define OUT_SIZE (sizeof(((struct xencons_interface *)0)->out))
#define IN_SIZE  (sizeof(((struct xencons_interface *)0)->in))

void ring_init(struct ring *ring, struct xencons_interface *shared)
{
    ring->shared = shared;
    ring->out_cons = shared->out_cons;
    ring->in_prod = shared->in_prod;
}

bool ring_has_output(const struct ring *ring)
{
    return __atomic_load_n(&ring->shared->out_prod, __ATOMIC_ACQUIRE) != ring->out_cons;
}

size_t ring_take(struct ring *ring, char *buf, size_t size, bool *broken)
{
    const volatile char *out = ring->shared->out;
    /* Acquire: the bytes are read after the index that announced them. */
    uint32_t prod = __atomic_load_n(&ring->shared->out_prod, __ATOMIC_ACQUIRE);
    size_t ready = prod - ring->out_cons;

    if (ready > OUT_SIZE) {
        *broken = true;
        ring->out_cons = prod;
        ready = 0;
    }
    size_t nr = ready < size ? ready : size;
    for (size_t i = 0; i < nr; i++)
        buf[i] = out[MASK_XENCONS_IDX(ring->out_cons + i, ring->shared->out)];
    ring->out_cons += nr;
    /* Release: the guest may reuse the bytes as soon as it sees this. */
    __atomic_store_n(&ring->shared->out_cons, ring->out_cons, __ATOMIC_RELEASE);
    return nr;
}

size_t ring_give(struct ring *ring, const char *buf, size_t size)
{
    volatile char *in = ring->shared->in;
    uint32_t cons = __atomic_load_n(&ring->shared->in_cons, __ATOMIC_ACQUIRE);
    size_t used = ring->in_prod - cons;
    size_t room = used > IN_SIZE ? 0 : IN_SIZE - used;
    size_t nr = size < room ? size : room;

    for (size_t i = 0; i < nr; i++)
        in[MASK_XENCONS_IDX(ring->in_prod + i, ring->shared->in)] = buf[i];
    ring->in_prod += nr;
    __atomic_store_n(&ring->shared->in_prod, ring->in_prod, __ATOMIC_RELEASE);
    return nr;
}
