/* SPDX-License-Identifier: MIT */
/*
 * timer.c - timers of a CPU in a pairing heap, earliest at the root.  The
 * links are in struct timer, so there is no limit and nothing to allocate.
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

/* The later of two roots becomes the first child of the earlier. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->expires < a->expires) {
        struct timer *t = a;
        a = b;
        b = t;
    }
    b->prev = a;
    b->sibling = a->child;
    if (a->child)
        a->child->prev = b;
    a->child = b;
    return a;
}

/* Meld a list of siblings: by pairs left to right, then right to left. */
static struct timer *meld_siblings(struct timer *list)
{
    struct timer *pairs = NULL, *root = NULL;

    while (list) {
        struct timer *a = list, *b = a->sibling;
        list = b ? b->sibling : NULL;
        a->sibling = a->prev = NULL;
        if (b)
            b->sibling = b->prev = NULL;
        a = meld(a, b);
        a->sibling = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *next = pairs->sibling;
        pairs->sibling = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

static void heap_remove(struct timer_heap *h, struct timer *t)
{
    struct timer *rest = meld_siblings(t->child);

    if (t == h->root) {
        h->root = rest;
    } else {
        if (t->prev->child == t)
            t->prev->child = t->sibling;
        else
            t->prev->sibling = t->sibling;
        if (t->sibling)
            t->sibling->prev = t->prev;
        h->root = meld(h->root, rest);
    }
    t->child = t->sibling = t->prev = NULL;
    t->expires = 0;
}

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
        heap_remove(h, t);
    t->expires = max(expires, (s_time_t)1);
    h->root = meld(h->root, t);
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
        heap_remove(h, t);
    spin_unlock_irqrestore(&h->lock, flags);
}

static void timer_softirq(void)
{
    struct timer_heap *h = &this_cpu(timer_heap);
    unsigned long flags = spin_lock_irqsave(&h->lock);

    while (h->root && h->root->expires <= NOW()) {
        struct timer *t = h->root;
        heap_remove(h, t);
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
