/* SPDX-License-Identifier: MIT */
/* softirq.c - deferred work: a bit per kind in struct cpu_info. */
#include <cairn/softirq.h>

#include <asm/current.h>
#include <asm/smp.h>
#include <cairn/lib.h>
#include <cairn/stretch.h>

static softirq_fn softirq_handlers[NR_SOFTIRQS];

void softirq_open(unsigned int nr, softirq_fn fn)
{
    ASSERT(nr < NR_SOFTIRQS);
    softirq_handlers[nr] = fn;
}

void softirq_raise(unsigned int nr)
{
    __atomic_fetch_or(&get_cpu_info()->softirq_pending, 1u << nr, __ATOMIC_RELAXED);
}

void softirq_raise_on(unsigned int cpu, unsigned int nr)
{
    unsigned int old =
        __atomic_fetch_or(&cpu_info_of(cpu)->softirq_pending, 1u << nr, __ATOMIC_SEQ_CST);

    if (!(old & 1u << nr))
        cpu_kick(cpu);
}

bool softirq_pending(void)
{
    return ACCESS_ONCE(get_cpu_info()->softirq_pending) != 0;
}

bool preempt_check(void)
{
    /* Told to give way, it has yet to do so. */
    if (unlikely(softirq_pending()))
        return true;
    stretch_point();
    return false;
}

void do_softirq(void)
{
    unsigned int pending;

    while ((pending = ACCESS_ONCE(get_cpu_info()->softirq_pending)) != 0) {
        unsigned int nr = __builtin_ctz(pending);
        /* SCHEDULE last: its handler may never come back to this loop. */
        if (nr == SCHEDULE_SOFTIRQ && (pending & ~(1u << SCHEDULE_SOFTIRQ)))
            nr = __builtin_ctz(pending & ~(1u << SCHEDULE_SOFTIRQ));
        __atomic_fetch_and(&get_cpu_info()->softirq_pending, ~(1u << nr), __ATOMIC_RELAXED);
        stretch_begin(STRETCH_SOFTIRQ, nr);
        if (softirq_handlers[nr])
            softirq_handlers[nr]();
    }
}
