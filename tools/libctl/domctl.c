/* SPDX-License-Identifier: MIT */
/*
 * domctl.c - operations on one domain (XEN_DOMCTL_*).
 *
 * Owns nothing.  Promises that every structure is zero where it is not used
 * and carries the interface version of the headers it was built with.
 */
#include "libctl/libctl.h"

#include <string.h>

#include "plat.h"

static void domctl_prepare(struct xen_domctl *op, uint32_t cmd, domid_t domid)
{
    memset(op, 0, sizeof(*op));
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
}

static int domctl_issue(struct xen_domctl *op)
{
    return plat_hypercall(__HYPERVISOR_domctl, (unsigned long)op, 0, 0, 0, 0);
}

/* For the operations which need nothing but the domain. */
static int domctl_simple(uint32_t cmd, domid_t domid)
{
    struct xen_domctl op;

    domctl_prepare(&op, cmd, domid);
    return domctl_issue(&op);
}

int ctl_domain_create(const struct xen_domctl_createdomain *config, domid_t *domid)
{
    struct xen_domctl op;

    /* Domain 0 as the wish means: choose a free number. */
    domctl_prepare(&op, XEN_DOMCTL_createdomain, 0);
    op.u.createdomain = *config;
    int rc = domctl_issue(&op);
    if (rc == 0)
        *domid = op.domain;
    return rc;
}

int ctl_domain_destroy(domid_t domid)
{
    return domctl_simple(XEN_DOMCTL_destroydomain, domid);
}

int ctl_domain_pause(domid_t domid)
{
    return domctl_simple(XEN_DOMCTL_pausedomain, domid);
}

int ctl_domain_unpause(domid_t domid)
{
    return domctl_simple(XEN_DOMCTL_unpausedomain, domid);
}

int ctl_domain_get_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_getdomaininfo, domid);
    int rc = domctl_issue(&op);
    if (rc < 0)
        return rc;
    /* The ABI answers with the next domain when there is none such. */
    if (op.u.getdomaininfo.domain != domid)
        return -XEN_ESRCH;
    *info = op.u.getdomaininfo;
    return 0;
}

int ctl_domain_set_max_vcpus(domid_t domid, uint32_t max)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_max_vcpus, domid);
    op.u.max_vcpus.max = max;
    return domctl_issue(&op);
}

int ctl_domain_set_max_mem(domid_t domid, uint64_t kib)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_max_mem, domid);
    op.u.max_mem.max_memkb = kib;
    return domctl_issue(&op);
}

int ctl_domain_set_paging_mb(domid_t domid, uint32_t mib)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_shadow_op, domid);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
    op.u.shadow_op.mb = mib;
    return domctl_issue(&op);
}

int ctl_domain_set_tsc(domid_t domid, uint32_t mode, uint32_t khz)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_settscinfo, domid);
    op.u.tsc_info.tsc_mode = mode;
    op.u.tsc_info.gtsc_khz = khz;
    return domctl_issue(&op);
}

int ctl_domain_set_hvm_context(domid_t domid, const void *stream, uint32_t size)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_sethvmcontext, domid);
    op.u.hvmcontext.size = size;
    set_xen_guest_handle(op.u.hvmcontext.buffer, (uint8_t *)(uintptr_t)stream);
    return domctl_issue(&op);
}

int ctl_domain_get_hvm_context(domid_t domid, void *stream, uint32_t *size)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_gethvmcontext, domid);
    op.u.hvmcontext.size = *size;
    set_xen_guest_handle(op.u.hvmcontext.buffer, (uint8_t *)stream);
    int rc = domctl_issue(&op);
    *size = op.u.hvmcontext.size;
    return rc;
}

int ctl_domain_set_address_size(domid_t domid, uint32_t bits)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_set_address_size, domid);
    op.u.address_size.size = bits;
    return domctl_issue(&op);
}

int ctl_domain_init_hypercall_page(domid_t domid, uint64_t mfn)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_hypercall_init, domid);
    op.u.hypercall_init.gmfn = mfn;
    return domctl_issue(&op);
}

int ctl_vcpu_set_context(domid_t domid, uint32_t vcpu, const vcpu_guest_context_t *context)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_setvcpucontext, domid);
    op.u.vcpucontext.vcpu = vcpu;
    set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)(uintptr_t)context);
    return domctl_issue(&op);
}

int ctl_vcpu_get_info(domid_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *info)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_getvcpuinfo, domid);
    op.u.getvcpuinfo.vcpu = vcpu;
    int rc = domctl_issue(&op);
    if (rc == 0)
        *info = op.u.getvcpuinfo;
    return rc;
}

static int sched_issue(domid_t domid, uint32_t cmd, struct xen_domctl_sched_credit2 *params)
{
    struct xen_domctl op;

    domctl_prepare(&op, XEN_DOMCTL_scheduler_op, domid);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.credit2 = *params;
    int rc = domctl_issue(&op);
    *params = op.u.scheduler_op.u.credit2;
    return rc;
}

int ctl_sched_get(domid_t domid, uint16_t *weight, uint16_t *cap)
{
    struct xen_domctl_sched_credit2 params = {0};
    int rc = sched_issue(domid, XEN_DOMCTL_SCHEDOP_getinfo, &params);

    *weight = params.weight;
    *cap = params.cap;
    return rc;
}

int ctl_sched_set(domid_t domid, uint16_t weight, uint16_t cap)
{
    struct xen_domctl_sched_credit2 params = {.weight = weight, .cap = cap};

    return sched_issue(domid, XEN_DOMCTL_SCHEDOP_putinfo, &params);
}

static int affinity_issue(uint32_t cmd, domid_t domid, uint32_t vcpu, uint64_t *cpus)
{
    struct xen_domctl op;

    domctl_prepare(&op, cmd, domid);
    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)cpus);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
    return domctl_issue(&op);
}

int ctl_vcpu_get_affinity(domid_t domid, uint32_t vcpu, uint64_t *cpus)
{
    *cpus = 0;
    return affinity_issue(XEN_DOMCTL_getvcpuaffinity, domid, vcpu, cpus);
}

int ctl_vcpu_set_affinity(domid_t domid, uint32_t vcpu, uint64_t cpus)
{
    return affinity_issue(XEN_DOMCTL_setvcpuaffinity, domid, vcpu, &cpus);
}
