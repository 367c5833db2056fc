/* SPDX-License-Identifier: MIT */
/*
 * self.c - what a hostile guest keeps in order: it knows its number, dom0 hears
 * of its console's ring, and its grants are worth using.
 */
#include "fuzz.h"

#define GRANTS 24u

static evtchn_port_t console, remote;

long evtchn_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static bool console_bound(void)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = console};

    if (evtchn_op(EVTCHNOP_status, &status) || status.status != EVTCHNSTAT_interdomain ||
        status.u.interdomain.dom != 0)
        return false;
    if (!remote)
        remote = status.u.interdomain.port;
    return status.u.interdomain.port == remote;
}

bool console_find(evtchn_port_t port)
{
    console = port;
    return console_bound();
}

/* Ports are given lowest first: after a reset we get to the same again. */
void console_keep(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_port = remote};
    struct evtchn_alloc_unbound fill = {.dom = DOMID_SELF, .remote_dom = 0};

    if (console_bound())
        return;
    evtchn_op(EVTCHNOP_reset, &reset);
    for (evtchn_port_t port = 1; port < console; port++)
        evtchn_op(EVTCHNOP_alloc_unbound, &fill);
    evtchn_op(EVTCHNOP_bind_interdomain, &bind);
    if (!console_bound())
        panic("our console's port cannot be had again");
}

/* A port that we may bind to ourselves tells our number. */
bool self_find(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};

    if (evtchn_op(EVTCHNOP_alloc_unbound, &alloc))
        return false;
    status.port = alloc.port;
    if (evtchn_op(EVTCHNOP_status, &status))
        return false;
    self = status.u.unbound.dom;
    return true;
}

void grants_fill(grant_entry_v1_t *table)
{
    for (unsigned int ref = 0; ref < GRANTS; ref++) {
        table[ref].domid = any(8) ? self : any_domid();
        table[ref].frame = any_gfn();
        table[ref].flags = any(8) ? GTF_permit_access | (any(3) ? 0 : GTF_readonly) : any(0x10000);
    }
}
