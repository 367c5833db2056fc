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

static inline bool p2m_is_readonly(enum p2m_type type)
{
    return type == P2M_ram_ro || type == P2M_grant_ro;
}

struct p2m {
    spinlock_t change; /* physmap.c */
    spinlock_t lock;   /* the tree */
    struct domain *domain;
    mfn_t root; /* top-level table */
    uint64_t eptp;
    unsigned long nr_tables; /* pages used for the tree */
    uint64_t max_gfn;        /* highest ever mapped */
    bool taken_away;         /* by the ept_set() under way */
};

int p2m_init(struct domain *d);
int p2m_teardown(struct domain *d); /* resumable, -ERESTART: frees the tree (not the RAM) */
/* p2m_lookup - @type may be NULL.  INVALID_MFN if nothing is there. Takes the lock itself. */
mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type);
/* The same; 1 << *@order frames in a row, from an aligned one, are alike. */
mfn_t p2m_lookup_order(struct domain *d, gfn_t gfn, enum p2m_type *type, unsigned int *order);
/* p2m_map - where the hypervisor reaches a frame, for a short access: NULL if there
 * is none (or it is not writable), else with the lock held, so that the frame stays
 * the guest's until p2m_unmap(). */
void *p2m_map(struct domain *d, gfn_t gfn, bool write);
void p2m_unmap(struct domain *d);
/* p2m_set - map 1 << @order frames (0, 9, 18; aligned), or unmap with P2M_none.
 * 0, -EINVAL, -ENOMEM (nothing changed). */
int p2m_set(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type);

#endif
