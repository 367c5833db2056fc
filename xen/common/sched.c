/* SPDX-License-Identifier: MIT */
/*
 * sched.c - which vCPU runs on this CPU, and the calls that change it.
 *
 * Owns each CPU's run queue (lock LOCK_SCHED) and the run state of vCPUs.
 * A vCPU is on its CPU's queue exactly while it may run, the running one
 * included.  The choice is made in schedule(), a softirq; everything else
 * only changes the queue and asks for it.
 * Promises: a vCPU that may run gets a turn within SLICE times the number of
 * others; one that wakes after a short run waits at most RATELIMIT.
 */
#include <cairn/sched.h>

#include <asm/current.h>
#include <asm/processor.h>
#include <cairn/console.h>
#include <cairn/errno.h>
#include <cairn/evtchn_port.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/perfc.h>
#include <cairn/softirq.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define SLICE     MILLISECS(30)
#define RATELIMIT MILLISECS(1)
#define SHORT_RUN MILLISECS(5)

struct run_queue {
    spinlock_t lock;
    struct list_head queue;
    struct vcpu *running, *idle;
    struct timer slice;
    s_time_t slice_end; /* STIME_MAX: nobody waits for it */
};

/* What a policy decides; all with the queue's lock. */
struct sched_ops {
    const char *name;
    void (*insert)(struct run_queue *rq, struct vcpu *v); /* it may run now */
    void (*remove)(struct run_queue *rq, struct vcpu *v);
    /* The running vCPU's turn is over. */
    void (*requeue)(struct run_queue *rq, struct vcpu *v);
    struct vcpu *(*pick)(struct run_queue *rq); /* NULL: none */
};

static struct run_queue run_queues[NR_CPUS];

/* ---- round robin ---- */

/* After a short run one is taken to be waiting on events, not computing. */
static void rr_insert(struct run_queue *rq, struct vcpu *v)
{
    if (v->last_run < SHORT_RUN)
        list_add(&v->run_list, &rq->queue);
    else
        list_add_tail(&v->run_list, &rq->queue);
}

static void rr_remove(struct run_queue *rq, struct vcpu *v)
{
    list_del(&v->run_list);
}

static void rr_requeue(struct run_queue *rq, struct vcpu *v)
{
    list_del(&v->run_list);
    list_add_tail(&v->run_list, &rq->queue);
}

static struct vcpu *rr_pick(struct run_queue *rq)
{
    return list_empty(&rq->queue) ? NULL : list_first_entry(&rq->queue, struct vcpu, run_list);
}

static const struct sched_ops round_robin = {
    .name = "round-robin",
    .insert = rr_insert,
    .remove = rr_remove,
    .requeue = rr_requeue,
    .pick = rr_pick,
};
static const struct sched_ops *const ops = &round_robin;

/* ---- run state ---- */

static struct run_queue *rq_of(const struct vcpu *v)
{
    return &run_queues[v->processor];
}

static bool queued(const struct vcpu *v)
{
    return !list_empty(&v->run_list);
}

static void set_runstate(struct vcpu *v, unsigned int state, s_time_t now)
{
    v->runstate_time[v->runstate] += now - v->runstate_since;
    v->runstate_since = now;
    v->runstate = state;
}

/* What a vCPU that does not run is doing. */
static unsigned int waiting_state(const struct vcpu *v)
{
    if (vcpu_runnable(v))
        return RUNSTATE_runnable;
    if (v->pause_count || v->domain->pause_count || (v->pause_flags & ~(VPF_blocked | VPF_poll)))
        return RUNSTATE_offline;
    return RUNSTATE_blocked;
}

bool vcpu_runnable(const struct vcpu *v)
{
    return v->is_initialised && !ACCESS_ONCE(v->pause_flags) && !ACCESS_ONCE(v->pause_count) &&
           !ACCESS_ONCE(v->domain->pause_count);
}

s_time_t vcpu_cpu_time(const struct vcpu *v)
{
    s_time_t t = v->runstate_time[RUNSTATE_running];

    return v->runstate == RUNSTATE_running ? t + NOW() - v->runstate_since : t;
}

/* ---- the switch ---- */

static void set_slice_end(struct run_queue *rq, s_time_t end)
{
    rq->slice_end = end;
    if (end == STIME_MAX)
        timer_stop(&rq->slice);
    else
        timer_set(&rq->slice, end);
}

static void slice_over(void *arg)
{
    struct run_queue *rq = arg;

    rq->running->slice_used = true;
    softirq_raise(SCHEDULE_SOFTIRQ);
}

static void schedule(void)
{
    struct run_queue *rq = &run_queues[smp_processor_id()];
    struct vcpu *prev = current, *next;
    s_time_t now = NOW();
    unsigned long flags = spin_lock_irqsave(&rq->lock);

    if (queued(prev) && (prev->slice_used || prev->yielding))
        ops->requeue(rq, prev);
    prev->slice_used = prev->yielding = false;
    next = ops->pick(rq);
    if (!next)
        next = rq->idle;
    if (next != prev) {
        prev->last_run = now - prev->runstate_since;
        set_runstate(prev, waiting_state(prev), now);
        set_runstate(next, RUNSTATE_running, now);
        prev->is_running = false;
        next->is_running = true;
        rq->running = next;
    }
    /* A slice matters only when somebody waits for its end. */
    set_slice_end(rq, rq->queue.next != rq->queue.prev ? now + SLICE : STIME_MAX);
    spin_unlock_irqrestore(&rq->lock, flags);

    if (next != prev) {
        perfc_incr(context_switches);
        context_switch(prev, next);
    }
}

void vcpu_wake(struct vcpu *v)
{
    struct run_queue *rq = rq_of(v);
    unsigned long flags = spin_lock_irqsave(&rq->lock);

    if (!is_idle_vcpu(v) && vcpu_runnable(v) && !queued(v)) {
        s_time_t now = NOW();
        s_time_t end = now + (v->last_run < SHORT_RUN ? RATELIMIT : SLICE);

        if (!v->is_running)
            set_runstate(v, RUNSTATE_runnable, now);
        ops->insert(rq, v);
        if (rq->running == rq->idle)
            softirq_raise(SCHEDULE_SOFTIRQ);
        else if (rq->running != v && end < rq->slice_end)
            set_slice_end(rq, end);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

void vcpu_sleep_nosync(struct vcpu *v)
{
    struct run_queue *rq = rq_of(v);
    unsigned long flags = spin_lock_irqsave(&rq->lock);

    if (!vcpu_runnable(v)) {
        if (queued(v))
            ops->remove(rq, v);
        if (rq->running == v)
            softirq_raise(SCHEDULE_SOFTIRQ);
        else
            set_runstate(v, waiting_state(v), NOW());
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

void vcpu_sleep_sync(struct vcpu *v)
{
    vcpu_sleep_nosync(v);
    while (v != current && ACCESS_ONCE(v->is_running))
        cpu_relax();
}

void vcpu_pause_nosync(struct vcpu *v)
{
    __atomic_add_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST);
    vcpu_sleep_nosync(v);
}

void vcpu_pause(struct vcpu *v)
{
    ASSERT(v != current);
    __atomic_add_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST);
    vcpu_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
    if (!__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST))
        vcpu_wake(v);
}

void vcpu_yield(void)
{
    current->yielding = true;
    softirq_raise(SCHEDULE_SOFTIRQ);
}

void vcpu_block(void)
{
    struct vcpu *v = current;

    __atomic_or_fetch(&v->pause_flags, VPF_blocked, __ATOMIC_SEQ_CST);
    /* After the flag: an event from now on unblocks. */
    if (vcpu_event_deliverable(v)) {
        __atomic_and_fetch(&v->pause_flags, ~VPF_blocked, __ATOMIC_SEQ_CST);
        return;
    }
    vcpu_sleep_nosync(v);
}

void vcpu_unblock(struct vcpu *v)
{
    unsigned int old =
        __atomic_fetch_and(&v->pause_flags, ~(VPF_blocked | VPF_poll), __ATOMIC_SEQ_CST);

    if (old & (VPF_blocked | VPF_poll))
        vcpu_wake(v);
}

/* ---- timers of a vCPU ---- */

static void poll_timeout(void *arg)
{
    struct vcpu *v = arg;

    if (v->pause_flags & VPF_poll)
        vcpu_unblock(v);
}

static void singleshot_expired(void *arg)
{
    send_guest_virq(arg, VIRQ_TIMER);
}

static void periodic_expired(void *arg)
{
    struct vcpu *v = arg;

    send_guest_virq(v, VIRQ_TIMER);
    if (v->periodic_period)
        timer_set(&v->periodic_timer, NOW() + v->periodic_period);
}

void sched_vcpu_init(struct vcpu *v)
{
    v->processor = smp_processor_id();
    list_init(&v->run_list);
    v->runstate = RUNSTATE_offline;
    v->runstate_since = NOW();
    timer_init(&v->poll_timer, poll_timeout, v, v->processor);
    timer_init(&v->singleshot_timer, singleshot_expired, v, v->processor);
    timer_init(&v->periodic_timer, periodic_expired, v, v->processor);
}

void sched_vcpu_destroy(struct vcpu *v)
{
    v->periodic_period = 0;
    timer_stop(&v->poll_timer);
    timer_stop(&v->singleshot_timer);
    timer_stop(&v->periodic_timer);
}

/* ---- idle ---- */

void idle_loop(void)
{
    for (;;) {
        if (softirq_pending())
            do_softirq();
        local_irq_disable();
        if (softirq_pending())
            local_irq_enable();
        else
            __asm__ volatile("sti; hlt" ::: "memory");
    }
}

static void dump_run_queue(char key)
{
    struct run_queue *rq = &run_queues[0];
    struct vcpu *v;

    printk("Scheduler: %s; running d%dv%u\n", ops->name, rq->running->domain->domain_id,
           rq->running->vcpu_id);
    list_for_each_entry(v, &rq->queue, run_list) if (v != rq->running)
        printk("  waiting d%dv%u\n", v->domain->domain_id, v->vcpu_id);
}

void sched_init(void)
{
    struct run_queue *rq = &run_queues[0];
    struct vcpu *v = xzalloc(struct vcpu);

    idle_domain = domain_alloc(DOMID_IDLE, NR_CPUS);
    if (!v || !idle_domain)
        panic("No memory for the idle domain");
    v->domain = idle_domain;
    spin_lock_init(&rq->lock, LOCK_SCHED);
    list_init(&rq->queue);
    sched_vcpu_init(v);
    v->is_initialised = v->is_running = true;
    v->runstate = RUNSTATE_running;
    idle_domain->vcpu[0] = v;
    rq->idle = rq->running = v;
    rq->slice_end = STIME_MAX;
    timer_init(&rq->slice, slice_over, rq, 0);
    softirq_open(SCHEDULE_SOFTIRQ, schedule);
    set_current(v);
    keyhandler_register('r', dump_run_queue, "run queue");
}
