/* SPDX-License-Identifier: MIT */
/*
 * guest_msr.c - RDMSR and WRMSR of guests.
 *
 * Whatever is not named here does not exist: #GP.  No value of the host's is
 * ever returned except the passage of time.
 */
#include <asm/cpu_policy.h>

#include <asm/current.h>
#include <asm/guest_tsc.h>
#include <asm/hvm.h>
#include <asm/page.h>
#include <asm/pv.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

#include "../hvm/cr.h"

#define MSR_UCODE_REV     0x8b
#define MSR_MTRRCAP       0xfe
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_XEN_HYPERCALL 0x40000000

#define FEATURE_CONTROL_LOCK    1ull
#define MISC_ENABLE_FAST_STRING (1ull << 0)
#define MISC_ENABLE_NO_BTS      (1ull << 11)
#define MISC_ENABLE_NO_PEBS     (1ull << 12)
#define MTRR_DEF_TYPE_E         (1ull << 11)
#define PAT_RESET               0x0007040600070406ull

static bool memory_type_valid(uint8_t type, bool uc_minus)
{
    /* UC WC WT WP WB, and UC- in the PAT. */
    return type == 0 || type == 1 || (type >= 4 && type <= 6) || (uc_minus && type == 7);
}

bool msr_pat_valid(uint64_t pat)
{
    for (unsigned int i = 0; i < 8; i++)
        if (!memory_type_valid(pat >> (8 * i), true))
            return false;
    return true;
}

bool msr_mtrr_def_type_valid(uint64_t val)
{
    return !(val & ~(MTRR_DEF_TYPE_E | 0xff)) && memory_type_valid(val, false);
}

static bool has_rdtscp(const struct vcpu *v)
{
    return v->domain->arch.policy.ext[1].d & (1u << 27);
}

/* ---- MSRs of one kind of guest ---- */

static int hvm_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    const struct hvm_vcpu *hvm = &v->arch.hvm;

    switch (msr) {
    case MSR_PLATFORM_INFO:
        *val = PLATFORM_INFO_CPUID_FAULTING;
        return 0;
    case MSR_MISC_FEATURES:
        *val = hvm->cpuid_faulting ? MISC_FEATURES_CPUID_FAULTING : 0;
        return 0;
    case MSR_EFER:
        *val = hvm->ctrl.efer;
        return 0;
    case MSR_IA32_TSC:
        *val = guest_tsc(v, rdtsc());
        return 0;
    case MSR_IA32_PAT:
        *val = hvm->msr_pat;
        return 0;
    case MSR_STAR:
        *val = hvm->msr_star;
        return 0;
    case MSR_LSTAR:
        *val = hvm->msr_lstar;
        return 0;
    case MSR_CSTAR:
        *val = hvm->msr_cstar;
        return 0;
    case MSR_SYSCALL_MASK:
        *val = hvm->msr_fmask;
        return 0;
    case MSR_TSC_AUX:
        if (!has_rdtscp(v))
            return -EPERM;
        *val = hvm->msr_tsc_aux;
        return 0;
    case MSR_MTRRCAP:
        *val = 0; /* no ranges: the default type is all there is */
        return 0;
    case MSR_MTRR_DEF_TYPE:
        *val = hvm->msr_mtrr_def_type;
        return 0;
    }
    return vlapic_owns_msr(msr) ? vlapic_rdmsr(v, msr, val) : hvm_lbr_rdmsr(v, msr, val);
}

static int hvm_write_syscall_msr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    ASSERT(v == current);
    switch (msr) {
    case MSR_STAR:
        hvm->msr_star = val;
        break;
    case MSR_LSTAR:
        if (!is_canonical(val))
            return -EPERM;
        hvm->msr_lstar = val;
        break;
    case MSR_SYSCALL_MASK:
        if (val >> 32)
            return -EPERM;
        hvm->msr_fmask = val;
        break;
    case MSR_TSC_AUX:
        if (!has_rdtscp(v) || val >> 32)
            return -EPERM;
        hvm->msr_tsc_aux = val;
        break;
    }
    wrmsr(msr, val); /* these are live while the vCPU is on the CPU */
    return 0;
}

static int hvm_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    switch (msr) {
    case MSR_MISC_FEATURES:
        if (val & ~MISC_FEATURES_CPUID_FAULTING)
            return -EPERM;
        hvm->cpuid_faulting = val;
        return 0;
    case MSR_EFER:
        return hvm_set_efer(v, val);
    case MSR_IA32_TSC:
        guest_set_tsc(v, val, rdtsc());
        return 0;
    case MSR_IA32_PAT:
        if (!msr_pat_valid(val))
            return -EPERM;
        hvm_set_pat(v, val);
        return 0;
    case MSR_STAR:
    case MSR_LSTAR:
    case MSR_SYSCALL_MASK:
    case MSR_TSC_AUX:
        return hvm_write_syscall_msr(v, msr, val);
    case MSR_CSTAR:
        if (!is_canonical(val))
            return -EPERM;
        hvm->msr_cstar = val; /* SYSCALL of compatibility mode does not exist on Intel */
        return 0;
    case MSR_MTRR_DEF_TYPE:
        if (!msr_mtrr_def_type_valid(val))
            return -EPERM;
        hvm->msr_mtrr_def_type = val;
        return 0;
    }
    return vlapic_owns_msr(msr) ? vlapic_wrmsr(v, msr, val) : hvm_lbr_wrmsr(v, msr, val);
}

/* A PV guest runs with the host's EFER and cannot change it. CPUID of its user
 * mode can fault where the processor does that: nothing else stops it. */
static int pv_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    switch (msr) {
    case MSR_PLATFORM_INFO:
        *val = host_cpu.has_cpuid_faulting ? PLATFORM_INFO_CPUID_FAULTING : 0;
        return 0;
    case MSR_MISC_FEATURES:
        *val = v->arch.pv.cpuid_faulting ? MISC_FEATURES_CPUID_FAULTING : 0;
        return 0;
    case MSR_EFER:
        *val = HOST_EFER;
        return 0;
    case MSR_IA32_TSC:
        *val = rdtsc();
        return 0;
    case MSR_IA32_PAT:
        *val = PAT_RESET;
        return 0;
    case MSR_IA32_APIC_BASE:
        *val = 0xfee00000;
        return 0;
    }
    return -EPERM;
}

static int pv_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    switch (msr) {
    case MSR_EFER:
        return val == HOST_EFER ? 0 : -EPERM;
    case MSR_MISC_FEATURES:
        if (val & ~(host_cpu.has_cpuid_faulting ? MISC_FEATURES_CPUID_FAULTING : 0))
            return -EPERM;
        if (val != v->arch.pv.cpuid_faulting)
            wrmsr(MSR_MISC_FEATURES, val); /* live while the vCPU is on the CPU */
        v->arch.pv.cpuid_faulting = val;
        return 0;
    }
    return -EPERM;
}

/* WRMSR of a page's address: fill it with hypercall stubs. */
static int write_hypercall_page(struct domain *d, uint64_t val)
{
    gfn_t gfn = _gfn(val >> PAGE_SHIFT);
    bool writable = false;

    if (val & ~PAGE_MASK)
        return -EPERM; /* there is one page, number 0 */
    struct page_info *pg = get_page_from_gfn(d, gfn, &writable);
    if (!pg)
        return -EPERM;
    if (!d->is_hvm && get_page_type(pg, PGT_writable_page)) {
        put_page(pg);
        return -EPERM;
    }
    int rc = 0;
    if (!d->is_hvm) {
        pv_hypercall_page_init(page_to_virt(pg));
        put_page_type(pg);
    } else if (writable) {
        hvm_latch_width(d);
        hvm_hypercall_page_init(page_to_virt(pg));
        d->arch.hvm.hypercall_gfn = gfn;
    } else {
        rc = -EPERM;
    }
    put_page(pg);
    return rc;
}

/* ---- both ---- */

int guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    switch (msr) {
    case MSR_IA32_FEATURE_CONTROL:
        *val = FEATURE_CONTROL_LOCK;
        return 0;
    case MSR_UCODE_REV:
        *val = 0;
        return 0;
    case MSR_IA32_MISC_ENABLE:
        *val = MISC_ENABLE_FAST_STRING | MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS;
        return 0;
    case MSR_XEN_HYPERCALL:
        *val = 0;
        return 0;
    }
    return v->domain->is_hvm ? hvm_rdmsr(v, msr, val) : pv_rdmsr(v, msr, val);
}

int guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    switch (msr) {
    case MSR_UCODE_REV:        /* written with 0 before it is read */
    case MSR_IA32_MISC_ENABLE: /* its switches are not connected */
        return 0;
    case MSR_XEN_HYPERCALL:
        return write_hypercall_page(v->domain, val);
    }
    return v->domain->is_hvm ? hvm_wrmsr(v, msr, val) : pv_wrmsr(v, msr, val);
}
