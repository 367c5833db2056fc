/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - spin locks and their order.
 *
 * Order, outermost first; taking a lock whose level is not above every lock
 * already held by this CPU is a bug that debug builds report.  Locks of one
 * level nest only by ascending address.
 */
#ifndef CAIRN_SPINLOCK_H
#define CAIRN_SPINLOCK_H

#include <cairn/types.h>

enum lock_level {
    LOCK_DOMCTL = 1, /* domctl_lock: one control operation at a time */
    LOCK_MAPTRACK,   /* gt->map_lock: what a domain has mapped by grants */
    LOCK_DOMAIN,     /* d->lock */
    LOCK_EVENT,      /* d->event_lock */
    LOCK_GRANT,      /* gt->lock: a domain's grant entries */
    LOCK_DEVICES,    /* hvm/devices.c: an HVM guest's devices; vlapic.c: a timer's registers */
    LOCK_PHYSMAP,    /* p2m.change: looking at an HVM guest's memory map and changing it */
    LOCK_PAGING,     /* d->arch.paging_lock: page-type changes, shadow */
    LOCK_P2M,        /* d->arch.p2m.lock; inside another's PAGING for a foreign map */
    LOCK_PAGE_ALLOC, /* d->page_alloc_lock: d's page list and counts */
    LOCK_HEAP,       /* the buddy allocator, the small heap */
    LOCK_DOMLIST,    /* domlist: the list of domains; put_domain() wants it last */
    LOCK_SCHED,      /* a CPU's run queue */
    LOCK_TIMER,      /* a CPU's timer heap */
    LOCK_CONSOLE,    /* console ring and UART: anything may print */
};

typedef struct spinlock {
    volatile uint32_t held; /* 0 free, else CPU number + 1 */
    uint8_t level;          /* enum lock_level */
} spinlock_t;

#define DEFINE_SPINLOCK(name, lvl) spinlock_t name = {.level = (lvl)}

static inline void spin_lock_init(spinlock_t *l, enum lock_level level)
{
    l->held = 0;
    l->level = level;
}

void spin_lock(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
unsigned long spin_lock_irqsave(spinlock_t *l); /* returns RFLAGS */
void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags);
/* scoped_lock - hold @l from here to the end of the block, however it is left. */
#define scoped_lock(l)           SCOPED_LOCK_(l, __COUNTER__)
#define SCOPED_LOCK_(l, n)       SCOPED_LOCK_NAMED_(l, n)
#define SCOPED_LOCK_NAMED_(l, n) spinlock_t *scoped_##n __cleanup(spin_unlock_at) = spin_lock_ptr(l)
static inline spinlock_t *spin_lock_ptr(spinlock_t *l)
{
    spin_lock(l);
    return l;
}
static inline void spin_unlock_at(spinlock_t **l)
{
    spin_unlock(*l);
}
/* From a panic on: locks are taken whoever holds them, nothing is checked. */
void spin_lock_checks_off(void);

#endif
