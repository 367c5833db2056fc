/* SPDX-License-Identifier: MIT */
/*
 * sched.c - which vCPU runs on which CPU, and the calls that change it.
 *
 * Owns each CPU's run queue (lock LOCK_SCHED) and the run state of vCPUs.
 * v->processor names the queue that v belongs to; it changes under that
 * queue's lock and only while v is off its CPU.  A vCPU is on its queue
 * exactly while it may run, the running one included.  is_running is set by
 * the choice and cleared when its state is saved: until then no other CPU may
 * take it.  Decisions are made by sched_policy.c, in schedule(), a softirq;
 * everything else only changes queues and asks for it.
 * Promises: no CPU idles while a vCPU that may run there waits; one that wakes
 * after having slept waits at most SCHED_RATELIMIT for a CPU that computes.
 */
#include "sched_private.h"

#include <asm/current.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <xen/domctl.h>

/* What a policy may choose; the rest is sched_policy.c for all. */
struct sched_ops {
    const char *name;
    unsigned int id; /* XEN_SCHEDULER_* */
    /* The running vCPU has used @ran ns up to @now. */
    void (*charge)(struct vcpu *v, s_time_t ran, s_time_t now);
};

struct run_queue run_queues[NR_CPUS];
cpumask_t idle_cpus;

static void share_charge(struct vcpu *v, s_time_t ran, s_time_t now)
{
    sched_charge(&v->sched, ran);
}

/* Whose turn ended longest ago is next. */
static void rr_charge(struct vcpu *v, s_time_t ran, s_time_t now)
{
    v->sched.vtime = now;
}

static const struct sched_ops policies[] = {
    {"credit2", XEN_SCHEDULER_CREDIT2, share_charge},
    {"rr", 0, rr_charge} /* none of Xen's */,
};
static const struct sched_ops *ops = &policies[0];

static __init int parse_sched(const char *s)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++)
        if (!strcmp(s, policies[i].name)) {
            ops = &policies[i];
            return 0;
        }
    return -EINVAL;
}
custom_param("sched", parse_sched);

unsigned int sched_id(void)
{
    return ops->id;
}

/* ---- queues ---- */

/*
 * The queue that @v belongs to, locked; interrupts are off.  Who moved it here
 * held the lock of its former queue and maybe never this one's: what was done
 * to @v before is seen by having read where it is.
 */
static struct run_queue *lock_queue_of(const struct vcpu *v)
{
    for (;;) {
        struct run_queue *rq = &run_queues[__atomic_load_n(&v->processor, __ATOMIC_ACQUIRE)];

        spin_lock(&rq->lock);
        if (likely(rq->cpu == __atomic_load_n(&v->processor, __ATOMIC_ACQUIRE)))
            return rq;
        spin_unlock(&rq->lock);
    }
}

/* The running vCPU pays for what it used so far. */
static void charge_running(struct run_queue *rq, s_time_t now)
{
    if (rq->running != rq->idle)
        ops->charge(rq->running, now - rq->charged, now);
    rq->charged = now;
}

/* ---- run state ---- */

static void set_runstate(struct vcpu *v, unsigned int state, s_time_t now)
{
    v->runstate.time[v->runstate.state] += now - v->runstate.state_entry_time;
    v->runstate.state_entry_time = now;
    v->runstate.state = state;
}

/* What a vCPU that does not run is doing. */
static unsigned int waiting_state(const struct vcpu *v)
{
    if (vcpu_runnable(v))
        return RUNSTATE_runnable;
    if (ACCESS_ONCE(v->pause_count) || ACCESS_ONCE(v->domain->pause_count) ||
        (ACCESS_ONCE(v->pause_flags) & ~(VPF_blocked | VPF_poll)))
        return RUNSTATE_offline;
    return RUNSTATE_blocked;
}

bool vcpu_runnable(const struct vcpu *v)
{
    return v->is_initialised && !ACCESS_ONCE(v->pause_flags) && !ACCESS_ONCE(v->pause_count) &&
           !ACCESS_ONCE(v->domain->pause_count);
}

void vcpu_runstate(const struct vcpu *v, struct vcpu_runstate_info *info)
{
    unsigned long flags = local_irq_save();
    struct run_queue *rq = lock_queue_of(v);

    *info = v->runstate;
    info->time[info->state] += NOW() - info->state_entry_time;
    spin_unlock_irqrestore(&rq->lock, flags);
}

s_time_t vcpu_cpu_time(const struct vcpu *v)
{
    struct vcpu_runstate_info info;

    vcpu_runstate(v, &info);
    return info.time[RUNSTATE_running];
}

/* ---- the switch ---- */

void set_turn_end(struct run_queue *rq, s_time_t end)
{
    if (end == rq->turn_end)
        return;
    rq->turn_end = end;
    if (end == STIME_MAX)
        timer_stop(&rq->turn);
    else
        timer_set(&rq->turn, end);
}

/* Now. */
static void end_turn(struct run_queue *rq)
{
    rq->turn_end = 0;
    softirq_raise_on(rq->cpu, SCHEDULE_SOFTIRQ);
}

static void turn_over(void *arg)
{
    softirq_raise(SCHEDULE_SOFTIRQ);
}

/* Under rq->lock: the vCPU to run from now on, and its turn. */
static struct vcpu *choose(struct run_queue *rq, struct vcpu *prev, s_time_t now)
{
    s_time_t retry;
    struct vcpu *next;

    sched_balance(rq, now);
    next = vcpu_of(sched_pick(&rq->queue, prev->yielding ? &prev->sched : NULL, now, &retry));
    if (!next && nr_cpus_online > 1)
        next = sched_steal(rq, now);
    if (next) {
        rq->floor = max(rq->floor, next->sched.vtime);
        retry = sched_turn_end(&rq->queue, &next->sched, now);
    }
    set_turn_end(rq, retry);
    return next ? next : rq->idle;
}

static void note_idleness(struct run_queue *rq, bool idle)
{
    cpumask_t bit = 1ul << rq->cpu;

    if (idle)
        __atomic_fetch_or(&idle_cpus, bit, __ATOMIC_SEQ_CST);
    else if (__atomic_load_n(&idle_cpus, __ATOMIC_RELAXED) & bit)
        __atomic_fetch_and(&idle_cpus, ~bit, __ATOMIC_SEQ_CST);
}

/* One that must not run here any more is queued elsewhere once it is saved. */
static void expel_if_forbidden(struct run_queue *rq, struct vcpu *v)
{
    if (likely(v->affinity >> rq->cpu & 1) || !queued(v))
        return;
    dequeue(rq, v);
    v->expelled = true;
}

/* A yield to nobody, for example. */
static bool only_choice(const struct run_queue *rq, const struct vcpu *v)
{
    return rq->nr == 1 && queued(v) && rq->turn_end == STIME_MAX && (v->affinity >> rq->cpu & 1);
}

static void schedule(void)
{
    struct run_queue *rq = &run_queues[smp_processor_id()];
    struct vcpu *prev = current, *next;
    unsigned long flags = local_irq_save();
    s_time_t now;

    spin_lock(&rq->lock);
    if (only_choice(rq, prev)) {
        prev->yielding = false;
        spin_unlock_irqrestore(&rq->lock, flags);
        return;
    }
    now = NOW();
    charge_running(rq, now);
    expel_if_forbidden(rq, prev);
    if (queued(prev) && !prev->yielding && now < rq->turn_end)
        next = prev; /* called for nothing: its turn goes on */
    else
        next = choose(rq, prev, now);
    prev->yielding = false;
    if (next != prev) {
        set_runstate(prev, waiting_state(prev), now);
        set_runstate(next, RUNSTATE_running, now);
        ACCESS_ONCE(next->is_running) = true;
        rq->running = next;
        rq->turn_began = now;
    }
    note_idleness(rq, next == rq->idle);
    spin_unlock_irqrestore(&rq->lock, flags);

    if (next != prev) {
        perfc_incr(context_switches);
        context_switch(prev, next);
    }
}

/* Woken while it was on its way off a CPU that it must not use any more. */
static bool take_from_queue(struct vcpu *v)
{
    unsigned long flags = local_irq_save();
    struct run_queue *rq = lock_queue_of(v);
    bool was = queued(v) && rq->running != v;

    if (was)
        dequeue(rq, v);
    spin_unlock_irqrestore(&rq->lock, flags);
    return was;
}

void sched_context_saved(struct vcpu *prev)
{
    bool expelled = prev->expelled;

    ACCESS_ONCE(prev->expelled) = false;
    __atomic_store_n(&prev->is_running, false, __ATOMIC_SEQ_CST);
    if (likely(nr_cpus_online == 1) || is_idle_vcpu(prev))
        return;
    if (unlikely(!(ACCESS_ONCE(prev->affinity) >> smp_processor_id() & 1)))
        expelled |= take_from_queue(prev);
    if (unlikely(expelled))
        vcpu_wake(prev);
    else if (queued(prev))
        tell_idle_cpu(ACCESS_ONCE(prev->affinity)); /* only now can it be taken */
}

/* ---- waking and sleeping ---- */

static unsigned int least_loaded(cpumask_t allowed)
{
    unsigned int best = __builtin_ctzll(allowed);

    for_each_cpu_in(cpu, allowed)
        if (queue_load(cpu) < queue_load(best))
            best = cpu;
    return best;
}

/* Where a vCPU that is off its CPU is to wait. */
static unsigned int choose_cpu(const struct vcpu *v)
{
    cpumask_t allowed = v->affinity & cpu_online_mask;
    cpumask_t idle = __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED) & allowed;

    if (nr_cpus_online == 1 || vcpu_on_cpu(v))
        return v->processor;
    if (idle >> v->processor & 1)
        return v->processor;
    if (idle)
        return __builtin_ctzll(idle);
    if (allowed >> v->processor & 1)
        return v->processor;
    return least_loaded(allowed);
}

/* @v has just been queued: is it to run before the running one's turn ends? */
static void consider_preempting(struct run_queue *rq, struct vcpu *v, s_time_t now)
{
    if (rq->running == v)
        return;
    if (rq->running == rq->idle) {
        __atomic_fetch_and(&idle_cpus, ~(1ul << rq->cpu), __ATOMIC_SEQ_CST);
        softirq_raise_on(rq->cpu, SCHEDULE_SOFTIRQ);
    } else {
        bool first = v->sched.vtime < rq->running->sched.vtime;
        s_time_t end = rq->turn_began + (first ? SCHED_RATELIMIT : SCHED_SLICE);

        if (end <= now)
            end_turn(rq);
        else if (end < rq->turn_end)
            set_turn_end(rq, end);
    }
    if (nr_cpus_online > 1 && rq->nr > 1)
        tell_idle_cpu(v->affinity & ~(1ul << rq->cpu));
}

static void queue_woken(struct run_queue *rq, struct vcpu *v)
{
    s_time_t now = NOW();

    charge_running(rq, now);
    rq->floor = sched_floor(&rq->queue, rq->floor);
    v->sched.vtime = sched_place_woken(v->sched.vtime, rq->floor);
    if (!vcpu_on_cpu(v))
        set_runstate(v, RUNSTATE_runnable, now);
    enqueue(rq, v);
    consider_preempting(rq, v, now);
}

void vcpu_wake(struct vcpu *v)
{
    unsigned long flags = local_irq_save();
    struct run_queue *rq = lock_queue_of(v);

    if (!is_idle_vcpu(v) && vcpu_runnable(v) && !queued(v) && !ACCESS_ONCE(v->expelled)) {
        unsigned int cpu = choose_cpu(v);

        if (cpu != rq->cpu) {
            v->sched.vtime =
                sched_place_moved(v->sched.vtime, rq->floor, ACCESS_ONCE(run_queues[cpu].floor));
            __atomic_store_n(&v->processor, cpu, __ATOMIC_RELEASE);
            spin_unlock(&rq->lock);
            rq = lock_queue_of(v);
        }
        /* Another may have woken it, or put it to sleep, in between. */
        if (vcpu_runnable(v) && !queued(v))
            queue_woken(rq, v);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

void vcpu_sleep_nosync(struct vcpu *v)
{
    unsigned long flags = local_irq_save();
    struct run_queue *rq = lock_queue_of(v);

    if (!vcpu_runnable(v)) {
        if (queued(v))
            dequeue(rq, v);
        if (rq->running == v)
            softirq_raise_on(rq->cpu, SCHEDULE_SOFTIRQ);
        else if (!is_idle_vcpu(v))
            set_runstate(v, waiting_state(v), NOW());
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

int vcpu_set_affinity(struct vcpu *v, cpumask_t mask)
{
    unsigned long flags;
    struct run_queue *rq;
    bool moves;

    if (!(mask & cpu_online_mask))
        return -EINVAL;
    flags = local_irq_save();
    rq = lock_queue_of(v);
    v->affinity = mask;
    moves = !(mask >> rq->cpu & 1) && queued(v);
    if (moves && rq->running == v) {
        end_turn(rq); /* expel_if_forbidden() */
    } else if (moves) {
        dequeue(rq, v);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
    if (moves)
        vcpu_wake(v); /* does nothing for the running one: it is still queued */
    return 0;
}

static void dump_run_queues(char key)
{
    printk("Scheduler: %s, idle CPUs %lx\n", ops->name, idle_cpus);
    for_each_online_cpu(cpu) {
        struct run_queue *rq = &run_queues[cpu];
        unsigned long flags = spin_lock_irqsave(&rq->lock);
        struct vcpu *v;

        printk(" CPU %u: d%dv%u runs; load %lu floor %ld\n", cpu, rq->running->domain->domain_id,
               rq->running->vcpu_id, rq->load, rq->floor);
        list_for_each_entry(v, &rq->queue, sched.list)
            printk("  d%dv%u vtime %ld weight %u cap %u\n", v->domain->domain_id, v->vcpu_id,
                   v->sched.vtime, v->sched.share->weight, v->sched.share->cap);
        spin_unlock_irqrestore(&rq->lock, flags);
    }
}
DEBUG_KEY('r', dump_run_queues, "run queues");

struct vcpu *sched_cpu_init(unsigned int cpu)
{
    struct run_queue *rq = &run_queues[cpu];
    struct vcpu *v = xzalloc(struct vcpu);

    if (!v)
        return NULL;
    v->domain = idle_domain;
    v->vcpu_id = cpu;
    spin_lock_init(&rq->lock, LOCK_SCHED);
    list_init(&rq->queue);
    rq->cpu = cpu;
    sched_vcpu_init(v);
    v->processor = cpu;
    v->affinity = 1ul << cpu;
    v->is_initialised = v->is_running = true;
    v->runstate.state = RUNSTATE_running;
    __atomic_store_n(&idle_domain->vcpu[cpu], v, __ATOMIC_RELEASE);
    rq->idle = rq->running = v;
    rq->turn_end = STIME_MAX;
    timer_init(&rq->turn, turn_over, rq, cpu);
    return v;
}

void sched_init(void)
{
    struct vcpu *idle;

    idle_domain = domain_alloc(DOMID_IDLE, NR_CPUS);
    idle = idle_domain ? sched_cpu_init(0) : NULL;
    if (!idle)
        panic("No memory for the idle domain");
    softirq_open(SCHEDULE_SOFTIRQ, schedule);
    set_current(idle);
    printk(XENLOG_INFO "Scheduler: %s\n", ops->name);
}
