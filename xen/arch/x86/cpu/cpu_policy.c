/* SPDX-License-Identifier: MIT */
/*
 * cpu_policy.c - what CPUID says to a guest.  Pure: the host's leaves come
 * in as a struct, so any processor can be tried (test/unit/test_xen_cpu_policy.c).
 *
 * A feature is shown only if the host has it and we can give it: the masks
 * below name what we give; the rest is hidden, unknown bits included.
 */
#include <asm/cpu_policy.h>

#include <asm/processor.h>
#include <cairn/lib.h>
#include <xen/arch-x86/cpuid.h>

#define BIT(n) (1u << (n))

/* CPUID.1:ECX.  Not: MONITOR, DS, VMX, XSAVE, AVX; x2APIC and TSC deadline with the APIC. */
#define F1C_SSE3       BIT(0)
#define F1C_PCID       BIT(17)
#define F1C_X2APIC     BIT(21)
#define F1C_DEADLINE   BIT(24)
#define F1C_HYPERVISOR BIT(31)
#define F1C_SHOW                                                                                \
    (F1C_SSE3 | BIT(1) /* PCLMULQDQ */ | BIT(9) /* SSSE3 */ | BIT(13) /* CX16 */ |              \
     BIT(19) /* SSE4.1 */ | BIT(20) /* SSE4.2 */ | BIT(22) /* MOVBE */ | BIT(23) /* POPCNT */ | \
     BIT(25) /* AES */ | BIT(30) /* RDRAND */)
/* CPUID.1:EDX.  Not: MCE, MCA, DS, HTT, thermal, PBE. */
#define F1D_VME   BIT(1)
#define F1D_APIC  BIT(9)
#define F1D_PSE   BIT(3)
#define F1D_SEP   BIT(11)
#define F1D_MTRR  BIT(12)
#define F1D_PGE   BIT(13)
#define F1D_PSE36 BIT(17)
#define F1D_COMMON                                                                                 \
    (BIT(0) /* FPU */ | BIT(2) /* DE */ | BIT(4) /* TSC */ | BIT(5) /* MSR */ | BIT(6) /* PAE */ | \
     BIT(8) /* CX8 */ | F1D_SEP | BIT(15) /* CMOV */ | BIT(16) /* PAT */ | BIT(19) /* CLFLUSH */ | \
     BIT(23) /* MMX */ | BIT(24) /* FXSR */ | BIT(25) /* SSE */ | BIT(26) /* SSE2 */)
#define F1D_HVM (F1D_VME | F1D_PSE | F1D_MTRR | F1D_PGE | F1D_PSE36)
/* CPUID.7.0:EBX */
#define F7B_FSGSBASE BIT(0)
#define F7B_SMEP     BIT(7)
#define F7B_INVPCID  BIT(10)
#define F7B_SMAP     BIT(20)
#define F7B_COMMON                                                                              \
    (F7B_FSGSBASE | BIT(3) /* BMI1 */ | BIT(8) /* BMI2 */ | BIT(9) /* ERMS */ |                 \
     BIT(18) /* RDSEED */ | BIT(19) /* ADX */ | BIT(23) /* CLFLUSHOPT */ | BIT(24) /* CLWB */ | \
     BIT(29) /* SHA */)
#define F7C_UMIP BIT(2)
/* CPUID.80000001 */
#define E1C_SHOW    (BIT(0) /* LAHF */ | BIT(5) /* LZCNT */ | BIT(8) /* PREFETCHW */)
#define E1D_SYSCALL BIT(11)
#define E1D_NX      BIT(20)
#define E1D_1G      BIT(26)
#define E1D_RDTSCP  BIT(27)
#define E1D_LM      BIT(29)
#define E8B_NO_LMSL BIT(20)

#define MAX_BASIC         0xdu
#define MAX_EXT           0x80000008u
#define XEN_VERSION_MAJOR 4
#define XEN_VERSION_MINOR 17
#define XEN_MSR_BASE      0x40000000u

static void mask_basic_leaves(struct cpu_policy *p, const struct policy_host *host)
{
    for (unsigned int i = 0; i <= p->max_leaf; i++) {
        /* 0 the vendor, 1 and 7 features, 2 caches; the others describe
         * what a guest does not have. */
        if (i > 2 && i != 7)
            continue;
        p->basic[i] = host->basic[i];
    }
    p->basic[0].a = p->max_leaf;
    p->basic[1].b &= 0xff00; /* CLFLUSH size; one logical processor, APIC ID per vCPU */
    p->basic[1].c &= F1C_SHOW | (p->is_hvm && !host->shadow ? F1C_PCID : 0);
    p->basic[1].c |= F1C_HYPERVISOR;
    p->basic[1].d &= F1D_COMMON | (p->is_hvm ? F1D_HVM : 0);
    if (p->max_leaf < 7)
        return;
    uint32_t show = F7B_COMMON;
    if (p->is_hvm)
        show |= F7B_SMEP | F7B_SMAP | (host->invpcid && !host->shadow ? F7B_INVPCID : 0);
    p->basic[7].a = 0; /* no further subleaves */
    p->basic[7].b &= show;
    p->basic[7].c &= p->is_hvm ? F7C_UMIP : 0;
    p->basic[7].d = 0;
}

static void mask_ext_leaves(struct cpu_policy *p, const struct policy_host *host)
{
    for (unsigned int i = 0; i <= (p->max_ext_leaf & 0xf); i++)
        p->ext[i] = host->ext[i];
    p->ext[0].a = p->max_ext_leaf;
    p->ext[1].c &= E1C_SHOW;
    uint32_t show = E1D_SYSCALL | E1D_NX | E1D_LM;
    if (p->is_hvm)
        show |= (host->shadow ? 0 : E1D_1G) | (host->rdtscp ? E1D_RDTSCP : 0);
    p->ext[1].d &= show;
    /* AMD repeats leaf 1's bits here: show them alike. */
    const uint32_t repeated = 0x0183f3ff;
    p->ext[1].d |= host->ext[1].d & repeated & p->basic[1].d;
    p->ext[7].a = p->ext[7].b = p->ext[7].c = 0;
    p->ext[7].d &= BIT(8); /* invariant TSC */
    p->ext[8].a &= 0xffff;
    p->ext[8].b = p->is_hvm ? E8B_NO_LMSL : 0;
    p->ext[8].c = p->ext[8].d = 0;
}

static void derive_registers(struct cpu_policy *p, const struct policy_host *host)
{
    uint32_t e1d = p->ext[1].d, l1c = p->basic[1].c, l1d = p->basic[1].d;
    uint32_t l7b = p->basic[7].b, l7c = p->basic[7].c;

    p->efer_legal = (e1d & E1D_SYSCALL ? EFER_SCE : 0) | (e1d & E1D_LM ? EFER_LME | EFER_LMA : 0) |
                    (e1d & E1D_NX ? EFER_NXE : 0);
    p->cr4_legal =
        X86_CR4_TSD | X86_CR4_DE | X86_CR4_PAE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
        (l1d & F1D_VME ? X86_CR4_VME | X86_CR4_PVI : 0) | (l1d & F1D_PSE ? X86_CR4_PSE : 0) |
        (l1d & F1D_PGE ? X86_CR4_PGE : 0) | (l1c & F1C_PCID ? X86_CR4_PCIDE : 0) |
        (l7b & F7B_FSGSBASE ? X86_CR4_FSGSBASE : 0) | (l7b & F7B_SMEP ? X86_CR4_SMEP : 0) |
        (l7b & F7B_SMAP ? X86_CR4_SMAP : 0) | (l7c & F7C_UMIP ? X86_CR4_UMIP : 0);
    if (p->is_hvm)
        p->cr4_legal &= host->cr4_possible;
    p->maxphysaddr = p->ext[8].a ? p->ext[8].a & 0xff : 36;
}

void cpu_policy_derive(struct cpu_policy *p, const struct policy_host *host, bool hvm,
                       uint16_t domid)
{
    memset(p, 0, sizeof(*p));
    p->is_hvm = hvm;
    p->domid = domid;
    p->max_leaf = min(host->basic[0].a, MAX_BASIC);
    p->max_ext_leaf = host->ext[0].a < 0x80000000u ? 0x80000000u : min(host->ext[0].a, MAX_EXT);
    p->syscall_always = memcmp(&host->basic[0].b, "Genu", 4) != 0;
    mask_basic_leaves(p, host);
    mask_ext_leaves(p, host);
    derive_registers(p, host);
}

static struct cpuid_leaf xen_leaf(const struct cpu_policy *p, const struct cpuid_view *view,
                                  unsigned int n, uint32_t subleaf)
{
    switch (n) {
    case 0:
        return (struct cpuid_leaf){XEN_CPUID_LEAF(4), XEN_CPUID_SIGNATURE_EBX,
                                   XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX};
    case 1:
        return (struct cpuid_leaf){XEN_VERSION_MAJOR << 16 | XEN_VERSION_MINOR, 0, 0, 0};
    case 2:
        return (struct cpuid_leaf){1, XEN_MSR_BASE, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0};
    case 3: /* time: the TSC is never emulated */
        if (subleaf == 0)
            return (struct cpuid_leaf){BIT(1), view->tsc_mode, view->tsc_khz, 0};
        if (subleaf == 2)
            return (struct cpuid_leaf){view->host_khz, 0, 0, 0};
        break;
    case 4:
        if (p->is_hvm && subleaf == 0)
            return (struct cpuid_leaf){XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT |
                                           XEN_HVM_CPUID_UPCALL_VECTOR,
                                       view->vcpu_id, p->domid, 0};
        break;
    }
    return (struct cpuid_leaf){0, 0, 0, 0};
}

/* Leaf 1: the initial ID, and what there is only while the APIC is switched on. */
static void show_apic(const struct cpu_policy *p, const struct cpuid_view *view,
                      struct cpuid_leaf *r)
{
    r->b |= (view->vcpu_id * 2) << 24;
    if (!p->lapic)
        return;
    r->c |= F1C_X2APIC | F1C_DEADLINE;
    if (view->apic_on)
        r->d |= F1D_APIC;
}

static struct cpuid_leaf special_leaf(const struct cpu_policy *p, const struct cpuid_view *view,
                                      uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_leaf r = {0, 0, 0, 0};

    if (leaf == 0xb) {
        if (p->lapic) /* no levels, only the x2APIC ID */
            r = (struct cpuid_leaf){0, 0, subleaf & 0xff, view->vcpu_id * 2};
        return r;
    }
    if (leaf != 1 && subleaf != 0)
        return r;
    r = p->basic[leaf];
    if (leaf == 1)
        show_apic(p, view, &r);
    return r;
}

struct cpuid_leaf policy_cpuid(const struct cpu_policy *p, const struct cpuid_view *view,
                               uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_leaf r = {0, 0, 0, 0};

    if (policy_leaf_is_plain(p, leaf))
        return p->basic[leaf];
    if (leaf <= p->max_leaf)
        return special_leaf(p, view, leaf, subleaf);
    if (leaf >= 0x80000000u && leaf <= p->max_ext_leaf) {
        unsigned int n = leaf & 0xf;
        r = p->ext[n];
        /* Intel shows SYSCALL to 64-bit code only. */
        if (n == 1 && p->is_hvm && !p->syscall_always && !view->long_mode)
            r.d &= ~E1D_SYSCALL;
        return r;
    }
    if (leaf - XEN_CPUID_FIRST_LEAF <= 4)
        return xen_leaf(p, view, leaf - XEN_CPUID_FIRST_LEAF, subleaf);
    return r;
}
