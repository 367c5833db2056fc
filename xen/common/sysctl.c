/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c - XEN_SYSCTL_*: questions and orders about the whole machine.
 *
 * As in domctl.c, a wrong interface version is told before a missing
 * privilege.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/console.h>
#include <cairn/domctl.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <xen/sysctl.h>

/* Through a small buffer: the ring is not the guest's to page-fault on. */
static long readconsole(struct xen_sysctl_readconsole *op)
{
    uint32_t pos = op->incremental ? op->index : 0, done = 0;
    char buf[256];

    while (done < op->count) {
        size_t n =
            console_ring_read(buf, min((size_t)(op->count - done), sizeof(buf)), &pos, false);

        if (!n)
            break;
        if (raw_copy_to_guest((unsigned long)op->buffer.p + done, buf, n))
            return -EFAULT;
        done += n;
    }
    if (op->clear)
        console_ring_read(buf, 0, &pos, true);
    op->count = done;
    op->index = pos;
    return 0;
}

static void physinfo(struct xen_sysctl_physinfo *pi)
{
    memset(pi, 0, sizeof(*pi));
    pi->threads_per_core = pi->cores_per_socket = 1;
    pi->nr_cpus = nr_cpus_online;
    pi->max_cpu_id = 63 - __builtin_clzll(cpu_online_mask);
    pi->nr_nodes = 1;
    pi->cpu_khz = cpu_khz;
    pi->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    if (!hvm_support.unavailable)
        pi->capabilities |= XEN_SYSCTL_PHYSCAP_hvm;
    if (hvm_support.shadow)
        pi->capabilities |= XEN_SYSCTL_PHYSCAP_shadow;
    if (hvm_support.hap)
        pi->capabilities |= XEN_SYSCTL_PHYSCAP_hap;
    pi->total_pages = total_pages;
    pi->free_pages = avail_pages();
    pi->scrub_pages = dirty_pages();
    pi->max_mfn = max_page - 1;
    pi->hw_cap[0] = host_cpu.leaf1.d;
    pi->hw_cap[1] = host_cpu.leaf1.c;
    pi->hw_cap[2] = host_cpu.ext1.d;
    pi->hw_cap[3] = host_cpu.ext1.c;
    pi->hw_cap[5] = host_cpu.leaf7.b;
    pi->hw_cap[6] = host_cpu.leaf7.c;
}

static long getdomaininfolist(struct xen_sysctl_getdomaininfolist *op)
{
    struct xen_domctl_getdomaininfo info;
    domid_t from = op->first_domain;
    uint32_t n = 0;

    for (; n < op->max_domains; n++) {
        struct domain *d __put_domain = domain_next(from);

        if (!d)
            break;
        getdomaininfo(d, &info);
        if (copy_to_guest_offset(op->buffer, n, &info, 1))
            return -EFAULT;
        from = d->domain_id + 1;
    }
    op->num_domains = n;
    return 0;
}

static long debug_keys(const struct xen_sysctl_debug_keys *op)
{
    if (op->nr_keys > 64)
        return -E2BIG;
    for (uint32_t i = 0; i < op->nr_keys; i++) {
        char key;

        if (copy_from_guest_offset(&key, op->keys, i, 1))
            return -EFAULT;
        handle_keypress(key);
    }
    return 0;
}

static long getcpuinfo(struct xen_sysctl_getcpuinfo *op)
{
    uint32_t n = min(op->max_cpus, (uint32_t)(64 - __builtin_clzll(cpu_online_mask)));

    for (uint32_t i = 0; i < n; i++) {
        struct xen_sysctl_cpuinfo info = {0};

        if (cpu_online(i))
            info.idletime = vcpu_cpu_time(domain_vcpu(idle_domain, i));

        if (copy_to_guest_offset(op->info, i, &info, 1))
            return -EFAULT;
    }
    op->nr_cpus = n;
    return 0;
}

static long sysctl_op(struct xen_sysctl *op)
{
    switch (op->cmd) {
    case XEN_SYSCTL_readconsole:
        return readconsole(&op->u.readconsole);
    case XEN_SYSCTL_physinfo:
        physinfo(&op->u.physinfo);
        return 0;
    case XEN_SYSCTL_perfc_op:
        return perfc_sysctl(&op->u.perfc_op);
    case XEN_SYSCTL_getdomaininfolist:
        return getdomaininfolist(&op->u.getdomaininfolist);
    case XEN_SYSCTL_debug_keys:
        return debug_keys(&op->u.debug_keys);
    case XEN_SYSCTL_sched_id:
        op->u.sched_id.sched_id = sched_id();
        return 0;
    case XEN_SYSCTL_getcpuinfo:
        return getcpuinfo(&op->u.getcpuinfo);
    default:
        return -ENOSYS;
    }
}

long do_sysctl(unsigned long arg)
{
    struct xen_sysctl op;
    long rc;

    if (copy_from_guest_va(&op, arg))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!current->domain->is_privileged)
        return -EPERM;
    rc = sysctl_op(&op);
    if (!rc && copy_to_guest_va(arg, &op))
        return -EFAULT;
    return rc;
}
