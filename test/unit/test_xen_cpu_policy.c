/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/cpu/cpu_policy.c */
/* defines: -D__XEN__ */
/* CPUID for guests: nothing that we cannot give, on any host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/cpu_policy.h>
#include <asm/processor.h>

static struct policy_host host;
static struct cpu_policy p;
static const struct cpuid_view view64 = {.long_mode = true, .vcpu_id = 3, .tsc_khz = 1000000};
static const struct cpuid_view view32 = {.vcpu_id = 3};

/* A host that claims everything. */
static void rich_host(void)
{
    memset(&host, 0xff, sizeof(host));
    host.basic[0] = (struct cpuid_leaf){0x16, 0x756e6547, 0x6c65746e, 0x49656e69};
    host.ext[0].a = 0x80000008;
    host.ext[8].a = 0x3028;
    host.rdtscp = host.invpcid = true;
    host.cr4_possible = ~0ull;
    host.shadow = false;
}

/* What only the guest's own tables could give: PCID, INVPCID, 1 GiB pages. */
static void test_shadow(void **state)
{
    rich_host();
    for (int shadow = 0; shadow < 2; shadow++) {
        host.shadow = shadow;
        cpu_policy_derive(&p, &host, true, 7);
        assert_int_equal(policy_cpuid(&p, &view64, 1, 0).c >> 17 & 1, !shadow);
        assert_int_equal(policy_cpuid(&p, &view64, 7, 0).b >> 10 & 1, !shadow);
        assert_int_equal(policy_cpuid(&p, &view64, 0x80000001, 0).d >> 26 & 1, !shadow);
        assert_int_equal(!!(p.cr4_legal & X86_CR4_PCIDE), !shadow);
    }
}

static void test_hidden(void **state)
{
    for (int hvm = 0; hvm < 2; hvm++) {
        rich_host();
        cpu_policy_derive(&p, &host, hvm, 7);
        struct cpuid_leaf l = policy_cpuid(&p, &view64, 1, 0);
        /* MONITOR DS VMX x2APIC TSC-deadline XSAVE OSXSAVE AVX */
        assert_int_equal(l.c & (1u << 3 | 1u << 2 | 1u << 5 | 1u << 21 | 1u << 24 | 1u << 26 |
                                1u << 27 | 1u << 28),
                         0);
        assert_true(l.c >> 31); /* a hypervisor */
        /* MCE APIC MCA DS HTT */
        assert_int_equal(l.d & (1u << 7 | 1u << 9 | 1u << 14 | 1u << 21 | 1u << 28), 0);
        assert_int_equal(l.b >> 24, 6);
        l = policy_cpuid(&p, &view64, 0xd, 0);
        assert_int_equal(l.a | l.b | l.c | l.d, 0);
        l = policy_cpuid(&p, &view64, 0xa, 0);
        assert_int_equal(l.a | l.b | l.c | l.d, 0);
        l = policy_cpuid(&p, &view64, 0x80000008, 0);
        assert_int_equal(!!(l.b & 1u << 20), hvm); /* no LMSL */
        assert_int_equal(l.a, 0x3028);
        l = policy_cpuid(&p, &view64, 7, 0);
        assert_int_equal(l.d, 0);
        assert_true(l.b & 1u << 0); /* FSGSBASE: CR4 has it for both kinds */
        assert_true(p.cr4_legal & X86_CR4_FSGSBASE);
        if (!hvm)
            assert_int_equal(l.b & (1u << 7 | 1u << 20 | 1u << 10), 0);
    }
}

/* No bit appears that the host lacks, except the hypervisor bit and no-LMSL. */
static void test_poor_host(void **state)
{
    rich_host();
    memset(&host.basic[1], 0, sizeof(host.basic[1]));
    memset(&host.basic[7], 0, sizeof(host.basic[7]));
    memset(&host.ext[1], 0, sizeof(host.ext[1]));
    cpu_policy_derive(&p, &host, true, 7);
    struct cpuid_leaf l = policy_cpuid(&p, &view64, 1, 0);
    assert_int_equal(l.c, 1u << 31);
    assert_int_equal(l.d, 0);
    assert_int_equal(p.efer_legal, 0);
    assert_int_equal(p.cr4_legal & (X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PCIDE | X86_CR4_FSGSBASE |
                                    X86_CR4_UMIP | X86_CR4_PGE),
                     0);
}

/* SYSCALL is shown to 64-bit code only, but EFER.SCE is legal all the time. */
static void test_syscall(void **state)
{
    rich_host();
    cpu_policy_derive(&p, &host, true, 7);
    assert_true(policy_cpuid(&p, &view64, 0x80000001, 0).d & 1u << 11);
    assert_false(policy_cpuid(&p, &view32, 0x80000001, 0).d & 1u << 11);
    assert_int_equal(p.efer_legal, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
}

/* The APIC bits: only with one, APIC itself only while it is switched on. */
static void test_apic(void **state)
{
    const uint32_t c = 1u << 21 | 1u << 24, d = 1u << 9;
    struct cpuid_view view = view64;

    rich_host();
    cpu_policy_derive(&p, &host, true, 7);
    for (unsigned int lapic = 0; lapic < 2; lapic++)
        for (unsigned int on = 0; on < 2; on++) {
            p.lapic = lapic;
            view.apic_on = on;
            struct cpuid_leaf l = policy_cpuid(&p, &view, 1, 0);
            assert_int_equal(l.c & c, lapic ? c : 0);
            assert_int_equal(l.d & d, lapic && on ? d : 0);
            assert_int_equal(l.b >> 24, view.vcpu_id * 2);
            l = policy_cpuid(&p, &view, 0xb, 1);
            assert_int_equal(l.d, lapic ? view.vcpu_id * 2 : 0);
            assert_int_equal(l.c, lapic ? 1 : 0);
        }
}

static void test_xen_leaves(void **state)
{
    rich_host();
    cpu_policy_derive(&p, &host, true, 7);
    struct cpuid_leaf l = policy_cpuid(&p, &view64, 0x40000000, 0);
    assert_memory_equal(&l.b, "XenVMMXenVMM", 12);
    assert_int_equal(l.a, 0x40000004);
    l = policy_cpuid(&p, &view64, 0x40000002, 0);
    assert_int_equal(l.a, 1);
    assert_int_equal(l.b, 0x40000000);
    l = policy_cpuid(&p, &view64, 0x40000004, 0);
    assert_int_equal(l.a, 0x58); /* vCPU ID, domain ID, upcall vector */
    assert_int_equal(l.b, 3);
    assert_int_equal(l.c, 7);
    for (uint32_t leaf = 0x40000005; leaf < 0x40010000; leaf += 0x7b) {
        l = policy_cpuid(&p, &view64, leaf, 0);
        assert_int_equal(l.a | l.b | l.c | l.d, 0);
    }
}

static void test_range(void **state)
{
    rich_host();
    cpu_policy_derive(&p, &host, true, 7);
    static const uint32_t beyond[] = {0xe, 0x16, 0x20, 0x7fffffff, 0x80000009, 0xffffffff};
    for (unsigned int i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        struct cpuid_leaf l = policy_cpuid(&p, &view64, beyond[i], 0);
        assert_int_equal(l.a | l.b | l.c | l.d, 0);
    }
    host.basic[0].a = 1;
    host.ext[0].a = 0;
    cpu_policy_derive(&p, &host, true, 7);
    assert_int_equal(policy_cpuid(&p, &view64, 0, 0).a, 1);
    assert_int_equal(policy_cpuid(&p, &view64, 7, 0).b, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shadow),    cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_poor_host), cmocka_unit_test(test_syscall),
        cmocka_unit_test(test_apic),      cmocka_unit_test(test_xen_leaves),
        cmocka_unit_test(test_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
