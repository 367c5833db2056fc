/* SPDX-License-Identifier: MIT */
/*
 * sched_balance.c - work moves between run queues: an idle CPU takes a vCPU
 * that waits elsewhere, one with vCPUs waiting now and then gives one away.
 *
 * Who holds one queue's lock only tries for another's: so no order is needed.
 */
#include "sched_private.h"

#include <cairn/lib.h>
#include <cairn/softirq.h>

/* Claims an idle CPU of @allowed; it will look for work. */
bool tell_idle_cpu(cpumask_t allowed)
{
    cpumask_t idle;

    while ((idle = __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED) & allowed)) {
        unsigned int cpu = __builtin_ctzll(idle);
        cpumask_t bit = 1ul << cpu;

        if (__atomic_fetch_and(&idle_cpus, ~bit, __ATOMIC_SEQ_CST) & bit) {
            softirq_raise_on(cpu, SCHEDULE_SOFTIRQ);
            return true;
        }
    }
    return false;
}

/* Both queues locked; @v waits on @from. */
static void move_queued(struct run_queue *from, struct run_queue *to, struct vcpu *v)
{
    dequeue(from, v);
    v->sched.vtime = sched_place_moved(v->sched.vtime, from->floor, to->floor);
    __atomic_store_n(&v->processor, to->cpu, __ATOMIC_RELEASE);
    enqueue(to, v);
}

static bool may_take(const struct vcpu *v, unsigned int cpu, s_time_t now)
{
    return !vcpu_on_cpu(v) && (v->affinity >> cpu & 1) && sched_budget(v->sched.share, now) > 0;
}

/* The one of @from that has waited most of its share, for @rq. */
static struct vcpu *steal_from(struct run_queue *from, struct run_queue *rq, s_time_t now)
{
    struct vcpu *v, *best = NULL;

    list_for_each_entry(v, &from->queue, sched.list)
        if (may_take(v, rq->cpu, now) && (!best || v->sched.vtime < best->sched.vtime))
            best = v;
    if (best)
        move_queued(from, rq, best);
    return best;
}

/* Nothing to do here: what waits elsewhere?  A queue whose lock is taken may
 * have something: then again soon. */
struct vcpu *sched_steal(struct run_queue *rq, s_time_t now)
{
    struct vcpu *v = NULL;

    for_each_online_cpu(cpu) {
        struct run_queue *from = &run_queues[cpu];

        if (v || from == rq || !ACCESS_ONCE(from->nr))
            continue;
        if (!spin_trylock(&from->lock)) {
            softirq_raise(SCHEDULE_SOFTIRQ);
            continue;
        }
        v = steal_from(from, rq, now);
        spin_unlock(&from->lock);
    }
    return v;
}

/* Of the waiting ones the one whose move to @to evens the loads best. */
static void push_one(struct run_queue *rq, struct run_queue *to, s_time_t now)
{
    struct vcpu *v, *best = NULL;
    int64_t least = INT64_MAX;

    list_for_each_entry(v, &rq->queue, sched.list) {
        int64_t gain = sched_push_gain(rq->load, to->load, v->queued_weight);

        if (gain >= 0 && gain < least && v != rq->running && may_take(v, to->cpu, now)) {
            least = gain;
            best = v;
        }
    }
    if (best)
        move_queued(rq, to, best);
}

/* Every BALANCE_PERIOD a CPU with vCPUs waiting gives one to the CPU with the
 * least load, if it has less. */
void sched_balance(struct run_queue *rq, s_time_t now)
{
    struct run_queue *to = rq;

    if (likely(nr_cpus_online == 1) || rq->nr < 2 || now < rq->next_balance)
        return;
    rq->next_balance = now + BALANCE_PERIOD;
    for_each_online_cpu(cpu)
        if (queue_load(cpu) < queue_load(to->cpu))
            to = &run_queues[cpu];
    if (to == rq || !spin_trylock(&to->lock))
        return;
    push_one(rq, to, now);
    to->next_balance = now + BALANCE_PERIOD;
    if (to->running == to->idle)
        softirq_raise_on(to->cpu, SCHEDULE_SOFTIRQ);
    else if (to->nr > 1 && to->turn_end == STIME_MAX)
        set_turn_end(to, now + SCHED_SLICE);
    spin_unlock(&to->lock);
}
