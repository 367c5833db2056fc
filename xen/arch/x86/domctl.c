/* SPDX-License-Identifier: MIT */
/*
 * domctl.c - the domctls that touch x86 state: register contexts, HVM save
 * records, the hypercall page.
 *
 * The target is paused while its state is read or written.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/lib.h>
#include <xen/domctl.h>

#define HVM_CONTEXT_MAX KB(64)

static long setvcpucontext(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    struct vcpu *v = domain_vcpu(d, op->vcpu);

    if (!v)
        return -ESRCH;
    struct vcpu_guest_context *ctxt = xzalloc(struct vcpu_guest_context);
    if (!ctxt)
        return -ENOMEM;
    long rc = copy_from_guest_offset(ctxt, op->ctxt, 0, 1);
    if (!rc) {
        domain_pause(d);
        rc = arch_set_info_guest(v, ctxt);
        domain_unpause(d);
    }
    xfree(ctxt);
    return rc;
}

static long sethvmcontext(struct domain *d, const struct xen_domctl_hvmcontext *op)
{
    void *buf;
    long rc;

    if (!d->is_hvm || !op->size || op->size > HVM_CONTEXT_MAX)
        return -EINVAL;
    buf = xzalloc_bytes(op->size, 16);
    if (!buf)
        return -ENOMEM;
    rc = raw_copy_from_guest(buf, (unsigned long)op->buffer.p, op->size);
    if (!rc) {
        domain_pause(d);
        rc = hvm_load(d, buf, op->size);
        domain_unpause(d);
    }
    xfree(buf);
    return rc;
}

/* Without a buffer: how large one is needed. */
static long gethvmcontext(struct domain *d, struct xen_domctl_hvmcontext *op)
{
    size_t len = HVM_CONTEXT_MAX;
    void *buf;
    long rc;

    if (!d->is_hvm)
        return -EINVAL;
    buf = xzalloc_bytes(len, 16);
    if (!buf)
        return -ENOMEM;
    domain_pause(d);
    rc = hvm_save(d, buf, &len);
    domain_unpause(d);
    if (!rc && op->buffer.p)
        rc = len > op->size ? -ENOSPC : raw_copy_to_guest((unsigned long)op->buffer.p, buf, len);
    op->size = len;
    xfree(buf);
    return rc;
}

static long settscinfo(struct domain *d, const struct xen_domctl_tsc_info *info)
{
    domain_pause(d);
    long rc = guest_tsc_configure(d, info->tsc_mode, info->gtsc_khz);
    domain_unpause(d);
    return rc;
}

/* 64-bit only: what a PV domain is from the start. */
static long set_address_size(struct domain *d, uint32_t size)
{
    if (d->is_hvm)
        return -EOPNOTSUPP;
    return size == 64 ? 0 : size == 32 ? -EOPNOTSUPP : -EINVAL;
}

static long set_allocation(struct domain *d, uint32_t mib)
{
    if (!d->arch.paging)
        return 0; /* a PV domain has no such tables */
    /* Until the last continuation: half a pool is not for use. */
    if (!d->arch.paging_resizing)
        domain_pause(d);
    long rc = d->arch.paging->set_allocation(d, mib);
    d->arch.paging_resizing = rc == -ERESTART;
    if (!d->arch.paging_resizing)
        domain_unpause(d);
    return rc;
}

static long shadow_op(struct domain *d, struct xen_domctl_shadow_op *op)
{
    switch (op->op) {
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        return set_allocation(d, op->mb);
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        op->mb = d->arch.paging ? d->arch.paging->get_allocation(d) : 0;
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

long arch_do_domctl(struct xen_domctl *op, struct domain *d)
{
    /* Nobody sets his own registers by way of the control interface. */
    if (d == current->domain && op->cmd != XEN_DOMCTL_get_address_size)
        return -EINVAL;
    if (domain_is_dying(d))
        return -ESRCH;
    switch (op->cmd) {
    case XEN_DOMCTL_setvcpucontext:
        return setvcpucontext(d, &op->u.vcpucontext);
    case XEN_DOMCTL_sethvmcontext:
        return sethvmcontext(d, &op->u.hvmcontext);
    case XEN_DOMCTL_gethvmcontext:
        return gethvmcontext(d, &op->u.hvmcontext);
    case XEN_DOMCTL_hypercall_init:
        return arch_write_hypercall_page(d, _gfn(op->u.hypercall_init.gmfn));
    case XEN_DOMCTL_set_address_size:
        return set_address_size(d, op->u.address_size.size);
    case XEN_DOMCTL_get_address_size:
        op->u.address_size.size = 64;
        return 0;
    case XEN_DOMCTL_settscinfo:
        return settscinfo(d, &op->u.tsc_info);
    case XEN_DOMCTL_gettscinfo:
        op->u.tsc_info = (struct xen_domctl_tsc_info){
            .tsc_mode = d->arch.tsc_mode, .gtsc_khz = d->arch.tsc_khz, .elapsed_nsec = NOW()};
        return 0;
    case XEN_DOMCTL_shadow_op:
        return shadow_op(d, &op->u.shadow_op);
    default:
        return -ENOSYS;
    }
}
