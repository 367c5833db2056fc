/* SPDX-License-Identifier: MIT */
/*
 * evtchn_port.h - what may be done with an event channel port in which state,
 * and the bit arithmetic of the two-level ABI.  Pure.
 */
#ifndef CAIRN_EVTCHN_PORT_H
#define CAIRN_EVTCHN_PORT_H

#include <cairn/event.h>

struct shared_info;
struct vcpu_info;

/*
 * The guest-visible words an event touches.  A guest's own words have 32 or 64
 * bits (@word_bits); bits in memory are in the same place for both, so all are
 * reached as words of 32.  What the width changes: how many ports there are,
 * where the arrays are, and how many ports a bit of the selector stands for.
 */
struct evtchn_2l {
    uint32_t *pending, *mask; /* shared_info arrays */
    uint32_t *pending_sel;    /* of the vCPU to be notified */
    uint8_t *upcall_pending;
    unsigned int word_bits;
};

/* The words in shared_info and vcpu_info as a guest of that width sees them. */
struct evtchn_2l evtchn_2l_words(struct shared_info *si, struct vcpu_info *vi,
                                 unsigned int word_bits);
static inline unsigned int evtchn_2l_ports(unsigned int word_bits)
{
    return word_bits * word_bits;
}

/* For these four a port that the layout has no place for is never pending.
 * The words are the guest's memory: it may change them meanwhile. */
/* Sets @port pending.  True: the vCPU must be told (its upcall flag was set by
 * this call). */
bool evtchn_2l_set_pending(const struct evtchn_2l *e, unsigned int port);
/* Clears the mask bit; true as above if an event was waiting for that. */
bool evtchn_2l_unmask(const struct evtchn_2l *e, unsigned int port);
/* SCHEDOP_poll, and a port that is given out again. */
bool evtchn_2l_is_pending(const struct evtchn_2l *e, unsigned int port);
void evtchn_2l_clear_pending(const struct evtchn_2l *e, unsigned int port);
/* Every word may hold events: the vCPU is to look at all. */
void evtchn_2l_select_all(const struct evtchn_2l *e);

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

#endif
