/* SPDX-License-Identifier: MIT */
/*
 * evtchn.c - event channels (EVTCHNOP_*).
 */
#include "libctl/libctl.h"

#include "plat.h"

static int evtchn_issue(int cmd, void *arg)
{
    return plat_hypercall(__HYPERVISOR_event_channel_op, cmd, (unsigned long)arg, 0, 0, 0);
}

int ctl_evtchn_alloc(domid_t domid, uint32_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = domid, .remote_dom = DOMID_SELF};

    int rc = evtchn_issue(EVTCHNOP_alloc_unbound, &op);
    if (rc == 0)
        *port = op.port;
    return rc;
}

int ctl_evtchn_bind(domid_t domid, uint32_t remote_port, uint32_t *port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = domid, .remote_port = remote_port};

    int rc = evtchn_issue(EVTCHNOP_bind_interdomain, &op);
    if (rc == 0)
        *port = op.local_port;
    return rc;
}

int ctl_evtchn_bind_virq(uint32_t virq, uint32_t *port)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = 0};

    int rc = evtchn_issue(EVTCHNOP_bind_virq, &op);
    if (rc == 0)
        *port = op.port;
    return rc;
}

int ctl_evtchn_close(uint32_t port)
{
    struct evtchn_close op = {.port = port};

    return evtchn_issue(EVTCHNOP_close, &op);
}

int ctl_evtchn_send(uint32_t port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_issue(EVTCHNOP_send, &op);
}
