/* SPDX-License-Identifier: MIT */
/*
 * domctl.c - XEN_DOMCTL_*: what the control domain does to domains.
 *
 * One operation at a time (domctl_lock).  The interface version is looked at
 * before the caller's privilege, so that a probe for it gets its answer.
 * Promises: the argument is copied once, and written back if it has been worked
 * on; a handler validates before it acts.
 */
#include <cairn/domctl.h>

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

static DEFINE_SPINLOCK(domctl_lock, LOCK_DOMCTL);

static const uint32_t allowed_flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap |
                                      XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_oos_off |
                                      XEN_DOMCTL_CDF_xs_domain;

/* The number after the last one given, so that one is not reused at once. */
static bool find_free_domid(domid_t *domid)
{
    static domid_t last;

    for (unsigned int n = 0; n < DOMID_FIRST_RESERVED; n++) {
        last = last + 1 < DOMID_FIRST_RESERVED ? last + 1 : 1;

        struct domain *d __put_domain = get_domain_by_id(last);
        if (!d) {
            *domid = last;
            return true;
        }
    }
    return false;
}

static long check_config(const struct xen_domctl_createdomain *cfg)
{
    if (cfg->flags & ~allowed_flags)
        return -EINVAL;
    if ((cfg->flags & XEN_DOMCTL_CDF_hap) && !(cfg->flags & XEN_DOMCTL_CDF_hvm))
        return -EINVAL;
    if (cfg->iommu_opts || cfg->vmtrace_size || cfg->cpupool_id)
        return -EINVAL;
    if (!cfg->max_vcpus || cfg->max_vcpus > MAX_VCPUS)
        return -EINVAL;
    if (cfg->max_evtchn_port > INT32_MAX && cfg->max_evtchn_port != UINT32_MAX)
        return -EINVAL;
    return 0;
}

static long createdomain(struct xen_domctl *op)
{
    domid_t domid = op->domain;
    struct domain *d;
    int rc = check_config(&op->u.createdomain);

    if (rc)
        return rc;
    if (domid == 0 || domid >= DOMID_FIRST_RESERVED) {
        if (!find_free_domid(&domid))
            return -ENOMEM;
    }
    d = domain_create(domid, &op->u.createdomain, false, &rc);
    if (!d)
        return rc;
    op->domain = domid;
    return 0;
}

static long max_vcpus(struct domain *d, uint32_t max)
{
    /* The count was fixed at creation; this makes them. */
    if (max != d->max_vcpus)
        return -EINVAL;
    for (unsigned int i = 0; i < max; i++) {
        int rc;

        if (!domain_vcpu(d, i) && !vcpu_create(d, i, &rc))
            return rc;
    }
    return 0;
}

void getdomaininfo(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    unsigned int flags = XEN_DOMINF_blocked;

    memset(info, 0, sizeof(*info));
    info->domain = d->domain_id;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for_each_vcpu(d, v) {
        info->max_vcpu_id = v->vcpu_id;
        info->cpu_time += vcpu_cpu_time(v);
        if (v->pause_flags & VPF_down)
            continue;
        info->nr_online_vcpus++;
        if (!(v->pause_flags & VPF_blocked))
            flags &= ~XEN_DOMINF_blocked;
        if (vcpu_on_cpu(v))
            flags |= XEN_DOMINF_running;
    }
    if (!info->nr_online_vcpus)
        flags &= ~XEN_DOMINF_blocked;
    info->flags = flags | (domain_is_dying(d) ? XEN_DOMINF_dying : 0) |
                  (d->is_shut_down ? XEN_DOMINF_shutdown : 0) |
                  (d->controller_pause_count ? XEN_DOMINF_paused : 0) |
                  (d->is_hvm ? XEN_DOMINF_hvm_guest : 0) |
                  (d->createflags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMINF_xs_domain : 0) |
                  (d->createflags & XEN_DOMCTL_CDF_hap ? XEN_DOMINF_hap : 0) |
                  (d->is_shut_down ? d->shutdown_code << XEN_DOMINF_shutdownshift : 0);
    info->tot_pages = d->tot_pages;
    info->max_pages = d->max_pages;
    info->shared_info_frame = ~0ull;
    if (d->shared_info) {
        mfn_t mfn = virt_to_mfn(d->shared_info);

        info->shared_info_frame = d->is_hvm ? get_gpfn_from_mfn(mfn) : mfn_x(mfn);
    }
    memcpy(info->handle, d->handle, sizeof(info->handle));
    info->gpaddr_bits = d->arch.policy.maxphysaddr;
    info->arch_config.emulation_flags = d->arch.emulation_flags;
}

/* The first domain from the number given on. */
static long getdomaininfo_op(struct xen_domctl *op)
{
    struct domain *d __put_domain = domain_next(op->domain);

    if (!d)
        return -ESRCH;
    getdomaininfo(d, &op->u.getdomaininfo);
    op->domain = d->domain_id;
    return 0;
}

static long getvcpuinfo(struct domain *d, struct xen_domctl_getvcpuinfo *info)
{
    const struct vcpu *v = domain_vcpu(d, info->vcpu);

    if (!v)
        return -ESRCH;
    info->online = !(v->pause_flags & VPF_down);
    info->blocked = (v->pause_flags & VPF_blocked) != 0;
    info->running = vcpu_on_cpu(v);
    info->cpu_time = vcpu_cpu_time(v);
    info->cpu = ACCESS_ONCE(v->processor);
    return 0;
}

static long max_mem(struct domain *d, uint64_t kb)
{
    uint64_t pages = kb >> (PAGE_SHIFT - 10);

    if (pages > UINT32_MAX)
        return -EINVAL;
    scoped_lock(&d->page_alloc_lock);
    d->max_pages = pages;
    return 0;
}

/* Not on oneself: the answer to the caller would go with it. */
static long destroydomain(struct domain *d)
{
    return d == current->domain ? -EINVAL : domain_kill(d);
}

static long pausedomain(struct domain *d)
{
    return d == current->domain ? -EINVAL : domain_pause_by_controller(d);
}

static long domain_op(struct xen_domctl *op, struct domain *d)
{
    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain:
        return destroydomain(d);
    case XEN_DOMCTL_pausedomain:
        return pausedomain(d);
    case XEN_DOMCTL_unpausedomain:
        return domain_unpause_by_controller(d);
    case XEN_DOMCTL_max_mem:
        return max_mem(d, op->u.max_mem.max_memkb);
    case XEN_DOMCTL_max_vcpus:
        return max_vcpus(d, op->u.max_vcpus.max);
    case XEN_DOMCTL_getvcpuinfo:
        return getvcpuinfo(d, &op->u.getvcpuinfo);
    case XEN_DOMCTL_scheduler_op:
        return domctl_scheduler_op(d, &op->u.scheduler_op);
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        return domctl_vcpuaffinity(d, &op->u.vcpuaffinity, op->cmd == XEN_DOMCTL_setvcpuaffinity);
    case XEN_DOMCTL_setdomainhandle:
        memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
        return 0;
    default:
        return arch_do_domctl(op, d);
    }
}

static long locked_domctl(struct xen_domctl *op)
{
    if (op->cmd == XEN_DOMCTL_createdomain)
        return createdomain(op);
    if (op->cmd == XEN_DOMCTL_getdomaininfo)
        return getdomaininfo_op(op);

    struct domain *d __put_domain = get_domain_for_op(op->domain);
    return d ? domain_op(op, d) : -ESRCH;
}

bool domctl_begin(void)
{
    return spin_trylock(&domctl_lock);
}

void domctl_end(void)
{
    spin_unlock(&domctl_lock);
}

long do_domctl(unsigned long arg)
{
    struct xen_domctl op;
    long rc;

    if (copy_from_guest_va(&op, arg))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!current->domain->is_privileged)
        return -EPERM;
    if (!domctl_begin())
        return -ERESTART;
    rc = locked_domctl(&op);
    domctl_end();
    return rc != -ERESTART && copy_to_guest_va(arg, &op) ? -EFAULT : rc;
}
