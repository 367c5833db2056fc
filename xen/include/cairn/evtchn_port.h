/* SPDX-License-Identifier: MIT */
/*
 * evtchn_port.h - what may be done with an event channel port in which state,
 * and the bit arithmetic of the two-level ABI.  Pure.
 */
#ifndef CAIRN_EVTCHN_PORT_H
#define CAIRN_EVTCHN_PORT_H

#include <cairn/event.h>

/* The guest-visible words an event touches. */
struct evtchn_2l {
    unsigned long *pending, *mask; /* shared_info arrays */
    unsigned long *pending_sel;    /* of the vCPU to be notified */
    uint8_t *upcall_pending;
};

/* Sets @port pending.  True: the vCPU must be told (its upcall flag was set by
 * this call).  The words are the guest's memory: it may change them meanwhile. */
bool evtchn_2l_set_pending(const struct evtchn_2l *e, unsigned int port);
/* Clears the mask bit; true as above if an event was waiting for that. */
bool evtchn_2l_unmask(const struct evtchn_2l *e, unsigned int port);
/* SCHEDOP_poll, and a port that is given out again. */
bool evtchn_2l_is_pending(const unsigned long *pending, unsigned int port);
void evtchn_2l_clear_pending(unsigned long *pending, unsigned int port);

/* Global VIRQs belong to vCPU 0 at first and may be rebound; the others are
 * each vCPU's own. */
bool virq_is_global(unsigned int virq);
/* Only the control domain is sent these. */
bool virq_is_privileged(unsigned int virq);

/* May domain @caller (id) bind to @remote, a port of another domain?
 * 0 or -EINVAL. */
int evtchn_check_bind_interdomain(const struct evtchn *remote, uint16_t caller);
/* bind_vcpu: 0, -EINVAL state cannot be rebound, -ENOENT no such vCPU. */
int evtchn_check_bind_vcpu(const struct evtchn *chn, unsigned int vcpu, unsigned int max_vcpus);
/* bind_virq: 0, -EINVAL bad virq or vCPU 0 wanted, -ENOENT no such vCPU. */
int evtchn_check_bind_virq(unsigned int virq, unsigned int vcpu, unsigned int max_vcpus);
/* send: 0, -EINVAL. */
int evtchn_check_send(const struct evtchn *chn);

/* EVTCHNSTAT_* of a state. */
uint32_t evtchn_status_of(const struct evtchn *chn);

#endif
