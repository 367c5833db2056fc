/* SPDX-License-Identifier: MIT */
/*
 * Meeting the hypervisor: CPUID leaves, hypercall page.
 * Source: xen/arch-x86/cpuid.h; xen/xen.h, "hypercall page".
 */
#include <guest/xen.h>

#include <guest/cpu.h>
#include <xen/arch-x86/cpuid.h>

uint8_t hypercall_page[4096] PAGE_BSS;
uint32_t xen_cpuid_base;

/* Leaves may move up by multiples of 0x100 when another interface comes first. */
static uint32_t find_leaves(void)
{
    for (uint32_t leaf = XEN_CPUID_FIRST_LEAF; leaf < XEN_CPUID_FIRST_LEAF + 0x10000;
         leaf += 0x100) {
        struct cpuid r = cpuid(leaf, 0);

        if (r.b == XEN_CPUID_SIGNATURE_EBX && r.c == XEN_CPUID_SIGNATURE_ECX &&
            r.d == XEN_CPUID_SIGNATURE_EDX && r.a - leaf >= 2)
            return leaf;
    }
    return 0;
}

bool xen_init(void)
{
    xen_cpuid_base = find_leaves();
    if (!xen_cpuid_base)
        return false;
    wrmsr(cpuid(xen_cpuid_base + 2, 0).b, (ulong)hypercall_page);
    return true;
}

long xen_get_param(uint32_t index, uint64_t *value)
{
    struct xen_hvm_param arg = {.domid = DOMID_SELF, .index = index};
    long rc = hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &arg);

    *value = arg.value;
    return rc;
}

long xen_map_page(unsigned int space, ulong index, void *page)
{
    struct xen_add_to_physmap arg = {
        .domid = DOMID_SELF, .space = space, .idx = index, .gpfn = (ulong)page >> 12};

    return hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &arg);
}

uint64_t xen_system_time(const struct vcpu_info *vcpu)
{
    const volatile struct vcpu_time_info *t = &vcpu->time;
    uint32_t version, mul;
    uint64_t ns;

    do {
        version = t->version;
        uint64_t delta = rdtsc() - t->tsc_timestamp;
        delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
        mul = t->tsc_to_system_mul;
        ns = t->system_time + (delta >> 32) * mul + ((delta & 0xffffffff) * mul >> 32);
    } while (version % 2 || version != t->version);
    return ns;
}
