/* SPDX-License-Identifier: MIT */
/*
 * sched_ctl.c - the domctls of the scheduler: a domain's weight and cap, the
 * CPUs that a vCPU may use.
 */
#include <cairn/domctl.h>

#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

/* Weight 0 leaves it as it is; the cap is always given. */
static long set_share(struct domain *d, const struct xen_domctl_sched_credit2 *p)
{
    if (p->cap > 100 * d->max_vcpus)
        return -EINVAL;
    if (p->weight)
        __atomic_store_n(&d->sched.weight, p->weight, __ATOMIC_RELAXED);
    __atomic_store_n(&d->sched.cap, p->cap, __ATOMIC_RELAXED);
    return 0;
}

long domctl_scheduler_op(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    if (op->sched_id != XEN_SCHEDULER_CREDIT2 || sched_id() != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return set_share(d, &op->u.credit2);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        op->u.credit2.weight = d->sched.weight;
        op->u.credit2.cap = d->sched.cap;
        return 0;
    default:
        return -EINVAL;
    }
}

static int read_mask(const struct xenctl_bitmap *map, cpumask_t *mask)
{
    uint32_t bytes = min((map->nr_bits + 7) / 8, (uint32_t)sizeof(*mask));

    *mask = 0;
    if (raw_copy_from_guest(mask, (unsigned long)map->bitmap.p, bytes))
        return -EFAULT;
    if (map->nr_bits < NR_CPUS)
        *mask &= (1ul << map->nr_bits) - 1;
    return 0;
}

/* Bits beyond those that we know are 0. */
static int write_mask(const struct xenctl_bitmap *map, cpumask_t mask)
{
    uint32_t bytes = min(map->nr_bits, 65536u) / 8 + !!(map->nr_bits % 8);

    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t byte = i < sizeof(mask) ? mask >> 8 * i : 0;

        if (raw_copy_to_guest((unsigned long)map->bitmap.p + i, &byte, 1))
            return -EFAULT;
    }
    return 0;
}

static int write_masks(const struct xen_domctl_vcpuaffinity *op, cpumask_t hard)
{
    int rc = 0;

    if (op->flags & XEN_VCPUAFFINITY_HARD)
        rc = write_mask(&op->cpumap_hard, hard);
    if (!rc && (op->flags & XEN_VCPUAFFINITY_SOFT))
        rc = write_mask(&op->cpumap_soft, CPU_MASK_ALL);
    return rc;
}

long domctl_vcpuaffinity(struct domain *d, struct xen_domctl_vcpuaffinity *op, bool set)
{
    struct vcpu *v = domain_vcpu(d, op->vcpu);
    cpumask_t mask;
    int rc;

    if (!v)
        return -EINVAL;
    if (!op->flags || (op->flags & ~(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    if (!set)
        return write_masks(op, v->affinity);
    /* There is no soft affinity: asking for one is no error, as in Xen it is
     * only a wish. */
    if (op->flags & XEN_VCPUAFFINITY_HARD) {
        rc = read_mask(&op->cpumap_hard, &mask);
        if (!rc)
            rc = vcpu_set_affinity(v, mask);
        if (rc)
            return rc;
    }
    return write_masks(op, v->affinity & cpu_online_mask);
}
