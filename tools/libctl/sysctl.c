/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c - operations on the host as a whole (XEN_SYSCTL_*).
 *
 * Owns nothing.  Promises zeroed structures with the headers' interface
 * version.
 */
#include "libctl/libctl.h"

#include <string.h>

#include "plat.h"

static void sysctl_prepare(struct xen_sysctl *op, uint32_t cmd)
{
    memset(op, 0, sizeof(*op));
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
}

static int sysctl_issue(struct xen_sysctl *op)
{
    return plat_hypercall(__HYPERVISOR_sysctl, (unsigned long)op, 0, 0, 0, 0);
}

int ctl_host_get_info(struct xen_sysctl_physinfo *info)
{
    struct xen_sysctl op;

    sysctl_prepare(&op, XEN_SYSCTL_physinfo);
    int rc = sysctl_issue(&op);
    if (rc == 0)
        *info = op.u.physinfo;
    return rc;
}

int ctl_host_get_scheduler(uint32_t *id)
{
    struct xen_sysctl op;

    sysctl_prepare(&op, XEN_SYSCTL_sched_id);
    int rc = sysctl_issue(&op);
    if (rc == 0)
        *id = op.u.sched_id.sched_id;
    return rc;
}

int ctl_domain_list(domid_t first, struct xen_domctl_getdomaininfo *info, uint32_t max)
{
    struct xen_sysctl op;

    sysctl_prepare(&op, XEN_SYSCTL_getdomaininfolist);
    op.u.getdomaininfolist.first_domain = first;
    op.u.getdomaininfolist.max_domains = max;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, info);
    int rc = sysctl_issue(&op);
    if (rc < 0)
        return rc;
    uint32_t nr = op.u.getdomaininfolist.num_domains;
    return nr < max ? nr : max;
}

int ctl_ring_read(char *buf, uint32_t size, bool clear, uint32_t *index)
{
    struct xen_sysctl op;

    sysctl_prepare(&op, XEN_SYSCTL_readconsole);
    op.u.readconsole.clear = clear;
    op.u.readconsole.incremental = 1;
    op.u.readconsole.index = *index;
    op.u.readconsole.count = size;
    set_xen_guest_handle(op.u.readconsole.buffer, buf);
    int rc = sysctl_issue(&op);
    if (rc < 0)
        return rc;
    *index = op.u.readconsole.index;
    return op.u.readconsole.count < size ? op.u.readconsole.count : size;
}

int ctl_debug_keys(const char *keys)
{
    struct xen_sysctl op;

    sysctl_prepare(&op, XEN_SYSCTL_debug_keys);
    op.u.debug_keys.nr_keys = strlen(keys);
    set_xen_guest_handle(op.u.debug_keys.keys, keys);
    return sysctl_issue(&op);
}
