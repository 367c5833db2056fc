/* SPDX-License-Identifier: MIT */
/*
 * hvm_op.c - HVMOP_*: mostly set_param and get_param, what a guest and its
 * builder tell each other.  Which parameter who may touch is the ABI's.
 */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <asm/page.h>
#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/domctl.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "irq.h"
#include "vm86.h"

enum param_rights { GUEST_NONE = 0, GUEST_READ = 1, GUEST_WRITE = 2, DEPRECATED = 4, ONCE = 8 };

static const uint8_t param_rights[HVM_NR_PARAMS] = {
    [HVM_PARAM_CALLBACK_IRQ] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_VM86_TSS] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_VM86_TSS_SIZED] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_ACPI_IOPORTS_LOCATION] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_VM_GENERATION_ID_ADDR] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_STORE_EVTCHN] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_CONSOLE_EVTCHN] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_X87_FIP_WIDTH] = GUEST_READ | GUEST_WRITE,
    [HVM_PARAM_STORE_PFN] = GUEST_READ,
    [HVM_PARAM_CONSOLE_PFN] = GUEST_READ,
    [HVM_PARAM_ALTP2M] = GUEST_READ,
    [HVM_PARAM_PAE_ENABLED] = DEPRECATED,
    [HVM_PARAM_DM_DOMAIN] = DEPRECATED,
    [HVM_PARAM_MEMORY_EVENT_CR0... HVM_PARAM_BUFIOREQ_EVTCHN] = DEPRECATED,
    [HVM_PARAM_MEMORY_EVENT_MSR] = DEPRECATED,
    [HVM_PARAM_VIRIDIAN] = ONCE,
    [HVM_PARAM_IOREQ_PFN] = ONCE,
    [HVM_PARAM_BUFIOREQ_PFN] = ONCE,
    [HVM_PARAM_IOREQ_SERVER_PFN] = ONCE,
    [HVM_PARAM_NR_IOREQ_SERVER_PAGES] = ONCE,
    [HVM_PARAM_MCA_CAP] = ONCE,
};

static int may_access(const struct domain *d, uint32_t index, unsigned int right)
{
    if (param_rights[index] & DEPRECATED)
        return -EINVAL;
    if (d == current->domain)
        return param_rights[index] & right ? 0 : -EPERM;
    return current->domain->is_privileged ? 0 : -EPERM;
}

static int set_callback(struct domain *d, uint64_t value)
{
    /* Interrupt lines do not exist yet; 0 means: no callback. */
    bool is_vector = value >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR;
    unsigned int vector = is_vector ? value & 0xff : 0;

    if (is_vector && vector < 16)
        return -EINVAL;
    d->arch.hvm.callback_vector = vector;
    if (vector)
        for_each_vcpu(d, v)
            hvm_post(v, HVM_POSTED_INTR);
    hvm_latch_width(d);
    return 0;
}

/*
 * HVM_PARAM_IDENT_PT: the page that a processor without unrestricted guest
 * uses as page directory while the guest has no paging: 4 MiB pages that map
 * everything to itself, for supervisor and user.  A guest that spoils it
 * harms itself alone.
 */
static int set_ident_pt(struct domain *d, uint64_t addr)
{
    bool writable = false;

    if ((addr & ~PAGE_MASK) || addr >> 32)
        return -EINVAL;
    struct page_info *pg = get_page_from_gfn(d, _gfn(addr >> PAGE_SHIFT), &writable);
    if (!pg || !writable) {
        if (pg)
            put_page(pg);
        return -EINVAL;
    }
    uint32_t *table = page_to_virt(pg);
    for (uint32_t i = 0; i < 1024; i++)
        table[i] = i << 22 | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_PS;
    put_page(pg);

    domain_pause(d);
    d->arch.hvm.params[HVM_PARAM_IDENT_PT] = addr;
    for_each_vcpu(d, v) {
        hvm_sync_ctrl(v);
        hvm_update_ctrl(v);
    }
    domain_unpause(d);
    return 0;
}

/*
 * HVM_PARAM_VM86_TSS_SIZED: address, and size in the high half, of the TSS with
 * which a processor without unrestricted guest runs real mode.
 */
static int set_vm86_tss(struct domain *d, uint64_t value)
{
    uint32_t addr = value, size = value >> 32;

    if (size < VM86_TSS_MIN || size > VM86_TSS_MAX || addr + size - 1 < addr)
        return -EINVAL;
    for (uint32_t at = 0; at < size;) {
        uint8_t bytes[256];
        uint32_t n = min(size - at, (uint32_t)sizeof(bytes));
        vm86_tss_fill(bytes, at, n, size);
        if (hvm_copy_to_guest_phys(d, _gaddr(addr + at), bytes, n))
            return -EINVAL;
        at += n;
    }
    return 0;
}

/* What setting a parameter does, besides being remembered. */
static int param_effect(struct domain *d, uint32_t index, uint64_t value)
{
    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ:
        return set_callback(d, value);
    case HVM_PARAM_IDENT_PT:
        return set_ident_pt(d, value);
    case HVM_PARAM_VM86_TSS_SIZED:
        return set_vm86_tss(d, value);
    case HVM_PARAM_ALTP2M:
        return -EEXIST;
    case HVM_PARAM_VIRIDIAN:
    case HVM_PARAM_MCA_CAP:
        return value ? -EOPNOTSUPP : 0;
    case HVM_PARAM_X87_FIP_WIDTH:
        return value == 0 || value == 4 || value == 8 ? 0 : -EINVAL;
    default:
        return 0;
    }
}

static int set_param(struct domain *d, uint32_t index, uint64_t value)
{
    uint64_t old = d->arch.hvm.params[index];

    if ((param_rights[index] & ONCE) && old && old != value)
        return -EEXIST;
    int rc = param_effect(d, index, value);
    if (!rc)
        d->arch.hvm.params[index] = value;
    return rc;
}

/* A domain's builder changes what its vCPUs run with, as a domctl does. */
static int set_others_param(struct domain *d, uint32_t index, uint64_t value)
{
    if (!domctl_begin())
        return -ERESTART;
    int rc = domain_is_dying(d) ? -ESRCH : set_param(d, index, value);
    domctl_end();
    return rc;
}

static long param_op(unsigned long op, unsigned long arg)
{
    struct xen_hvm_param a;

    if (copy_from_guest_va(&a, arg))
        return -EFAULT;
    if (a.index >= HVM_NR_PARAMS)
        return -EINVAL;
    struct domain *d __put_domain = get_domain_for_op(a.domid);
    if (!d)
        return -ESRCH;
    if (!d->is_hvm)
        return -EINVAL;
    bool set = op == HVMOP_set_param;
    int rc = may_access(d, a.index, set ? GUEST_WRITE : GUEST_READ);
    if (rc)
        return rc;
    if (set)
        return d == current->domain ? set_param(d, a.index, a.value)
                                    : set_others_param(d, a.index, a.value);
    a.value = d->arch.hvm.params[a.index];
    return copy_to_guest_va(arg, &a) ? -EFAULT : 0;
}

static void hvm_flush_domain(struct domain *d)
{
    if (d->arch.paging->shadow) {
        d->arch.paging->flush(current); /* one for all */
        return;
    }
    scoped_lock(&d->arch.paging_lock);
    hvm_ask_domain(d, HVM_POSTED_FLUSH_VPID);
}

static long set_upcall_vector(unsigned long arg)
{
    struct xen_hvm_evtchn_upcall_vector a;
    struct domain *d = current->domain;

    if (copy_from_guest_va(&a, arg))
        return -EFAULT;
    if (!d->is_hvm || a.vector < 16)
        return -EINVAL;
    struct vcpu *v = domain_vcpu(d, a.vcpu);
    if (!v)
        return -ENOENT;
    v->arch.hvm.upcall_vector = a.vector;
    /* What came before is not lost. */
    if (v->vcpu_info && v->vcpu_info->evtchn_upcall_pending)
        hvm_assert_upcall(v);
    return 0;
}

/* The type of a frame as a device model would see it. */
static long get_mem_type(struct domain *d, void *arg)
{
    struct xen_hvm_get_mem_type *a = arg;
    enum p2m_type type;

    if (!d->is_hvm)
        return -EINVAL;
    p2m_lookup(d, _gfn(a->pfn), &type);
    a->mem_type = type == P2M_none || type == P2M_mmio ? HVMMEM_mmio_dm
                  : p2m_is_readonly(type)              ? HVMMEM_ram_ro
                                                       : HVMMEM_ram_rw;
    return 0;
}

static const struct arg_op mem_type_op = {get_mem_type, sizeof(struct xen_hvm_get_mem_type),
                                          ARG_DOMID | ARG_ANSWER};

long do_hvm_op(unsigned long op, unsigned long arg)
{
    switch (op) {
    case HVMOP_set_param:
    case HVMOP_get_param:
        return param_op(op, arg);
    case HVMOP_flush_tlbs:
        if (arg || !current->domain->is_hvm)
            return -EINVAL;
        hvm_flush_domain(current->domain);
        return 0;
    case HVMOP_set_evtchn_upcall_vector:
        return set_upcall_vector(arg);
    case HVMOP_get_mem_type:
        return run_arg_op(&mem_type_op, arg);
    case HVMOP_altp2m:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}
