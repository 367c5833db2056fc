/* SPDX-License-Identifier: MIT */
/*
 * cpuid.c - reads the processor into host_cpu once, and turns on the
 * protections that it has: SMEP, SMAP, UMIP.
 */
#include <asm/current.h>
#include <asm/processor.h>
#include <asm/setup.h>
#include <cairn/lib.h>

struct host_cpu host_cpu;
bool cpu_smap_on;

static bool opt_smep = true, opt_smap = true;
boolean_param("smep", opt_smep);
boolean_param("smap", opt_smap);

static __init void decode_signature(struct host_cpu *c)
{
    uint32_t sig = c->leaf1.a;

    c->family = sig >> 8 & 0xf;
    c->model = sig >> 4 & 0xf;
    if (c->family == 6 || c->family == 15)
        c->model |= (sig >> 16 & 0xf) << 4;
    if (c->family == 15)
        c->family += sig >> 20 & 0xff;
    c->stepping = sig & 0xf;
}

static __init void read_brand(struct host_cpu *c)
{
    char raw[49] = "";
    const char *p = raw;

    for (unsigned int i = 0; i < 3; i++) {
        struct cpuid_leaf l = cpuid(0x80000002 + i, 0);
        memcpy(raw + 16 * i, &l, 16);
    }
    while (*p == ' ')
        p++;
    strlcpy(c->brand, p, sizeof(c->brand));
}

static __init bool cpuid_can_fault(void)
{
    uint64_t info;

    return !rdmsr_safe(MSR_PLATFORM_INFO, &info) && info & PLATFORM_INFO_CPUID_FAULTING;
}

static __init void read_features(struct host_cpu *c)
{
    c->has_vmx = c->leaf1.c >> 5 & 1;
    c->has_x2apic = c->leaf1.c >> 21 & 1;
    c->has_tsc_deadline = c->leaf1.c >> 24 & 1;
    c->has_smep = c->leaf7.b >> 7 & 1;
    c->has_smap = c->leaf7.b >> 20 & 1;
    c->has_umip = c->leaf7.c >> 2 & 1;
    c->has_nx = c->ext1.d >> 20 & 1;
    c->has_1gb = c->ext1.d >> 26 & 1;
    c->has_cpuid_faulting = cpuid_can_fault();
}

__init void host_cpu_init(void)
{
    struct host_cpu *c = &host_cpu;
    struct cpuid_leaf l = cpuid(0, 0);

    c->max_leaf = l.a;
    memcpy(c->vendor, &l.b, 4);
    memcpy(c->vendor + 4, &l.d, 4);
    memcpy(c->vendor + 8, &l.c, 4);
    c->leaf1 = cpuid(1, 0);
    if (c->max_leaf >= 7)
        c->leaf7 = cpuid(7, 0);
    c->max_ext_leaf = cpuid(0x80000000, 0).a;
    c->ext1 = cpuid(0x80000001, 0);
    c->paddr_bits = 36;
    if (c->max_ext_leaf >= 0x80000008) {
        c->ext8 = cpuid(0x80000008, 0);
        c->paddr_bits = c->ext8.a & 0xff;
    }
    decode_signature(c);
    if (c->max_ext_leaf >= 0x80000004)
        read_brand(c);
    read_features(c);
    printk(XENLOG_INFO "CPU: %s (%s family %u model %u stepping %u), %u address bits\n", c->brand,
           c->vendor, c->family, c->model, c->stepping, c->paddr_bits);
}

/* Bits of @have that a guest or we ourselves may rely on and that @other lacks. */
#define LACKS(have, other, dynamic) (((have) & ~(other) & ~(dynamic)) != 0)
#define CPUID1C_OSXSAVE             (1u << 27)
#define CPUID7C_OSPKE               (1u << 4)

__init const char *host_cpu_lacks(void)
{
    const struct host_cpu *c = &host_cpu;
    struct cpuid_leaf l1 = cpuid(1, 0), l7 = {0}, e1 = cpuid(0x80000001, 0);

    if (cpuid(0, 0).a >= 7)
        l7 = cpuid(7, 0);
    if (LACKS(c->leaf1.d, l1.d, 0))
        return "CPUID 1 EDX lacks features that CPU 0 has";
    if (LACKS(c->leaf1.c, l1.c, CPUID1C_OSXSAVE))
        return "CPUID 1 ECX lacks features that CPU 0 has";
    if (LACKS(c->leaf7.b, l7.b, 0))
        return "CPUID 7 EBX lacks features that CPU 0 has";
    if (LACKS(c->leaf7.c, l7.c, CPUID7C_OSPKE))
        return "CPUID 7 ECX lacks features that CPU 0 has";
    if (LACKS(c->ext1.d, e1.d, 0) || LACKS(c->ext1.c, e1.c, 0))
        return "CPUID 80000001 lacks features that CPU 0 has";
    if (c->has_cpuid_faulting && !cpuid_can_fault())
        return "no CPUID faulting, which CPU 0 has";
    return NULL;
}

__init void cpu_enable_protections(void)
{
    unsigned long cr4 = read_cr4();

    if (host_cpu.has_smep && opt_smep)
        cr4 |= X86_CR4_SMEP;
    if (host_cpu.has_smap && opt_smap)
        cr4 |= X86_CR4_SMAP;
    if (host_cpu.has_umip)
        cr4 |= X86_CR4_UMIP;
    write_cr4(cr4);
    get_cpu_info()->cr4 = cr4;
    cpu_smap_on = cr4 & X86_CR4_SMAP;
}
