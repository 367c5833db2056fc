/* SPDX-License-Identifier: MIT */
/*
 * evtchn_deliver.c - making an event visible to a guest: the bits in
 * shared_info and vcpu_info, and waking who waits for them.
 */
#include "evtchn_private.h"

#include <cairn/sched.h>

bool vcpu_event_deliverable(const struct vcpu *v)
{
    const struct vcpu_info *vi = v->vcpu_info;

    if (is_hvm_vcpu(v))
        return hvm_event_deliverable((struct vcpu *)v);
    return vi && ACCESS_ONCE(vi->evtchn_upcall_pending) && !ACCESS_ONCE(vi->evtchn_upcall_mask);
}

static struct evtchn_2l words_of(struct vcpu *v)
{
    struct shared_info *si = v->domain->shared_info;

    return (struct evtchn_2l){.pending = si->evtchn_pending,
                              .mask = si->evtchn_mask,
                              .pending_sel = &v->vcpu_info->evtchn_pending_sel,
                              .upcall_pending = &v->vcpu_info->evtchn_upcall_pending};
}

/* SCHEDOP_poll ends for a pending port even if that is masked. */
static void wake_pollers(struct domain *d, unsigned int port)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        struct vcpu *v = d->vcpu[i];

        if (v && (ACCESS_ONCE(v->pause_flags) & VPF_poll) &&
            (!v->poll_port || v->poll_port == port))
            vcpu_unblock(v);
    }
}

void evtchn_set_pending(struct vcpu *v, unsigned int port)
{
    struct evtchn_2l words;

    if (!v->vcpu_info || !v->domain->shared_info)
        return;
    words = words_of(v);
    if (evtchn_2l_set_pending(&words, port))
        vcpu_mark_events_pending(v);
    wake_pollers(v->domain, port);
}

void evtchn_notify(struct domain *d, const struct evtchn *chn, unsigned int port)
{
    struct vcpu *v = chn->notify_vcpu < d->max_vcpus ? d->vcpu[chn->notify_vcpu] : NULL;

    if (v)
        evtchn_set_pending(v, port);
}

void evtchn_unmask_port(struct vcpu *v, unsigned int port)
{
    struct evtchn_2l words;

    if (!v->vcpu_info || !v->domain->shared_info)
        return;
    words = words_of(v);
    if (evtchn_2l_unmask(&words, port))
        vcpu_mark_events_pending(v);
}

void send_guest_virq(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;
    uint32_t port;

    spin_lock(&d->event_lock);
    port = v->virq_port[virq];
    if (port)
        evtchn_notify(d, port_of(d, port), port);
    spin_unlock(&d->event_lock);
}

void send_global_virq(unsigned int virq)
{
    if (dom0 && dom0->vcpu[0])
        send_guest_virq(dom0->vcpu[0], virq);
}
