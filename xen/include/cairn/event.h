/* SPDX-License-Identifier: MIT */
/*
 * event.h - event channels, the two-level ABI.
 * d->event_lock covers a domain's ports.
 */
#ifndef CAIRN_EVENT_H
#define CAIRN_EVENT_H

#include <cairn/list.h>
#include <cairn/types.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

struct domain;
struct vcpu;

#define EVTCHN_MAX_PORTS  4096u
#define EVTCHN_PER_BUCKET 64u
#define EVTCHN_BUCKETS    (EVTCHN_MAX_PORTS / EVTCHN_PER_BUCKET)

/*
 * Port states; changed only in evtchn.c:
 *   FREE -> UNBOUND -> INTERDOMAIN <-> UNBOUND -> FREE
 *   FREE -> VIRQ | IPI -> FREE
 */
enum evtchn_state {
    ECS_FREE = EVTCHNSTAT_closed,
    ECS_UNBOUND = EVTCHNSTAT_unbound,
    ECS_INTERDOMAIN = EVTCHNSTAT_interdomain,
    ECS_VIRQ = EVTCHNSTAT_virq,
    ECS_IPI = EVTCHNSTAT_ipi,
};

struct evtchn {
    uint8_t state; /* enum evtchn_state */
    uint8_t virq;
    uint16_t notify_vcpu;
    uint16_t remote_domid; /* UNBOUND, INTERDOMAIN */
    uint32_t remote_port;  /* INTERDOMAIN */
};

int evtchn_init(struct domain *d, unsigned int max_port);
/* evtchn_destroy - closes every port.  0, or -ERESTART: call again, what is closed stays
 * closed.  No event_lock held; in a domain that lives new ports may come meanwhile. */
int evtchn_destroy(struct domain *d);
void evtchn_free(struct domain *d); /* and the memory, once nobody looks */

/* send_guest_virq - raise @virq; no effect if not bound. Global VIRQs (DOM_EXC,
 * CONSOLE) go to dom0's vcpu 0. */
void send_guest_virq(struct vcpu *v, unsigned int virq);
void send_global_virq(unsigned int virq);

/* One past the last port that may be given out: by the domain's configuration
 * and by the layout of its shared_info. */
unsigned int evtchn_port_limit(const struct domain *d);
bool evtchn_is_pending(const struct domain *d, unsigned int port);
/* The vCPU is to look at all ports: its vcpu_info has moved. */
void evtchn_mark_all(struct vcpu *v);

/* local_events_need_delivery - upcall pending and not masked. */
bool vcpu_event_deliverable(const struct vcpu *v);

#endif
