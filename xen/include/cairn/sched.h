/* SPDX-License-Identifier: MIT */
/* sched.h - which vCPU runs where: per-CPU run queues, sched_policy.h. */
#ifndef CAIRN_SCHED_H
#define CAIRN_SCHED_H

#include <cairn/domain.h>
#include <cairn/types.h>

void sched_init(void);
/* The queue and idle vCPU of a CPU that will come up; NULL: no memory. */
struct vcpu *sched_cpu_init(unsigned int cpu);
unsigned int sched_id(void); /* XEN_SCHEDULER_*, 0: none of them */
/* context_switch: @prev's state is saved and this CPU uses nothing of it. */
void sched_context_saved(struct vcpu *prev);
void vcpu_wake(struct vcpu *v);         /* runnable now? then queue it */
void vcpu_sleep_nosync(struct vcpu *v); /* not runnable any more */
void vcpu_sleep_sync(struct vcpu *v);   /* and off its CPU */
bool vcpu_runnable(const struct vcpu *v);
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
void vcpu_block(void); /* current; returns if an event is deliverable */
void vcpu_yield(void); /* current */
void vcpu_unblock(struct vcpu *v);
void vcpu_kick(struct vcpu *v); /* out of its guest, wherever it runs */
/* -EINVAL: no CPU of @mask is online. */
int vcpu_set_affinity(struct vcpu *v, cpumask_t mask);
void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);
/* vcpu_runstate - what @v is doing, since when, and how long it did what: as of
 * one moment.  Takes the lock of a run queue. */
struct vcpu_runstate_info;
void vcpu_runstate(const struct vcpu *v, struct vcpu_runstate_info *info);
s_time_t vcpu_cpu_time(const struct vcpu *v);
/* Write @v's run state where its guest wants it; current's address space. */
void vcpu_show_runstate(const struct vcpu *v);
noreturn void idle_loop(void);
void idle_wake(void); /* idle CPUs look again for what is to be done while idle */

#endif
