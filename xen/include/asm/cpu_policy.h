/* SPDX-License-Identifier: MIT */
/*
 * cpu_policy.h - what CPUID and MSRs say to a guest.  Pure.
 */
#ifndef ASM_CPU_POLICY_H
#define ASM_CPU_POLICY_H

#include <asm/processor.h>

/* Fixed when the domain is created; derived from the host's raw leaves. */
struct cpu_policy {
    uint32_t max_leaf, max_ext_leaf;
    struct cpuid_leaf basic[0x20], ext[9]; /* leaf 7 and d: subleaf 0 */
    uint8_t maxphysaddr;
    bool is_hvm;
    bool lapic;          /* HVM: there is a local APIC, with x2APIC and TSC deadline */
    bool syscall_always; /* not Intel: CPUID shows SYSCALL to any code */
    uint16_t domid;
    uint64_t efer_legal; /* EFER bits a guest may set, incl. LMA */
    uint64_t cr4_legal;  /* CR4 bits a guest may set */
};

/* What of CPUID depends on the vCPU's present state. */
struct cpuid_view {
    uint64_t cr4; /* OSXSAVE, PKE (OSPKE) */
    uint32_t vcpu_id;
    bool apic_on;   /* IA32_APIC_BASE.EN */
    bool long_mode; /* EFER.LMA && CS.L: SYSCALL bit on Intel */
    uint32_t tsc_mode, tsc_khz, host_khz;
};

/* What the policy is made from: the host's leaves, subleaf 0, and abilities of VMX. */
struct policy_host {
    struct cpuid_leaf basic[0x20], ext[9];
    bool rdtscp, invpcid;  /* VMX lets guests execute these */
    bool shadow;           /* its tables are ours: no PCID, no 1 GiB pages */
    uint64_t cr4_possible; /* CR4 bits that VMX lets guests set */
};
/* cpu_policy_derive - pure; cpu_policy_init reads this machine and calls it. */
void cpu_policy_derive(struct cpu_policy *p, const struct policy_host *host, bool hvm,
                       uint16_t domid);
void cpu_policy_init(struct cpu_policy *p, bool hvm, bool hap, uint16_t domid);
struct cpuid_leaf policy_cpuid(const struct cpu_policy *p, const struct cpuid_view *view,
                               uint32_t leaf, uint32_t subleaf);
/* A basic leaf without subleaves and without anything of the vCPU's state? */
static inline bool policy_leaf_is_plain(const struct cpu_policy *p, uint32_t leaf)
{
    const uint32_t special = 1u << 1 | 1u << 7 | 1u << 0xb | 1u << 0xd;
    return leaf <= p->max_leaf && !(special >> leaf & 1);
}

/* cpu/guest_cpuid.c, guest_msr.c: mechanism around it, for both kinds of guest. */
struct vcpu;
void guest_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *res);
struct cpu_user_regs;
void guest_cpuid_regs(struct vcpu *v, struct cpu_user_regs *regs);
/* 0, or -EPERM: the guest gets #GP(0). */
int guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val);
/* Could the guest have written this to PAT, to MTRR_DEF_TYPE? */
bool msr_pat_valid(uint64_t pat);
bool msr_mtrr_def_type_valid(uint64_t val);
int guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val);

#endif
