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
    struct domain *d = get_domain_for_op(domid);

    *rc = -ESRCH;
    if (d && d != current->domain && !current->domain->is_privileged) {
        put_domain(d);
        *rc = -EPERM;
        return NULL;
    }
    /* Its tables are being taken down, or are gone. */
    if (d && domain_is_dying(d)) {
        put_domain(d);
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

static bool increase_one(struct domain *d, const struct xen_memory_reservation *r, unsigned long i)
{
    struct page_info *pg = alloc_domheap_pages(d, r->extent_order, memory_memf(r));
    xen_pfn_t mfn;

    if (!pg)
        return false;
    mfn = mfn_x(page_to_mfn(pg));
    if (d->is_hvm || !r->extent_start.p)
        return true;
    return !copy_to_guest_offset(r->extent_start, i, &mfn, 1);
}

static bool populate_one(struct domain *d, const struct xen_memory_reservation *r, unsigned long i)
{
    struct page_info *pg;
    xen_pfn_t pfn, mfn;

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
    if (d->is_hvm)
        return true;
    mfn = mfn_x(page_to_mfn(pg));
    return !copy_to_guest_offset(r->extent_start, i, &mfn, 1);
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
        bool done;

        if (i != start && preempt_check()) {
            memory_continue(op, i);
            put_domain(d);
            return -ERESTART;
        }
        if (op == XENMEM_populate_physmap)
            done = populate_one(d, &r, i);
        else if (op == XENMEM_increase_reservation)
            done = increase_one(d, &r, i);
        else
            done = decrease_one(d, &r, i);
        if (!done)
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

/* The machine's, for the control domain. */
static long machine_memory_map(unsigned long arg)
{
    struct xen_memory_map map;
    unsigned int nr;

    if (!current->domain->is_privileged)
        return -EPERM;
    if (copy_from_guest_va(&map, arg))
        return -EFAULT;
    nr = min(map.nr_entries, boot_info.nr_e820);
    for (unsigned int i = 0; i < nr; i++) {
        struct abi_e820 e = {boot_info.e820[i].addr, boot_info.e820[i].size,
                             boot_info.e820[i].type};

        if (raw_copy_to_guest((unsigned long)map.buffer.p + i * sizeof(e), &e, sizeof(e)))
            return -EFAULT;
    }
    map.nr_entries = nr;
    return copy_to_guest_va(arg, &map);
}

static long memory_map(unsigned long arg)
{
    struct arch_domain *ad = &current->domain->arch;
    struct xen_memory_map map;
    unsigned int nr;

    if (!ad->nr_e820)
        return -ENOSYS;
    if (copy_from_guest_va(&map, arg))
        return -EFAULT;
    nr = min(map.nr_entries, ad->nr_e820);
    for (unsigned int i = 0; i < nr; i++) {
        struct abi_e820 e = {ad->e820[i].addr, ad->e820[i].size, ad->e820[i].type};

        if (raw_copy_to_guest((unsigned long)map.buffer.p + i * sizeof(e), &e, sizeof(e)))
            return -EFAULT;
    }
    map.nr_entries = nr;
    return copy_to_guest_va(arg, &map);
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
    for (unsigned int i = 0; i < fmap.map.nr_entries; i++) {
        d->arch.e820[i].addr = e[i].addr;
        d->arch.e820[i].size = e[i].size;
        d->arch.e820[i].type = e[i].type;
    }
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
