/* SPDX-License-Identifier: MIT */
/* sched_private.h - between sched.c and sched_balance.c. */
#ifndef SCHED_PRIVATE_H
#define SCHED_PRIVATE_H

#include <asm/smp.h>
#include <cairn/sched.h>

/* An even number of turns: of two in a queue, the one goes on that was there
 * before the last one came, so that each in turn is the one too many. */
#define BALANCE_PERIOD (4 * SCHED_SLICE - MILLISECS(1))

struct run_queue {
    spinlock_t lock;
    unsigned int cpu;
    struct list_head queue;
    unsigned int nr; /* on it, the running one included */
    uint64_t load;   /* sum of their weights */
    s_time_t floor;  /* sched_policy.h */
    struct vcpu *running, *idle;
    s_time_t charged; /* up to when the running one has paid */
    s_time_t turn_began;
    s_time_t turn_end; /* STIME_MAX: nobody waits for it */
    s_time_t next_balance;
    struct timer turn;
};

extern struct run_queue run_queues[NR_CPUS];
extern cpumask_t idle_cpus; /* running nothing and not yet told of work */

static inline bool queued(const struct vcpu *v)
{
    return ACCESS_ONCE(v->sched.list.next) != &v->sched.list;
}

/* Without its lock: a hint. */
static inline uint64_t queue_load(unsigned int cpu)
{
    return ACCESS_ONCE(run_queues[cpu].load);
}

static inline struct vcpu *vcpu_of(struct sched_entity *e)
{
    return e ? container_of(e, struct vcpu, sched) : NULL;
}

static inline void enqueue(struct run_queue *rq, struct vcpu *v)
{
    list_add_tail(&v->sched.list, &rq->queue);
    rq->nr++;
    v->queued_weight = ACCESS_ONCE(v->sched.share->weight);
    rq->load += v->queued_weight;
}

static inline void dequeue(struct run_queue *rq, struct vcpu *v)
{
    list_del(&v->sched.list);
    rq->nr--;
    rq->load -= v->queued_weight;
}

/* set_turn_end - when the running vCPU's turn ends; STIME_MAX: nobody waits. */
void set_turn_end(struct run_queue *rq, s_time_t end);

/* ---- sched_balance.c; @rq is this CPU's, its lock held ---- */
/* tell_idle_cpu - have one that idles, of @allowed, look for work; false: none. */
bool tell_idle_cpu(cpumask_t allowed);
/* sched_steal - a vCPU that waits elsewhere, moved here; NULL: none. */
struct vcpu *sched_steal(struct run_queue *rq, s_time_t now);
/* sched_balance - give a waiting vCPU to a CPU with less to do, now and then. */
void sched_balance(struct run_queue *rq, s_time_t now);

#endif
