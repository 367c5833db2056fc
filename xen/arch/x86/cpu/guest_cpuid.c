/* SPDX-License-Identifier: MIT */
/* guest_cpuid.c - the policy of a domain from this machine, and CPUID for a vCPU. */

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

void cpu_policy_init(struct cpu_policy *p, bool hvm, bool hap, uint16_t domid)
{
    struct policy_host host = {
        .rdtscp = hvm_support.rdtscp,
        .invpcid = hvm_support.invpcid,
        .shadow = hvm && !hap,
        .cr4_possible = hvm_support.cr4_possible,
    };
    uint32_t max = cpuid(0, 0).a;
    for (unsigned int i = 0; i <= max && i < ARRAY_SIZE(host.basic); i++)
        host.basic[i] = cpuid(i, 0);
    max = cpuid(0x80000000u, 0).a;
    for (unsigned int i = 0; 0x80000000u + i <= max && i < ARRAY_SIZE(host.ext); i++)
        host.ext[i] = cpuid(0x80000000u + i, 0);
    cpu_policy_derive(p, &host, hvm, domid);
}

/* Leaves that show more than the policy. */
static noinline void cpuid_of_vcpu(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                                   struct cpuid_leaf *res)
{
    struct cpuid_view view = {.vcpu_id = v->vcpu_id,
                              .tsc_mode = v->domain->arch.tsc_mode,
                              .tsc_khz = v->domain->arch.tsc_khz,
                              .host_khz = cpu_khz};

    /* Two VMCS reads, so only for the leaves that depend on them: 1 and 80000001. */
    if (unlikely((leaf & 0x7fffffff) == 1) && is_hvm_vcpu(v)) {
        view.long_mode = leaf != 1 && hvm_cs_is_64bit(v);
        view.apic_on = vlapic_enabled(&v->arch.hvm.vlapic.s);
    }
    *res = policy_cpuid(&v->domain->arch.policy, &view, leaf, subleaf);
}

void guest_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *res)
{
    const struct cpu_policy *p = &v->domain->arch.policy;

    if (policy_leaf_is_plain(p, leaf))
        *res = p->basic[leaf];
    else
        cpuid_of_vcpu(v, leaf, subleaf, res);
}

void guest_cpuid_regs(struct vcpu *v, struct cpu_user_regs *regs)
{
    struct cpuid_leaf res;

    guest_cpuid(v, regs->rax, regs->rcx, &res);
    regs->rax = res.a;
    regs->rbx = res.b;
    regs->rcx = res.c;
    regs->rdx = res.d;
}
