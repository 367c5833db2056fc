/* SPDX-License-Identifier: MIT */
/*
 * p2m.h - guest frame to machine frame of an HVM domain: one radix tree in
 * EPT entry format, walked by the hardware (EPT) or by us (shadow).
 * p2m->lock covers it.
 */
#ifndef ASM_P2M_H
#define ASM_P2M_H

#include <asm/addr.h>
#include <cairn/spinlock.h>
#include <cairn/types.h>

struct domain;

enum p2m_type {
    P2M_none,
    P2M_ram_rw,
    P2M_ram_ro,
    P2M_mmio,
    P2M_grant,
    P2M_shared_xen,
    P2M_grant_ro
};

struct p2m {
    spinlock_t lock;
    struct domain *domain;
    mfn_t root; /* top-level table */
    uint64_t eptp;
    unsigned long nr_tables; /* pages used for the tree */
    uint64_t max_gfn;        /* highest ever mapped */
    uint64_t teardown_gfn;   /* progress */
    bool flush_owed;         /* the TLB may hold removed entries: INVEPT before the next entry */
};

int p2m_init(struct domain *d);
int p2m_teardown(struct domain *d); /* resumable, -ERESTART: frees the tree (not the RAM) */
/* p2m_lookup - @type may be NULL.  INVALID_MFN if nothing is there. Takes the lock itself. */
mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type);
/* The same; 1 << *@order frames in a row, from an aligned one, are alike. */
mfn_t p2m_lookup_order(struct domain *d, gfn_t gfn, enum p2m_type *type, unsigned int *order);
/* p2m_set - map 1 << @order frames (0, 9, 18; aligned), or unmap with P2M_none.
 * 0, -EINVAL, -ENOMEM (nothing changed). */
int p2m_set(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type);

#endif
