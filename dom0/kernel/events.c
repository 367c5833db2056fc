/* SPDX-License-Identifier: MIT */
/*
 * events.c - event channels, looked at only from the scheduler.
 *
 * Upcalls are masked while anything runs.  SCHEDOP_block unmasks them and
 * sleeps in one step, so an event that came before it ends the sleep at once;
 * the upcall masks them again (entry.S) and says no more than "look".
 */
#include "kernel/events.h"

#include <stdint.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/sched.h>

#include <stddef.h>
#include <string.h>

#include "kernel/hypercall.h"
#include "kernel/kernel.h"
#include "plat.h"

#define WORD_BITS 64

/* Ports are few; a port number is looked up by its index here. */
#define NR_HANDLERS 256

static struct handler {
    void (*fn)(uint32_t port, void *arg);
    void *arg;
} handlers[NR_HANDLERS];

static inline void atomic_set(unsigned int bit, xen_ulong_t *word)
{
    __atomic_or_fetch(word, 1UL << bit, __ATOMIC_SEQ_CST);
}

static inline void atomic_clear(unsigned int bit, xen_ulong_t *word)
{
    __atomic_and_fetch(word, ~(1UL << bit), __ATOMIC_SEQ_CST);
}

int plat_evtchn_bind(uint32_t port, void (*fn)(uint32_t port, void *arg), void *arg)
{
    struct evtchn_unmask unmask = {.port = port};

    if (port >= NR_HANDLERS)
        return -XEN_ENOSPC;
    handlers[port] = (struct handler){fn, arg};
    return (int)hypercall_event_channel_op(EVTCHNOP_unmask, &unmask);
}

void plat_evtchn_unbind(uint32_t port)
{
    if (port >= NR_HANDLERS)
        return;
    atomic_set(port % WORD_BITS, &shared_info.evtchn_mask[port / WORD_BITS]);
    handlers[port] = (struct handler){NULL, NULL};
}

int events_bind_virq(unsigned int virq, void (*fn)(uint32_t port, void *arg), void *arg)
{
    struct evtchn_bind_virq bind = {.virq = virq, .vcpu = 0};
    int rc = (int)hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind);

    return rc ? rc : plat_evtchn_bind(bind.port, fn, arg);
}

int events_init(void)
{
    memset(shared_info.evtchn_mask, 0xff, sizeof(shared_info.evtchn_mask));
    return events_bind_virq(VIRQ_TIMER, NULL, NULL);
}

static void dispatch_port(uint32_t port)
{
    atomic_clear(port % WORD_BITS, &shared_info.evtchn_pending[port / WORD_BITS]);
    if (port < NR_HANDLERS && handlers[port].fn)
        handlers[port].fn(port, handlers[port].arg);
}

bool events_dispatch(void)
{
    vcpu_info_t *info = &shared_info.vcpu_info[0];
    bool any = false;

    while (info->evtchn_upcall_pending) {
        info->evtchn_upcall_pending = 0;

        unsigned long sel = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

        for (; sel; sel &= sel - 1) {
            unsigned int word = __builtin_ctzl(sel);
            unsigned long ready = shared_info.evtchn_pending[word] & ~shared_info.evtchn_mask[word];

            for (; ready; ready &= ready - 1)
                dispatch_port(word * WORD_BITS + __builtin_ctzl(ready));
            any = true;
        }
    }
    return any;
}

void events_idle(uint64_t deadline)
{
    hypercall(__HYPERVISOR_set_timer_op, deadline == UINT64_MAX ? 0 : deadline, 0, 0, 0, 0);
    hypercall_sched_op(SCHEDOP_block, NULL);
}
