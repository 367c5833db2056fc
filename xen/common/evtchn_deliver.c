/* SPDX-License-Identifier: MIT */
/*
 * evtchn_deliver.c - making an event visible to a guest: the bits in
 * shared_info and vcpu_info, and waking who waits for them.
 */
#include "evtchn_private.h"

#include <cairn/lib.h>
#include <cairn/sched.h>

/* The width is looked at once: it may change meanwhile. */
static unsigned int word_bits(const struct domain *d)
{
    return ACCESS_ONCE(d->shinfo_32) ? 32 : 64;
}

unsigned int evtchn_port_limit(const struct domain *d)
{
    return min(d->max_evtchn_port, evtchn_2l_ports(word_bits(d)));
}

/* No vCPU: for what needs neither selector nor upcall flag. */
static struct evtchn_2l domain_words(const struct domain *d)
{
    return evtchn_2l_words(d->shared_info, d->shared_info->vcpu_info, word_bits(d));
}

bool evtchn_is_pending(const struct domain *d, unsigned int port)
{
    struct evtchn_2l words = domain_words(d);

    return evtchn_2l_is_pending(&words, port);
}

void evtchn_clear_pending(struct domain *d, unsigned int port)
{
    if (!d->shared_info)
        return;
    struct evtchn_2l words = domain_words(d);
    evtchn_2l_clear_pending(&words, port);
}

bool vcpu_event_deliverable(const struct vcpu *v)
{
    const struct vcpu_info *vi = v->vcpu_info;

    if (is_hvm_vcpu(v))
        return hvm_event_deliverable((struct vcpu *)v);
    return vi && ACCESS_ONCE(vi->evtchn_upcall_pending) && !ACCESS_ONCE(vi->evtchn_upcall_mask);
}

/* Do @change to the port's bits, where there are any, and tell the vCPU if need be. */
static void change_bits(struct vcpu *v, unsigned int port,
                        bool (*change)(const struct evtchn_2l *words, unsigned int port))
{
    struct shared_info *si = v->domain->shared_info;
    struct vcpu_info *vi = v->vcpu_info;

    if (!vi || !si)
        return;

    const struct evtchn_2l words = evtchn_2l_words(si, vi, word_bits(v->domain));

    if (change(&words, port))
        vcpu_mark_events_pending(v);
}

void evtchn_mark_all(struct vcpu *v)
{
    const struct evtchn_2l words =
        evtchn_2l_words(v->domain->shared_info, v->vcpu_info, word_bits(v->domain));

    evtchn_2l_select_all(&words);
    vcpu_mark_events_pending(v);
}

/* SCHEDOP_poll ends for a pending port even if that is masked. */
static void wake_pollers(struct domain *d, unsigned int port)
{
    for_each_vcpu(d, v)
        if ((ACCESS_ONCE(v->pause_flags) & VPF_poll) && (!v->poll_port || v->poll_port == port))
            vcpu_unblock(v);
}

void evtchn_notify(struct domain *d, const struct evtchn *chn, unsigned int port)
{
    struct vcpu *v = domain_vcpu(d, chn->notify_vcpu);

    if (!v)
        return;
    change_bits(v, port, evtchn_2l_set_pending);
    wake_pollers(d, port);
}

void evtchn_unmask_port(struct vcpu *v, unsigned int port)
{
    change_bits(v, port, evtchn_2l_unmask);
}

void send_guest_virq(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;
    uint32_t port;

    scoped_lock(&d->event_lock);
    port = v->virq_port[virq];
    if (port)
        evtchn_notify(d, port_of(d, port), port);
}

void send_global_virq(unsigned int virq)
{
    if (dom0 && domain_vcpu(dom0, 0))
        send_guest_virq(domain_vcpu(dom0, 0), virq);
}
