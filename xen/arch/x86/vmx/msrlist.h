/* SPDX-License-Identifier: MIT */
/*
 * msrlist.h - MSRs that VM entry and VM exit switch by lists in memory, for
 * processors that lack a control for one (first-generation VMX and EFER).
 *
 * The two lists of a vCPU are one object: the same MSRs in both, always, so
 * that no guest value can stay in the hardware after an exit.  Room for all is
 * reserved with the vCPU; nothing here can fail while the guest runs.
 * Source: SDM "MSR-Load Areas", "Loading MSRs", "VM-Exit Controls for MSRs".
 */
#ifndef X86_VMX_MSRLIST_H
#define X86_VMX_MSRLIST_H

#include <cairn/types.h>

struct vcpu;

#define MSRLIST_MAX 8u

struct vmx_msr_entry {
    uint32_t index, reserved;
    uint64_t value;
};

struct vmx_msr_lists {
    struct vmx_msr_entry guest[MSRLIST_MAX] __aligned(16); /* VM entry loads */
    struct vmx_msr_entry host[MSRLIST_MAX] __aligned(16);  /* VM exit loads */
    uint32_t count;
};

int vmx_msrlist_create(struct vcpu *v); /* -ENOMEM; its VMCS is current */
void vmx_msrlist_destroy(struct vcpu *v);
/* vmx_msrlist_set - from the next entry on @msr is @guest inside and @host
 * outside.  The VMCS of @v is current. */
void vmx_msrlist_set(struct vcpu *v, uint32_t msr, uint64_t guest, uint64_t host);
void vmx_msrlist_remove(struct vcpu *v, uint32_t msr);

#endif
