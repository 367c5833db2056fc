/* SPDX-License-Identifier: MIT */
/* time.h - nanoseconds since boot, and timers kept a heap per CPU. */
#ifndef CAIRN_TIME_H
#define CAIRN_TIME_H

#include <cairn/list.h>
#include <cairn/types.h>

#define MICROSECS(n) ((s_time_t)(n)*1000)
#define MILLISECS(n) ((s_time_t)(n)*1000000)
#define SECONDS(n)   ((s_time_t)(n)*1000000000)
#define STIME_MAX    INT64_MAX

s_time_t NOW(void); /* monotonic; arch/x86/cpu/time.c */
extern unsigned int cpu_khz;

struct timer {
    s_time_t expires; /* 0 while inactive */
    void (*fn)(void *arg);
    void *arg;
    unsigned int cpu; /* where @fn runs */
    bool dead;        /* timer_kill(): cannot be set any more */
    /* timer_heap.c: links of the heap; @prev is the parent or the left sibling */
    struct timer *child, *sibling, *prev;
};

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu);
void timer_set(struct timer *t, s_time_t expires);
void timer_stop(struct timer *t);
void timer_set_here(struct timer *t, s_time_t expires); /* and from now on it runs on this CPU */
/* timer_kill - stop it for good, and wait until its handler does not run: no
 * locks held that the handler takes. */
void timer_kill(struct timer *t);
void timers_init(void);                /* once, at boot, for CPU 0 too */
void timer_cpu_init(unsigned int cpu); /* before it starts */

/* timer_heap.c, pure: both return the new root; @t->expires is the key, set
 * before inserting and 0 after removing. */
struct timer *timer_heap_insert(struct timer *root, struct timer *t);
struct timer *timer_heap_remove(struct timer *root, struct timer *t);

/* Arch: program the one-shot hardware timer; 0 = nothing pending. */
void reprogram_timer(s_time_t expires);

#endif
