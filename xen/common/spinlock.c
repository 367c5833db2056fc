/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - spin locks.  Taking a lock that this CPU already holds is
 * always reported; debug builds also check the order of levels.
 */
#include <cairn/spinlock.h>

#include <asm/current.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <cairn/lib.h>

static bool checks_off;

#ifdef CAIRN_DEBUG
#define MAX_HELD 16
struct held_locks {
    unsigned int nr;
    const spinlock_t *lock[MAX_HELD];
};
static DEFINE_PER_CPU(struct held_locks, held_locks);

static void check_order(const spinlock_t *l)
{
    const struct held_locks *h = &this_cpu(held_locks);

    for (unsigned int i = 0; i < h->nr && !checks_off; i++)
        if (h->lock[i]->level > l->level || (h->lock[i]->level == l->level && h->lock[i] > l))
            panic("lock order: level %u wanted while holding level %u", l->level,
                  h->lock[i]->level);
}

static void note_taken(const spinlock_t *l)
{
    struct held_locks *h = &this_cpu(held_locks);

    if (checks_off)
        return;
    if (h->nr == MAX_HELD)
        panic("more than %u locks held", MAX_HELD);
    h->lock[h->nr++] = l;
}

static void note_released(const spinlock_t *l)
{
    struct held_locks *h = &this_cpu(held_locks);

    for (unsigned int i = checks_off ? 0 : h->nr; i-- > 0;)
        if (h->lock[i] == l) {
            h->lock[i] = h->lock[--h->nr];
            return;
        }
}
#else
static void check_order(const spinlock_t *l) {}
static void note_taken(const spinlock_t *l) {}
static void note_released(const spinlock_t *l) {}
#endif

void spin_lock_checks_off(void)
{
    checks_off = true;
}

static bool try_take(spinlock_t *l)
{
    uint32_t expected = 0;

    return __atomic_compare_exchange_n(&l->held, &expected, smp_processor_id() + 1, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static noinline void wait_for(spinlock_t *l)
{
    if (checks_off)
        return;
    if (l->held == smp_processor_id() + 1)
        panic("lock at %p of level %u taken twice", (void *)l, l->level);
    do {
        smp_poll(); /* its holder may be waiting for us */
        cpu_relax();
    } while (!try_take(l));
}

void spin_lock(spinlock_t *l)
{
    check_order(l);
    if (unlikely(!try_take(l)))
        wait_for(l);
    note_taken(l);
}

bool spin_trylock(spinlock_t *l)
{
    if (!try_take(l))
        return false;
    note_taken(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    note_released(l);
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

unsigned long spin_lock_irqsave(spinlock_t *l)
{
    unsigned long flags = local_irq_save();

    spin_lock(l);
    return flags;
}

void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags)
{
    spin_unlock(l);
    local_irq_restore(flags);
}
