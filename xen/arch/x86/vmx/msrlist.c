/* SPDX-License-Identifier: MIT */
/* msrlist.c - see msrlist.h. */
#include "msrlist.h"

#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

#include "vmx.h"

static uint64_t maddr_of(const void *p)
{
    return maddr_x(mfn_to_maddr(virt_to_mfn(p))) + PAGE_OFFSET(p);
}

int vmx_msrlist_create(struct vcpu *v)
{
    /* A page: it lies in one piece, and aligned. */
    struct vmx_msr_lists *l = alloc_xen_page();

    if (!l)
        return -ENOMEM;
    v->arch.hvm.vmx.msr_lists = l;
    vmwrite64(VM_ENTRY_MSR_LOAD_ADDR, maddr_of(l->guest));
    vmwrite64(VM_EXIT_MSR_LOAD_ADDR, maddr_of(l->host));
    return 0;
}

void vmx_msrlist_destroy(struct vcpu *v)
{
    free_xen_page(v->arch.hvm.vmx.msr_lists);
    v->arch.hvm.vmx.msr_lists = NULL;
}

static unsigned int find(const struct vmx_msr_lists *l, uint32_t msr)
{
    unsigned int i = 0;
    while (i < l->count && l->guest[i].index != msr)
        i++;
    return i;
}

void vmx_msrlist_set(struct vcpu *v, uint32_t msr, uint64_t guest, uint64_t host)
{
    struct vmx_msr_lists *l = v->arch.hvm.vmx.msr_lists;
    unsigned int i = find(l, msr);

    BUG_ON(i == MSRLIST_MAX);
    l->host[i] = (struct vmx_msr_entry){.index = msr, .value = host};
    l->guest[i] = (struct vmx_msr_entry){.index = msr, .value = guest};
    if (i < l->count)
        return;
    /* The way back first: no entry may load what no exit takes away. */
    l->count++;
    vmwrite32(VM_EXIT_MSR_LOAD_COUNT, l->count);
    vmwrite32(VM_ENTRY_MSR_LOAD_COUNT, l->count);
}

void vmx_msrlist_remove(struct vcpu *v, uint32_t msr)
{
    struct vmx_msr_lists *l = v->arch.hvm.vmx.msr_lists;
    unsigned int i = find(l, msr);

    if (i == l->count)
        return;
    l->count--;
    vmwrite32(VM_ENTRY_MSR_LOAD_COUNT, l->count);
    vmwrite32(VM_EXIT_MSR_LOAD_COUNT, l->count);
    l->guest[i] = l->guest[l->count];
    l->host[i] = l->host[l->count];
}
