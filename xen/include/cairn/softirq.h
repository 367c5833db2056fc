/* SPDX-License-Identifier: MIT */
/* softirq.h - work deferred to the way out to a guest or to the idle loop. */
#ifndef CAIRN_SOFTIRQ_H
#define CAIRN_SOFTIRQ_H

#include <cairn/types.h>

enum { TIMER_SOFTIRQ, SCHEDULE_SOFTIRQ, CONSOLE_SOFTIRQ, RECLAIM_SOFTIRQ, NR_SOFTIRQS };

typedef void (*softirq_fn)(void);

void softirq_open(unsigned int nr, softirq_fn fn);
void softirq_raise(unsigned int nr); /* on this CPU; any context */
void softirq_raise_on(unsigned int cpu, unsigned int nr);
/* do_softirq - run what is pending; interrupts on; may not return to the
 * caller if SCHEDULE_SOFTIRQ switches vCPUs (one stack a CPU). */
void do_softirq(void);
bool softirq_pending(void); /* on this CPU */

/* True when a long operation should stop and be continued (-ERESTART). */
bool preempt_check(void);

#endif
