/* SPDX-License-Identifier: MIT */
/* evtchn_private.h - between evtchn.c and evtchn_deliver.c. */
#ifndef EVTCHN_PRIVATE_H
#define EVTCHN_PRIVATE_H

#include <cairn/domain.h>
#include <cairn/evtchn_port.h>

static inline bool port_is_valid(const struct domain *d, unsigned int port)
{
    return port < d->max_evtchn_port && d->evtchn[port / EVTCHN_PER_BUCKET];
}

static inline struct evtchn *port_of(struct domain *d, unsigned int port)
{
    return &d->evtchn[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET];
}

/* Tell whichever vCPU of @d the port notifies; event_lock held. */
void evtchn_notify(struct domain *d, const struct evtchn *chn, unsigned int port);
/* Clear the port's mask bit; an event that waited for that is delivered. */
void evtchn_unmask_port(struct vcpu *v, unsigned int port);
/* No effect where there is no shared_info. */
void evtchn_clear_pending(struct domain *d, unsigned int port);

#endif
