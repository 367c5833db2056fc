/* SPDX-License-Identifier: MIT */
/*
 * guest_msr.c - RDMSR and WRMSR of guests.
 *
 * Whatever is not named here does not exist: #GP.  No value of the host's is
 * ever returned except the passage of time.
 */

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

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

/* ---- MSRs of HVM guests ---- */

static bool is_32bit(uint64_t val)
{
    return !(val >> 32);
}

/* Those that hold what was written to them. */
static const struct stored_msr {
    uint32_t msr, offset;
    bool (*valid)(uint64_t val); /* NULL: anything is */
    bool live;                   /* in the hardware while the vCPU is on the CPU */
} stored_msrs[] = {
#define STORED(field) offsetof(struct hvm_vcpu, field)
    {MSR_STAR, STORED(msr_star), NULL, true},
    {MSR_LSTAR, STORED(msr_lstar), is_canonical, true},
    /* SYSCALL of compatibility mode does not exist on Intel. */
    {MSR_CSTAR, STORED(msr_cstar), is_canonical, false},
    {MSR_SYSCALL_MASK, STORED(msr_fmask), is_32bit, true},
    {MSR_TSC_AUX, STORED(msr_tsc_aux), is_32bit, true},
    {MSR_IA32_PAT, STORED(msr_pat), msr_pat_valid, false},
    {MSR_MTRR_DEF_TYPE, STORED(msr_mtrr_def_type), msr_mtrr_def_type_valid, false},
#undef STORED
};

static const struct stored_msr *find_stored(const struct vcpu *v, uint32_t msr)
{
    if (msr == MSR_TSC_AUX && !has_rdtscp(v))
        return NULL;
    for (unsigned int i = 0; i < ARRAY_SIZE(stored_msrs); i++)
        if (stored_msrs[i].msr == msr)
            return &stored_msrs[i];
    return NULL;
}

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
    case MSR_MTRRCAP:
        *val = 0; /* no ranges: the default type is all there is */
        return 0;
    }
    if (vlapic_owns_msr(msr))
        return vlapic_rdmsr(v, msr, val);
    const struct stored_msr *s = find_stored(v, msr);
    if (!s)
        return hvm_lbr_rdmsr(v, msr, val);
    *val = *(const uint64_t *)((const char *)hvm + s->offset);
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
    }
    if (vlapic_owns_msr(msr))
        return vlapic_wrmsr(v, msr, val);
    const struct stored_msr *s = find_stored(v, msr);
    if (!s)
        return hvm_lbr_wrmsr(v, msr, val);
    if (s->valid && !s->valid(val))
        return -EPERM;
    *(uint64_t *)((char *)hvm + s->offset) = val;
    ASSERT(v == current);
    if (s->live)
        wrmsr(msr, val);
    else if (msr == MSR_IA32_PAT)
        hvm_set_pat(v, val);
    return 0;
}

/* ---- of PV guests ---- */

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
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        *val = rdmsr(msr);
        return 0;
    case MSR_IA32_DEBUGCTL: /* nothing of it is offered; reading is harmless */
        *val = 0;
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
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        if (!is_canonical(val))
            return -EPERM;
        wrmsr(msr, val);
        return 0;
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

    /* There is one page, number 0. */
    if ((val & ~PAGE_MASK) || arch_write_hypercall_page(d, gfn))
        return -EPERM;
    if (d->is_hvm) {
        hvm_latch_width(d);
        d->arch.hvm.hypercall_gfn = gfn;
    }
    return 0;
}

/* ---- both ---- */

int guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    switch (msr) {
    case MSR_IA32_FEATURE_CONTROL:
        *val = FEATURE_CONTROL_LOCK;
        return 0;
    case MSR_UCODE_REV:
    case MSR_XEN_HYPERCALL:
        *val = 0;
        return 0;
    case MSR_IA32_MISC_ENABLE:
        *val = MISC_ENABLE_FAST_STRING | MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS;
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
