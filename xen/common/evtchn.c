/* SPDX-License-Identifier: MIT */
/*
 * evtchn.c - event channels: ports of domains, bound to each other, to
 * virtual interrupts or to the domain itself.  Two-level ABI only.
 *
 * Owns d->evtchn[] and the pending bits in shared_info; d->event_lock covers
 * a domain's ports.  Of two domains the one with the lower address is locked
 * first.  What may be done in which state is decided in evtchn_port.c.
 * Promises: port numbers stay below d->max_evtchn_port; closing one end
 * leaves the other unbound; a new port is not pending.
 */
#include "evtchn_private.h"

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>

/* A port in use, or NULL. */
static struct evtchn *used_port(struct domain *d, unsigned int port)
{
    struct evtchn *chn;

    if (!port_is_valid(d, port))
        return NULL;
    chn = port_of(d, port);
    return chn->state == ECS_FREE ? NULL : chn;
}

static void lock_two(struct domain *a, struct domain *b)
{
    if (a > b) {
        struct domain *t = a;

        a = b;
        b = t;
    }
    spin_lock(&a->event_lock);
    if (a != b)
        spin_lock(&b->event_lock);
}

static void unlock_two(struct domain *a, struct domain *b)
{
    spin_unlock(&a->event_lock);
    if (a != b)
        spin_unlock(&b->event_lock);
}

/* ---- allocation ---- */

/* A free port, claimed as @state; event_lock held. */
static __cold int port_alloc(struct domain *d, enum evtchn_state state, struct evtchn **out)
{
    for (unsigned int port = 1, end = evtchn_port_limit(d); port < end; port++) {
        struct evtchn **bucket = &d->evtchn[port / EVTCHN_PER_BUCKET];
        struct evtchn *chn;

        if (!*bucket) {
            *bucket = xzalloc_array(struct evtchn, EVTCHN_PER_BUCKET);
            if (!*bucket)
                return -ENOMEM;
        }
        chn = port_of(d, port);
        if (chn->state != ECS_FREE)
            continue;
        *chn = (struct evtchn){.state = state};
        evtchn_clear_pending(d, port);
        *out = chn;
        return port;
    }
    return -ENOSPC;
}

static long evtchn_alloc_unbound(struct domain *d, void *arg)
{
    struct evtchn_alloc_unbound *op = arg;
    struct evtchn *chn;
    int port;

    scoped_lock(&d->event_lock);
    port = domain_is_dying(d) ? -EINVAL : port_alloc(d, ECS_UNBOUND, &chn);
    if (port < 0)
        return port;
    chn->remote_domid = op->remote_dom == DOMID_SELF ? current->domain->domain_id : op->remote_dom;
    op->port = port;
    return 0;
}

static long evtchn_bind_interdomain(struct domain *ld, void *arg)
{
    struct evtchn_bind_interdomain *op = arg;
    struct domain *rd __put_domain = get_domain_for_op(op->remote_dom);
    struct evtchn *lchn, *rchn;
    int rc = -EINVAL;

    if (!rd)
        return -ESRCH;
    lock_two(ld, rd);
    rchn = used_port(rd, op->remote_port);
    if (rchn)
        rc = evtchn_check_bind_interdomain(rchn, ld->domain_id);
    if (!rc)
        rc = port_alloc(ld, ECS_INTERDOMAIN, &lchn);
    if (rc > 0) {
        lchn->remote_domid = rd->domain_id;
        lchn->remote_port = op->remote_port;
        rchn->state = ECS_INTERDOMAIN;
        rchn->remote_domid = ld->domain_id;
        rchn->remote_port = rc;
        op->local_port = rc;
        /* An event sent while nobody was bound may have been lost. */
        evtchn_notify(ld, lchn, rc);
        rc = 0;
    }
    unlock_two(ld, rd);
    return rc;
}

static long evtchn_bind_virq(struct domain *d, void *arg)
{
    struct evtchn_bind_virq *op = arg;
    struct evtchn *chn;
    int rc = evtchn_check_bind_virq(op->virq, op->vcpu, d->max_vcpus);
    struct vcpu *v;

    if (rc)
        return rc;
    if (virq_is_privileged(op->virq) && !d->is_privileged)
        return -EPERM;
    v = domain_vcpu(d, op->vcpu);
    if (!v)
        return -ENOENT;
    scoped_lock(&d->event_lock);
    rc = v->virq_port[op->virq] ? -EEXIST : port_alloc(d, ECS_VIRQ, &chn);
    if (rc < 0)
        return rc;
    chn->virq = op->virq;
    chn->notify_vcpu = op->vcpu;
    v->virq_port[op->virq] = op->port = rc;
    return 0;
}

static long evtchn_bind_ipi(struct domain *d, void *arg)
{
    struct evtchn_bind_ipi *op = arg;
    struct evtchn *chn;
    int port;

    if (!domain_vcpu(d, op->vcpu))
        return -ENOENT;
    scoped_lock(&d->event_lock);
    port = port_alloc(d, ECS_IPI, &chn);
    if (port < 0)
        return port;
    chn->notify_vcpu = op->vcpu;
    op->port = port;
    return 0;
}

/* ---- closing ---- */

static void forget_virq(struct domain *d, const struct evtchn *chn, unsigned int port)
{
    for_each_vcpu(d, v)
        if (v->virq_port[chn->virq] == port)
            v->virq_port[chn->virq] = 0;
}

/* The other end waits for a new partner of the same domain. */
static void unbind_remote(struct domain *d, struct domain *rd, const struct evtchn *chn,
                          unsigned int port)
{
    struct evtchn *rchn = used_port(rd, chn->remote_port);

    if (!rchn || rchn->state != ECS_INTERDOMAIN || rchn->remote_port != port ||
        rchn->remote_domid != d->domain_id)
        return;
    rchn->state = ECS_UNBOUND;
    rchn->remote_port = 0;
}

/* Lock @d and, if @port is bound to another domain, that one, with a
 * reference: it is returned.  NULL: only @d is locked. */
static struct domain *lock_both_ends(struct domain *d, unsigned int port)
{
    for (;;) {
        struct domain *rd = NULL;
        struct evtchn *chn;
        domid_t remote;

        spin_lock(&d->event_lock);
        chn = used_port(d, port);
        if (!chn || chn->state != ECS_INTERDOMAIN || chn->remote_domid == d->domain_id)
            return NULL;
        remote = chn->remote_domid;
        spin_unlock(&d->event_lock);

        rd = get_domain_by_id(remote);
        lock_two(d, rd ? rd : d);
        /* Still bound there?  A domain that is gone has no other end. */
        chn = used_port(d, port);
        if (chn && chn->state == ECS_INTERDOMAIN && chn->remote_domid == remote)
            return rd;
        unlock_two(d, rd ? rd : d);
        if (rd)
            put_domain(rd);
    }
}

static __cold long close_port(struct domain *d, unsigned int port)
{
    struct domain *rd __put_domain = lock_both_ends(d, port);
    struct evtchn *chn = used_port(d, port);

    if (chn) {
        if (chn->state == ECS_INTERDOMAIN && (rd || chn->remote_domid == d->domain_id))
            unbind_remote(d, rd ? rd : d, chn, port);
        if (chn->state == ECS_VIRQ)
            forget_virq(d, chn, port);
        *chn = (struct evtchn){.state = ECS_FREE};
        evtchn_clear_pending(d, port);
    }
    unlock_two(d, rd ? rd : d);
    return chn ? 0 : -EINVAL;
}

static long evtchn_close(struct domain *d, void *arg)
{
    return close_port(d, ((struct evtchn_close *)arg)->port);
}

static long evtchn_reset(struct domain *d, void *arg)
{
    return evtchn_destroy(d);
}

/* ---- use ---- */

/* The event that @ld sent from @port arrives, unless the port there was closed
 * or rebound meanwhile: then it is lost, as it may be. */
static void receive(struct domain *rd, unsigned int rport, const struct domain *ld,
                    unsigned int port)
{
    struct evtchn *chn;

    scoped_lock(&rd->event_lock);
    chn = used_port(rd, rport);
    if (chn && chn->state == ECS_INTERDOMAIN && chn->remote_domid == ld->domain_id &&
        chn->remote_port == port)
        evtchn_notify(rd, chn, rport);
}

static long evtchn_send(struct domain *ld, void *arg)
{
    unsigned int port = ((struct evtchn_send *)arg)->port;
    struct domain *rd __put_domain = NULL;
    struct evtchn *chn, copy = {.state = ECS_FREE};
    int rc;

    spin_lock(&ld->event_lock);
    chn = used_port(ld, port);
    rc = chn ? evtchn_check_send(chn) : -EINVAL;
    if (!rc)
        copy = *chn;
    if (copy.state == ECS_IPI)
        evtchn_notify(ld, chn, port);
    spin_unlock(&ld->event_lock);
    if (copy.state == ECS_INTERDOMAIN)
        rd = get_domain_for_op(copy.remote_domid);
    if (rd)
        receive(rd, copy.remote_port, ld, port);
    return rc;
}

static void fill_status(const struct evtchn *chn, struct evtchn_status *op)
{
    op->status = chn->state;
    op->vcpu = chn->notify_vcpu;
    switch (chn->state) {
    case ECS_UNBOUND:
        op->u.unbound.dom = chn->remote_domid;
        break;
    case ECS_INTERDOMAIN:
        op->u.interdomain.dom = chn->remote_domid;
        op->u.interdomain.port = chn->remote_port;
        break;
    case ECS_VIRQ:
        op->u.virq = chn->virq;
        break;
    }
}

static long evtchn_status(struct domain *d, void *arg)
{
    const struct evtchn closed = {.state = ECS_FREE};
    struct evtchn_status *op = arg;

    scoped_lock(&d->event_lock);
    if (op->port >= evtchn_port_limit(d))
        return -EINVAL;
    fill_status(port_is_valid(d, op->port) ? port_of(d, op->port) : &closed, op);
    return 0;
}

static long evtchn_bind_vcpu(struct domain *d, void *arg)
{
    const struct evtchn_bind_vcpu *op = arg;
    struct evtchn *chn;
    int rc;

    scoped_lock(&d->event_lock);
    chn = used_port(d, op->port);
    rc = chn ? evtchn_check_bind_vcpu(chn, op->vcpu, d->max_vcpus) : -EINVAL;
    if (!rc && !domain_vcpu(d, op->vcpu))
        rc = -ENOENT;
    if (!rc)
        chn->notify_vcpu = op->vcpu;
    return rc;
}

static long evtchn_unmask(struct domain *d, void *arg)
{
    unsigned int port = ((struct evtchn_unmask *)arg)->port;
    struct evtchn *chn;
    struct vcpu *v;

    scoped_lock(&d->event_lock);
    chn = used_port(d, port);
    v = chn ? domain_vcpu(d, chn->notify_vcpu) : NULL;
    if (!v)
        return -EINVAL;
    evtchn_unmask_port(v, port);
    return 0;
}

/* The other ABI, queues of events, is refused; a bad argument is still told
 * from that. */
static long evtchn_init_control(struct domain *d, void *arg)
{
    const struct evtchn_init_control *op = arg;
    struct page_info *pg;

    if (!domain_vcpu(d, op->vcpu))
        return -ENOENT;
    if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || op->offset % 8)
        return -EINVAL;
    pg = get_page_from_gfn(d, _gfn(op->control_gfn), NULL);
    if (!pg)
        return -EINVAL;
    put_page(pg);
    return -ENOSYS;
}

/* ---- a domain's life ---- */

int evtchn_init(struct domain *d, unsigned int max_port)
{
    /* The parameter names the highest port; 0 is never one. */
    d->max_evtchn_port = max_port < EVTCHN_MAX_PORTS ? max_port + 1 : EVTCHN_MAX_PORTS;
    /* Most domains need no more than the first bucket: at hand from now on. */
    d->evtchn[0] = xzalloc_array(struct evtchn, EVTCHN_PER_BUCKET);
    return d->evtchn[0] ? 0 : -ENOMEM;
}

/* The first port from @port on that is in use, or the limit. */
static unsigned int next_used(struct domain *d, unsigned int port)
{
    spin_lock(&d->event_lock);
    while (port < d->max_evtchn_port && !used_port(d, port))
        port++;
    spin_unlock(&d->event_lock);
    return port;
}

int evtchn_destroy(struct domain *d)
{
    for (unsigned int port = 0; (port = next_used(d, port + 1)) < d->max_evtchn_port;) {
        close_port(d, port);
        if (preempt_check())
            return -ERESTART;
    }
    return 0;
}

void evtchn_free(struct domain *d)
{
    for (unsigned int i = 0; i < EVTCHN_BUCKETS; i++)
        xfree(d->evtchn[i]);
}

/* ---- the hypercall ---- */

#define OP(name, flags) [EVTCHNOP_##name] = {evtchn_##name, sizeof(struct evtchn_##name), flags}
static const struct arg_op ops[] = {
    OP(alloc_unbound, ARG_DOMID | ARG_ANSWER),
    OP(bind_interdomain, ARG_ANSWER),
    OP(bind_virq, ARG_ANSWER),
    OP(bind_ipi, ARG_ANSWER),
    OP(status, ARG_DOMID | ARG_ANSWER),
    OP(close, 0),
    OP(send, 0),
    OP(bind_vcpu, 0),
    OP(unmask, 0),
    OP(init_control, 0),
    OP(reset, ARG_DOMID),
};

long do_event_channel_op(unsigned long cmd, unsigned long arg)
{
    return run_arg_op(ARG_OP(ops, cmd), arg);
}
