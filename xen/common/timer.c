/* SPDX-License-Identifier: MIT */
/*
 * timer.c - the timers of a CPU: a heap under a lock, the hardware armed for
 * the earliest, handlers run in a softirq.
 */
#include <cairn/time.h>

#include <asm/current.h>
#include <asm/processor.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <cairn/spinlock.h>

struct timer_heap {
    spinlock_t lock;
    struct timer *root;
};
static DEFINE_PER_CPU(struct timer_heap, timer_heap) = {.lock = SPIN_LOCK_INIT(LOCK_TIMER)};

static void rearm(const struct timer_heap *h)
{
    reprogram_timer(h->root ? h->root->expires : 0);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
    *t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}

void timer_set(struct timer *t, s_time_t expires)
{
    struct timer_heap *h = &this_cpu(timer_heap);
    unsigned long flags = spin_lock_irqsave(&h->lock);
    s_time_t armed_for = h->root ? h->root->expires : 0;

    if (t->expires)
        h->root = timer_heap_remove(h->root, t);
    t->expires = max(expires, (s_time_t)1);
    h->root = timer_heap_insert(h->root, t);
    if (h->root->expires != armed_for)
        rearm(h);
    spin_unlock_irqrestore(&h->lock, flags);
}

void timer_stop(struct timer *t)
{
    struct timer_heap *h = &this_cpu(timer_heap);
    unsigned long flags = spin_lock_irqsave(&h->lock);

    /* The hardware may fire once for nothing; cheaper than arming it anew. */
    if (t->expires)
        h->root = timer_heap_remove(h->root, t);
    spin_unlock_irqrestore(&h->lock, flags);
}

static void timer_softirq(void)
{
    struct timer_heap *h = &this_cpu(timer_heap);
    unsigned long flags = spin_lock_irqsave(&h->lock);

    while (h->root && h->root->expires <= NOW()) {
        struct timer *t = h->root;
        h->root = timer_heap_remove(h->root, t);
        spin_unlock_irqrestore(&h->lock, flags);
        t->fn(t->arg);
        flags = spin_lock_irqsave(&h->lock);
    }
    rearm(h);
    spin_unlock_irqrestore(&h->lock, flags);
}

void timers_init(void)
{
    softirq_open(TIMER_SOFTIRQ, timer_softirq);
}
