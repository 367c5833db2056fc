/* SPDX-License-Identifier: MIT */
/* lbr.c - see lbr.h; the part that touches registers. */
#include "lbr.h"

#include "vmx.h"

#define CPUID7_B_TSX (1u << 4 | 1u << 11) /* HLE, RTM */

static const struct lbr_layout *host_layout(void)
{
    if (memcmp(host_cpu.vendor, "GenuineIntel", 12) != 0)
        return NULL;
    return lbr_layout(host_cpu.family, host_cpu.model);
}

/* The current vCPU has its own records from now on: cleared ones. */
static void start_using(struct vcpu *v)
{
    if (v->arch.hvm.vmx.lbr_used)
        return;
    v->arch.hvm.vmx.lbr_used = true;
    vmx_lbr_load(v);
}

static bool is_record(uint32_t msr)
{
    const struct lbr_layout *l = host_layout();

    for (unsigned int i = 0; l && i < lbr_count(l); i++)
        if (lbr_msr(l, i) == msr)
            return true;
    return false;
}

int hvm_lbr_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    ASSERT(v == current);
    if (msr == MSR_IA32_DEBUGCTL) {
        *value = vmread64(GUEST_DEBUGCTL);
        return 0;
    }
    if (!is_record(msr))
        return -EPERM;
    start_using(v);
    return rdmsr_safe(msr, value) ? -EPERM : 0;
}

int hvm_lbr_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    ASSERT(v == current);
    if (msr == MSR_IA32_DEBUGCTL) {
        if (value & ~(host_layout() ? DEBUGCTL_LBR : 0))
            return -EPERM;
        if (value)
            start_using(v);
        vmwrite64(GUEST_DEBUGCTL, value);
        return 0;
    }
    if (!is_record(msr))
        return -EPERM;
    start_using(v);
    return wrmsr_safe(msr, value) ? -EPERM : 0;
}

void vmx_lbr_load(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;

    if (likely(!vmx->lbr_used))
        return;

    const struct lbr_layout *l = host_layout();
    for (unsigned int i = 0; i < lbr_count(l); i++)
        wrmsr_safe(lbr_msr(l, i), vmx->lbr[i]);
}

void vmx_lbr_save(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;

    if (likely(!vmx->lbr_used))
        return;

    const struct lbr_layout *l = host_layout();
    for (unsigned int i = 0; i < lbr_count(l); i++) {
        uint32_t msr = lbr_msr(l, i);
        uint64_t value = 0;

        rdmsr_safe(msr, &value);
        vmx->lbr[i] = lbr_writable(l, host_cpu.leaf7.b & CPUID7_B_TSX, msr, value);
    }
}
