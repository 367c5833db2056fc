/* SPDX-License-Identifier: MIT */
/* memory_private.h - between the files of XENMEM_*. */
#ifndef MEMORY_PRIVATE_H
#define MEMORY_PRIVATE_H

#include <cairn/domain.h>
#include <cairn/hypercall.h>
#include <xen/memory.h>

/* Largest extent: bounds what one step zeroes or frees. */
#define MAX_EXTENT_ORDER 9

/* memory_target - may the current domain do this to @domid's memory?  With a
 * reference; NULL: *@rc says why. */
struct domain *memory_target(domid_t domid, long *rc);

/* MEMF_* for what the caller asks of the place of new memory. */
unsigned int memory_memf(const struct xen_memory_reservation *r);

/* ---- memory_physmap.c, memory_exchange.c: as arg_op's fn; no lock held; 0, -ERESTART with
 * the progress in @arg, or as the public headers say.  @start: elements of a batch done ---- */
long memory_add_one(struct domain *d, void *arg);
long memory_add_batch(unsigned long start, unsigned long arg);
long memory_remove_one(struct domain *d, void *arg);
long memory_exchange(struct domain *caller, void *arg);

/* A command that goes on with element @i. */
#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK     ((1u << MEMOP_EXTENT_SHIFT) - 1)
static inline long memory_continue(unsigned int op, unsigned long i)
{
    hypercall_set_arg(0, op | i << MEMOP_EXTENT_SHIFT);
    return -ERESTART;
}

#endif
