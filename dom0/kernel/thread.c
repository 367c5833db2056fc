/* SPDX-License-Identifier: MIT */
/*
 * thread.c - cooperative threads, the scheduler, and being idle.
 *
 * `wakeups' counts everything that happens.  A waiting thread runs again when
 * the count has moved since it began to wait, or when its time is over; events
 * are counted only inside schedule(), so none is lost between a caller's check
 * and its plat_wait().  Threads are never freed: one that ended gives its
 * stack to the next.
 */
#include "kernel/thread.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/events.h"
#include "kernel/kernel.h"
#include "kernel/mm.h"
#include "kernel/time.h"
#include "plat.h"

#define STACK_PAGES 24

enum thread_state {
    THREAD_READY,
    THREAD_WAITING,
    THREAD_DEAD,
};

struct thread {
    void *sp; /* while not running */
    const char *name;
    enum thread_state state;
    uint64_t seen;     /* `wakeups' when it began to wait */
    uint64_t deadline; /* in ns of plat_now_ns(), UINT64_MAX for none */
    int saved_errno;   /* all threads share newlib's reentrancy structure */
    void (*fn)(void *arg);
    void *arg;
    unsigned long stack;
    struct thread *next; /* ring of all threads */
};

/* entry.S */
void thread_switch(void **save, void *load);
void thread_entry(void);
void thread_main(void) __attribute__((noreturn));

static struct thread main_thread = {.name = "main", .next = &main_thread};
static struct thread *current = &main_thread;
static uint64_t wakeups;

const void *thread_self(void)
{
    return current;
}

const char *thread_name(void)
{
    return current->name;
}

static bool thread_can_run(const struct thread *t, uint64_t now)
{
    return t->state == THREAD_READY ||
           (t->state == THREAD_WAITING && (t->seen != wakeups || now >= t->deadline));
}

/* The next thread in turn, the current one last; NULL if none can run. */
static struct thread *pick(uint64_t now)
{
    struct thread *t = current;

    do {
        t = t->next;
        if (thread_can_run(t, now))
            return t;
    } while (t != current);
    return NULL;
}

static uint64_t next_deadline(void)
{
    uint64_t first = UINT64_MAX;
    const struct thread *t = current;

    do {
        t = t->next;
        if (t->state == THREAD_WAITING && t->deadline < first)
            first = t->deadline;
    } while (t != current);
    return first;
}

static void switch_to(struct thread *t)
{
    struct thread *old = current;

    t->state = THREAD_READY;
    if (t == old)
        return;
    old->saved_errno = errno;
    current = t;
    thread_switch(&old->sp, t->sp);
    errno = current->saved_errno;
}

static void schedule(void)
{
    for (;;) {
        if (events_dispatch())
            wakeups++;

        struct thread *t = pick(plat_now_ns());

        if (t) {
            switch_to(t);
            return;
        }
        events_idle(next_deadline());
    }
}

void plat_wait(int timeout_ms)
{
    current->seen = wakeups;
    current->deadline = timeout_ms < 0 ? UINT64_MAX : plat_now_ns() + timeout_ms * 1000000ULL;
    current->state = THREAD_WAITING;
    schedule();
}

void plat_wake(void)
{
    wakeups++;
}

void plat_yield(void)
{
    schedule();
}

void thread_main(void)
{
    errno = 0;
    current->fn(current->arg);
    current->state = THREAD_DEAD;
    schedule();
    kernel_panic("thread %s runs after its end", current->name);
}

static struct thread *thread_find_dead(void)
{
    for (struct thread *t = current->next; t != current; t = t->next)
        if (t->state == THREAD_DEAD)
            return t;
    return NULL;
}

static struct thread *thread_create(void)
{
    struct thread *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;

    /* The window leaves a page free after each allocation: our guard. */
    t->stack = window_alloc(STACK_PAGES);
    if (!t->stack || mm_map_new(t->stack, STACK_PAGES)) {
        free(t);
        return NULL;
    }
    t->next = current->next;
    current->next = t;
    return t;
}

int plat_thread(const char *name, void (*fn)(void *arg), void *arg)
{
    struct thread *t = thread_find_dead();

    if (!t)
        t = thread_create();
    if (!t)
        return -ENOMEM;

    /*
     * As thread_switch() left it: six registers, then where to return to; the
     * stack is aligned to 16 behind that.
     */
    void **sp = (void **)(t->stack + STACK_PAGES * PAGE_SIZE) - 7;

    sp[6] = (void *)thread_entry;
    t->sp = sp;
    t->name = name;
    t->fn = fn;
    t->arg = arg;
    t->state = THREAD_READY;
    return 0;
}
