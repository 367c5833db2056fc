/* SPDX-License-Identifier: MIT */
/*
 * timer.c - the timers of each CPU: a heap under a lock, the hardware armed
 * for the earliest, handlers run in a softirq.
 *
 * A timer belongs to t->cpu, where its handler runs; any CPU may set and stop
 * it.  t->cpu changes only in timer_set_here(), under the heap's lock.
 */
#include <cairn/time.h>

#include <asm/current.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <cairn/spinlock.h>

struct timer_heap {
    spinlock_t lock;
    struct timer *root;
    struct timer *running; /* its handler is being called */
};
static DEFINE_PER_CPU(struct timer_heap, timer_heap);

static void rearm(const struct timer_heap *h)
{
    reprogram_timer(h->root ? h->root->expires : 0);
}

/* The heap that @t belongs to, locked, interrupts off. */
static struct timer_heap *lock_heap(const struct timer *t, unsigned long *flags)
{
    for (;;) {
        unsigned int cpu = ACCESS_ONCE(t->cpu);
        struct timer_heap *h = &per_cpu(timer_heap, cpu);

        *flags = spin_lock_irqsave(&h->lock);
        if (likely(t->cpu == cpu))
            return h;
        spin_unlock_irqrestore(&h->lock, *flags);
    }
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
    *t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}

void timer_set(struct timer *t, s_time_t expires)
{
    unsigned long flags;
    struct timer_heap *h = lock_heap(t, &flags);
    s_time_t armed_for = h->root ? h->root->expires : 0;

    if (t->expires)
        h->root = timer_heap_remove(h->root, t);
    if (likely(!t->dead)) {
        t->expires = max(expires, (s_time_t)1);
        h->root = timer_heap_insert(h->root, t);
        if (h->root->expires != armed_for) {
            if (t->cpu == smp_processor_id())
                rearm(h);
            else
                softirq_raise_on(t->cpu, TIMER_SOFTIRQ); /* it arms its own */
        }
    }
    spin_unlock_irqrestore(&h->lock, flags);
}

void timer_stop(struct timer *t)
{
    unsigned long flags;
    struct timer_heap *h = lock_heap(t, &flags);

    /* The hardware may fire once for nothing; cheaper than arming it anew. */
    if (t->expires)
        h->root = timer_heap_remove(h->root, t);
    spin_unlock_irqrestore(&h->lock, flags);
}

void timer_set_here(struct timer *t, s_time_t expires)
{
    if (unlikely(ACCESS_ONCE(t->cpu) != smp_processor_id())) {
        unsigned long flags;
        struct timer_heap *h = lock_heap(t, &flags);

        if (t->expires)
            h->root = timer_heap_remove(h->root, t);
        t->cpu = smp_processor_id();
        spin_unlock_irqrestore(&h->lock, flags);
    }
    timer_set(t, expires);
}

void timer_kill(struct timer *t)
{
    unsigned long flags;
    struct timer_heap *h = lock_heap(t, &flags);

    t->dead = true;
    if (t->expires)
        h->root = timer_heap_remove(h->root, t);
    spin_unlock_irqrestore(&h->lock, flags);
    /* It may have moved here from the CPU where its handler is still running. */
    for_each_online_cpu(cpu)
        while (ACCESS_ONCE(per_cpu(timer_heap, cpu).running) == t) {
            smp_poll();
            cpu_relax();
        }
}

static void timer_softirq(void)
{
    struct timer_heap *h = &this_cpu(timer_heap);
    unsigned long flags = spin_lock_irqsave(&h->lock);

    while (h->root && h->root->expires <= NOW()) {
        struct timer *t = h->root;
        h->root = timer_heap_remove(h->root, t);
        h->running = t;
        spin_unlock_irqrestore(&h->lock, flags);
        t->fn(t->arg);
        flags = spin_lock_irqsave(&h->lock);
        __atomic_store_n(&h->running, NULL, __ATOMIC_RELEASE);
    }
    rearm(h);
    spin_unlock_irqrestore(&h->lock, flags);
}

void timer_cpu_init(unsigned int cpu)
{
    spin_lock_init(&per_cpu(timer_heap, cpu).lock, LOCK_TIMER);
}

void timers_init(void)
{
    timer_cpu_init(0);
    softirq_open(TIMER_SOFTIRQ, timer_softirq);
}
