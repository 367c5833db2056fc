/* SPDX-License-Identifier: MIT */
/*
 * sched_vcpu.c - reasons for a vCPU to run or not (pauses, blocking, yielding),
 * its timers, its beginning and end for the scheduler; the idle loop.
 */
#include "sched_private.h"

#include <asm/current.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <cairn/stretch.h>

void vcpu_sleep_sync(struct vcpu *v)
{
    vcpu_sleep_nosync(v);
    while (v != current && vcpu_on_cpu(v)) {
        smp_poll();
        cpu_relax();
    }
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
        /* Taken off its queue for another reason meanwhile, it must be put back. */
        vcpu_unblock(v);
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

void vcpu_kick(struct vcpu *v)
{
    /* Not running: it looks before it enters the guest. */
    if (v != current && vcpu_on_cpu(v))
        cpu_kick(ACCESS_ONCE(v->processor));
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
    v->affinity = CPU_MASK_ALL;
    list_init(&v->sched.list);
    v->sched.share = &v->domain->sched;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = NOW();
    timer_init(&v->poll_timer, poll_timeout, v, v->processor);
    timer_init(&v->singleshot_timer, singleshot_expired, v, v->processor);
    timer_init(&v->periodic_timer, periodic_expired, v, v->processor);
}

void sched_vcpu_destroy(struct vcpu *v)
{
    v->periodic_period = 0;
    timer_kill(&v->poll_timer);
    timer_kill(&v->singleshot_timer);
    timer_kill(&v->periodic_timer);
}

/* ---- idle ---- */

void idle_wake(void)
{
    for_each_cpu_in(cpu, __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED))
        cpu_kick(cpu);
}

void idle_loop(void)
{
    for (;;) {
        if (softirq_pending())
            do_softirq();
        stretch_end();
        scrub_free_pages();
        local_irq_disable();
        if (softirq_pending() || scrub_wanted())
            local_irq_enable();
        else
            __asm__ volatile("sti; hlt" ::: "memory");
    }
}
