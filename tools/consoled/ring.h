/* SPDX-License-Identifier: MIT */
/*
 * ring.h - dom0's end of a PV console ring that a guest shares.
 *
 * The guest may write anything to the page at any time.  Hence dom0 keeps its
 * own two indices here and never reads them back, reads each of the guest's
 * two indices once a call, and believes neither: a distance larger than the
 * ring is a broken ring.  No call does more work than the ring is large.
 */
#ifndef TOOLS_CONSOLED_RING_H
#define TOOLS_CONSOLED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Also defines the size of both directions. */
#include <xen/io/console.h>

struct ring {
    struct xencons_interface *shared;
    uint32_t out_cons; /* ours: next byte to take from the guest */
    uint32_t in_prod;  /* ours: next byte to give to the guest */
};

/* ring_init - take over the page at @shared; our indices go on from there. */
void ring_init(struct ring *ring, struct xencons_interface *shared);

/*
 * ring_take - move up to @size bytes of the guest's output to @buf.
 * @broken  set when the guest's index makes no sense; what it claimed is
 *          dropped and the ring goes on from there
 * Returns the number of bytes.
 */
size_t ring_take(struct ring *ring, char *buf, size_t size, bool *broken);

/* ring_has_output - there is something to take. */
bool ring_has_output(const struct ring *ring);

/* ring_give - move up to @size bytes to the guest's input; returns how many. */
size_t ring_give(struct ring *ring, const char *buf, size_t size);

#endif
