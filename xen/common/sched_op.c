/* SPDX-License-Identifier: MIT */
/*
 * sched_op.c - SCHEDOP_*: what a guest says about its own running: yield,
 * block, poll, shut down.
 */
#include <cairn/sched.h>

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <xen/sched.h>

/* Any of the ports pending?  1, 0, or an error. */
static int poll_ports(struct vcpu *v, const struct sched_poll *poll)
{
    struct domain *d = v->domain;

    for (unsigned int i = 0; i < poll->nr_ports; i++) {
        evtchn_port_t port;

        if (copy_from_guest_offset(&port, poll->ports, i, 1))
            return -EFAULT;
        if (port >= evtchn_port_limit(d))
            return -EINVAL;
        if (evtchn_is_pending(d, port))
            return 1;
        /* One port can be waited for exactly; of several, any event wakes. */
        v->poll_port = poll->nr_ports == 1 ? port : 0;
    }
    return 0;
}

/* Returns at once; the vCPU then waits for a port or the time. */
static long poll_op(struct domain *d, void *arg)
{
    const struct sched_poll *poll = arg;
    struct vcpu *v = current;
    int rc;

    if (poll->nr_ports > 128)
        return -EINVAL;
    v->poll_port = 0;
    /* The flags first: an event between the look and the sleep unblocks. */
    __atomic_or_fetch(&v->pause_flags, VPF_blocked | VPF_poll, __ATOMIC_SEQ_CST);
    rc = vcpu_event_deliverable(v) ? 1 : poll_ports(v, poll);
    if (rc || (poll->timeout && (s_time_t)poll->timeout <= NOW())) {
        vcpu_unblock(v);
        return rc < 0 ? rc : 0;
    }
    if (poll->timeout)
        timer_set_here(&v->poll_timer, poll->timeout);
    vcpu_sleep_nosync(v);
    return 0;
}

static long shutdown_domain(struct domain *d, unsigned int reason)
{
    if (reason > SHUTDOWN_MAX)
        return -EINVAL;
    domain_shutdown(d, reason);
    return 0;
}

static long shutdown_op(struct domain *d, void *arg)
{
    return shutdown_domain(d, ((struct sched_shutdown *)arg)->reason);
}

static long remote_shutdown_op(struct domain *d, void *arg)
{
    return shutdown_domain(d, ((struct sched_remote_shutdown *)arg)->reason);
}

static long shutdown_code_op(struct domain *d, void *arg)
{
    const struct sched_shutdown *s = arg;

    if (s->reason > SHUTDOWN_MAX)
        return -EINVAL;
    scoped_lock(&d->lock);
    if (!d->is_shut_down)
        d->shutdown_code = s->reason;
    return 0;
}

static const struct arg_op ops[] = {
    [SCHEDOP_shutdown] = {shutdown_op, sizeof(struct sched_shutdown)},
    [SCHEDOP_poll] = {poll_op, sizeof(struct sched_poll)},
    [SCHEDOP_remote_shutdown] = {remote_shutdown_op, sizeof(struct sched_remote_shutdown),
                                 ARG_DOMID},
    [SCHEDOP_shutdown_code] = {shutdown_code_op, sizeof(struct sched_shutdown)},
};

long do_sched_op(unsigned long cmd, unsigned long arg)
{
    struct vcpu *v = current;

    switch ((unsigned int)cmd) {
    case SCHEDOP_yield:
        vcpu_yield();
        return 0;
    case SCHEDOP_block:
        /* Blocking implies taking events, or nothing could end it. */
        if (!is_hvm_vcpu(v) && v->vcpu_info)
            v->vcpu_info->evtchn_upcall_mask = 0;
        vcpu_block();
        return 0;
    default:
        return run_arg_op(ARG_OP(ops, cmd), arg);
    }
}

long do_set_timer_op(unsigned long timeout)
{
    struct timer *t = &current->singleshot_timer;

    if (timeout == 0)
        timer_stop(t);
    else
        timer_set_here(t, timeout); /* a time gone by fires at once */
    return 0;
}
