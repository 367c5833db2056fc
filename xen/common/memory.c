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

#include <asm/config.h>
#include <asm/current.h>
#include <cairn/boot_info.h>
#include <cairn/errno.h>
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
    struct domain *d;
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
    d = memory_target(r.domid, &rc);
    if (!d)
        return rc == -EPERM ? rc : (long)start;
    for (i = start; i < r.nr_extents; i++) {
        if (i != start && preempt_check()) {
            memory_continue(op, i);
            put_domain(d);
            return -ERESTART;
        }
        if (!one(d, &r, i))
            break;
    }
    put_domain(d);
    return i;
}

/* ---- questions ---- */

static unsigned long max_gpfn(const struct domain *d)
{
    return d->is_hvm ? d->arch.p2m.max_gfn : d->shared_info->arch.max_pfn;
}

static long domain_query(unsigned int op, unsigned long arg)
{
    domid_t domid;
    struct domain *d;
    long rc;

    if (copy_from_guest_va(&domid, arg))
        return -EFAULT;
    d = memory_target(domid, &rc);
    if (!d)
        return rc;
    if (op == XENMEM_current_reservation)
        rc = d->tot_pages;
    else if (op == XENMEM_maximum_reservation)
        rc = d->max_pages;
    else
        rc = max_gpfn(d);
    put_domain(d);
    return rc;
}

static long machphys_mapping(unsigned long arg)
{
    const struct xen_machphys_mapping m = {.v_start = MACH2PHYS_VIRT_START,
                                           .v_end = MACH2PHYS_VIRT_END,
                                           .max_mfn = MACH2PHYS_NR_ENTRIES - 1};

    return copy_to_guest_va(arg, &m);
}

/* ---- memory maps ---- */

struct abi_e820 {
    uint64_t addr, size;
    uint32_t type;
} __packed;

static long give_map(unsigned long arg, const struct e820_entry *e820, unsigned int nr)
{
    struct xen_memory_map map;

    if (copy_from_guest_va(&map, arg))
        return -EFAULT;
    map.nr_entries = min(map.nr_entries, nr);
    for (unsigned int i = 0; i < map.nr_entries; i++) {
        struct abi_e820 e = {e820[i].addr, e820[i].size, e820[i].type};

        if (raw_copy_to_guest((unsigned long)map.buffer.p + i * sizeof(e), &e, sizeof(e)))
            return -EFAULT;
    }
    return copy_to_guest_va(arg, &map);
}

/* The machine's, for the control domain. */
static long machine_memory_map(unsigned long arg)
{
    return current->domain->is_privileged ? give_map(arg, boot_info.e820, boot_info.nr_e820)
                                          : -EPERM;
}

static long memory_map(unsigned long arg)
{
    const struct arch_domain *ad = &current->domain->arch;

    return ad->nr_e820 ? give_map(arg, ad->e820, ad->nr_e820) : -ENOSYS;
}

static long set_memory_map(unsigned long arg)
{
    struct xen_foreign_memory_map fmap;
    struct abi_e820 e[ARRAY_SIZE(((struct arch_domain *)0)->e820)];
    struct domain *d;
    long rc;

    if (copy_from_guest_va(&fmap, arg))
        return -EFAULT;
    if (fmap.map.nr_entries > ARRAY_SIZE(e))
        return -EINVAL;
    if (raw_copy_from_guest(e, (unsigned long)fmap.map.buffer.p,
                            fmap.map.nr_entries * sizeof(e[0])))
        return -EFAULT;
    d = memory_target(fmap.domid, &rc);
    if (!d)
        return rc;
    spin_lock(&d->lock);
    for (unsigned int i = 0; i < fmap.map.nr_entries; i++)
        d->arch.e820[i] = (struct e820_entry){e[i].addr, e[i].size, e[i].type};
    d->arch.nr_e820 = fmap.map.nr_entries;
    spin_unlock(&d->lock);
    put_domain(d);
    return 0;
}

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
    default:
        /* Only lists are continued: no other bits may be set. */
        if (start)
            return -EINVAL;
    }
    switch (op) {
    case XENMEM_exchange:
        return memory_exchange(arg);
    case XENMEM_maximum_ram_page:
        return max_page;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return domain_query(op, arg);
    case XENMEM_machphys_mapping:
        return machphys_mapping(arg);
    case XENMEM_machine_memory_map:
        return machine_memory_map(arg);
    case XENMEM_memory_map:
        return memory_map(arg);
    case XENMEM_set_memory_map:
        return set_memory_map(arg);
    case XENMEM_add_to_physmap:
        return memory_add_one(arg);
    case XENMEM_remove_from_physmap:
        return memory_remove_one(arg);
    default:
        return -ENOSYS;
    }
}
