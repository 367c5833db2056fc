/* SPDX-License-Identifier: MIT */
/*
 * What a guest is promised by a Xen-compatible hypervisor: CPUID leaves, the
 * hypercall page, errors for bad calls, the shared info page.
 * Source: xen/arch-x86/cpuid.h, xen/version.h, xen/memory.h.
 */
#include "selftest.h"

#include <guest/test.h>

#include <xen/arch-x86/cpuid.h>

#define CPUID_VMX        (1u << 5)  /* leaf 1, ECX */
#define CPUID_HYPERVISOR (1u << 31) /* leaf 1, ECX */
#define UNUSED_HYPERCALL 63

/* Where a guest of 16 MiB has nothing: refused, never the hypervisor's harm. */
#if PAGING_LEVELS == 4
#define BAD_POINTER ((void *)0x8000000000000000)
#elif PAGING_LEVELS == 0
#define BAD_POINTER ((void *)0x40000000)
#else
#define BAD_POINTER NULL
#endif

static union {
    struct shared_info info;
    uint8_t bytes[PAGE_SIZE];
} shared PAGE_BSS;

static void check_leaves(void)
{
    struct cpuid base = cpuid(xen_cpuid_base, 0), version = cpuid(xen_cpuid_base + 1, 0);

    printk("  Xen leaves %x..%x, version %u.%u\n", xen_cpuid_base, base.a, version.a >> 16,
           version.a & 0xffff);
    check_true("leaves up to +4", base.a - xen_cpuid_base >= 4);
    check_equal("version by CPUID and by hypercall", version.a, xen_version(XENVER_version, NULL));
    check_equal("number of hypercall pages", cpuid(xen_cpuid_base + 2, 0).a, 1);
    check_true("CPUID.1:ECX says hypervisor", cpuid(1, 0).c & CPUID_HYPERVISOR);
    check_true("VMX is hidden", !(cpuid(1, 0).c & CPUID_VMX));
}

static void check_calls(void)
{
    struct xen_extraversion {
        xen_extraversion_t text;
    } extra = {""};

    check_equal("xen_version(extraversion)", xen_version(XENVER_extraversion, &extra), 0);
    check_true("extraversion is a string", memcmp(extra.text + sizeof(extra.text) - 1, "", 1) == 0);
    check_equal("unknown hypercall", hypercall1(UNUSED_HYPERCALL, 0), -XEN_ENOSYS);
    check_equal("unknown xen_version", xen_version(0xffff, &extra), -XEN_ENOSYS);
    check_equal("bad pointer", xen_version(XENVER_extraversion, BAD_POINTER), -XEN_EFAULT);
    check_equal("yield", xen_yield(), 0);
    check_equal("send to no port", xen_evtchn_send(1u << 20), -XEN_EINVAL);
}

static void check_shared_info(void)
{
    memset(&shared, 0x5a, sizeof(shared));
    check_equal("add_to_physmap(shared_info)", xen_map_page(XENMAPSPACE_shared_info, 0, &shared),
                0);
    check_true("the page under our own has other content",
               shared.info.vcpu_info[0].evtchn_pending_sel != (xen_ulong_t)0x5a5a5a5a5a5a5a5a);
}

void selftest_xen(void)
{
    if (!on_xen()) {
        report_part_skipped("no hypervisor under us");
        return;
    }
    check_leaves();
    check_calls();
    check_shared_info();
}
