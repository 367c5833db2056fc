/* SPDX-License-Identifier: MIT */
/*
 * memory.c - XENMEM_*: a domain's memory, by the domain or for it.
 *
 * Long lists are worked off in pieces: the index of the next extent travels
 * in the command word (cmd >> MEMOP_EXTENT_SHIFT), as the public ABI says.
 * Promises: the guest's lists are read element by element, each element once;
 * whatever stops the work, the count returned is what has been done.
 */
#include "memory_private.h"

#include <cairn/lib.h>
#include <cairn/physmap.h>
#include <cairn/softirq.h>

struct domain *memory_target(domid_t domid, long *rc)
{
    struct domain *d = hypercall_target(domid, rc);

    /* Its tables are being taken down, or are gone. */
    if (d && domain_is_dying(d)) {
        put_domain(d);
        *rc = -ESRCH;
        return NULL;
    }
    return d;
}

/* ---- reservations ---- */

unsigned int memory_memf(const struct xen_memory_reservation *r)
{
    unsigned int bits = XENMEMF_get_address_bits(r->mem_flags);

    return bits && bits <= 32 ? MEMF_below_4g : 0;
}

static bool give_mfn(struct domain *d, const struct xen_memory_reservation *r, unsigned long i,
                     const struct page_info *pg)
{
    xen_pfn_t mfn = mfn_x(page_to_mfn(pg));

    return d->is_hvm || !r->extent_start.p || !copy_to_guest_offset(r->extent_start, i, &mfn, 1);
}

static bool increase_one(struct domain *d, const struct xen_memory_reservation *r, unsigned long i)
{
    struct page_info *pg = alloc_domheap_pages(d, r->extent_order, memory_memf(r));

    return pg && give_mfn(d, r, i, pg);
}

static bool populate_one(struct domain *d, const struct xen_memory_reservation *r, unsigned long i)
{
    struct page_info *pg;
    xen_pfn_t pfn;

    if (copy_from_guest_offset(&pfn, r->extent_start, i, 1))
        return false;
    pg = alloc_domheap_pages(d, r->extent_order, memory_memf(r));
    if (!pg)
        return false;
    if (physmap_add(d, _gfn(pfn), page_to_mfn(pg), r->extent_order)) {
        for (unsigned long n = 0; n < 1ul << r->extent_order; n++)
            put_page_alloc_ref(pg + n);
        return false;
    }
    return give_mfn(d, r, i, pg);
}

static bool decrease_one(struct domain *d, const struct xen_memory_reservation *r, unsigned long i)
{
    xen_pfn_t gmfn;

    if (copy_from_guest_offset(&gmfn, r->extent_start, i, 1))
        return false;
    for (unsigned long n = 0; n < 1ul << r->extent_order; n++)
        if (physmap_remove_ram(d, _gfn(gmfn + n)))
            return false;
    return true;
}

static long reservation_op(unsigned int op, unsigned long start, unsigned long arg)
{
    struct xen_memory_reservation r;
    bool (*one)(struct domain * d, const struct xen_memory_reservation *r, unsigned long i) =
        op == XENMEM_populate_physmap       ? populate_one
        : op == XENMEM_increase_reservation ? increase_one
                                            : decrease_one;
    unsigned long i;
    long rc;

    if (copy_from_guest_va(&r, arg))
        return -EFAULT;
    /* The count must survive in the command word and as a result. */
    if (start > r.nr_extents || r.nr_extents > (UINT64_MAX >> 1) >> MEMOP_EXTENT_SHIFT)
        return start;
    if (r.extent_order > MAX_EXTENT_ORDER)
        return start;

    struct domain *d __put_domain = memory_target(r.domid, &rc);
    if (!d)
        return rc == -EPERM ? rc : (long)start;
    for (i = start; i < r.nr_extents && one(d, &r, i); i++)
        if (i + 1 < r.nr_extents && preempt_check())
            return memory_continue(op, i + 1);
    return i;
}

/* ---- questions ---- */

static long current_reservation(struct domain *d, void *arg)
{
    return d->tot_pages;
}

static long maximum_reservation(struct domain *d, void *arg)
{
    return d->max_pages;
}

static long maximum_gpfn(struct domain *d, void *arg)
{
    return d->is_hvm ? d->arch.p2m.max_gfn : d->shared_info->arch.max_pfn;
}

static long machphys_mapping(struct domain *d, void *arg)
{
    *(struct xen_machphys_mapping *)arg =
        (struct xen_machphys_mapping){.v_start = MACH2PHYS_VIRT_START,
                                      .v_end = MACH2PHYS_VIRT_END,
                                      .max_mfn = MACH2PHYS_NR_ENTRIES - 1};
    return 0;
}

/* ---- memory maps ---- */

static long give_map(struct xen_memory_map *map, const struct e820_entry *e820, unsigned int nr)
{
    map->nr_entries = min(map->nr_entries, nr);
    return raw_copy_to_guest((unsigned long)map->buffer.p, e820, map->nr_entries * sizeof(*e820));
}

/* The machine's, for the control domain. */
static long machine_memory_map(struct domain *d, void *arg)
{
    return d->is_privileged ? give_map(arg, boot_info.e820, boot_info.nr_e820) : -EPERM;
}

static long memory_map(struct domain *d, void *arg)
{
    return d->arch.nr_e820 ? give_map(arg, d->arch.e820, d->arch.nr_e820) : -ENOSYS;
}

static long set_memory_map(struct domain *d, void *arg)
{
    const struct xen_memory_map *map = &((struct xen_foreign_memory_map *)arg)->map;
    struct e820_entry e[ARRAY_SIZE(d->arch.e820)];

    if (map->nr_entries > ARRAY_SIZE(e))
        return -EINVAL;
    if (raw_copy_from_guest(e, (unsigned long)map->buffer.p, map->nr_entries * sizeof(e[0])))
        return -EFAULT;
    scoped_lock(&d->lock);
    memcpy(d->arch.e820, e, map->nr_entries * sizeof(e[0]));
    d->arch.nr_e820 = map->nr_entries;
    return 0;
}

/* ---- the hypercall ---- */

#define OF_DOMAIN (ARG_DOMID | ARG_LIVING)
static const struct arg_op ops[] = {
    [XENMEM_current_reservation] = {current_reservation, sizeof(domid_t), OF_DOMAIN},
    [XENMEM_maximum_reservation] = {maximum_reservation, sizeof(domid_t), OF_DOMAIN},
    [XENMEM_maximum_gpfn] = {maximum_gpfn, sizeof(domid_t), OF_DOMAIN},
    [XENMEM_machphys_mapping] = {machphys_mapping, sizeof(struct xen_machphys_mapping), ARG_ANSWER},
    [XENMEM_machine_memory_map] = {machine_memory_map, sizeof(struct xen_memory_map), ARG_ANSWER},
    [XENMEM_memory_map] = {memory_map, sizeof(struct xen_memory_map), ARG_ANSWER},
    [XENMEM_set_memory_map] = {set_memory_map, sizeof(struct xen_foreign_memory_map), OF_DOMAIN},
    [XENMEM_add_to_physmap] = {memory_add_one, sizeof(struct xen_add_to_physmap),
                               OF_DOMAIN | ARG_CHANGED},
    [XENMEM_remove_from_physmap] = {memory_remove_one, sizeof(struct xen_remove_from_physmap),
                                    OF_DOMAIN},
    [XENMEM_exchange] = {memory_exchange, sizeof(struct xen_memory_exchange), ARG_CHANGED},
};

long do_memory_op(unsigned long cmd, unsigned long arg)
{
    unsigned int op = cmd & MEMOP_CMD_MASK;
    unsigned long start = cmd >> MEMOP_EXTENT_SHIFT;

    switch (op) {
    case XENMEM_populate_physmap:
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
        return reservation_op(op, start, arg);
    case XENMEM_add_to_physmap_batch:
        return memory_add_batch(start, arg);
    }
    /* Only lists are continued: no other bits may be set. */
    if (start)
        return -EINVAL;
    return op == XENMEM_maximum_ram_page ? (long)max_page : run_arg_op(ARG_OP(ops, op), arg);
}
