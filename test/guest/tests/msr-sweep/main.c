/* SPDX-License-Identifier: MIT */
/*
 * Reads every MSR of the architectural ranges and of the synthetic one.  Each
 * read must end in a value or in #GP(0), nothing else; two reads must agree
 * about which.  Values are printed, so that a reviewer can look for something
 * of the host's, and none may hold an address of the hypervisor or what its stack
 * was filled with before the read.  What is known to belong to the host is also checked: the
 * system call entry points and segment bases of a fresh guest are zero, and
 * reading them after writing gives back what was written.  A few writes that
 * the manual refuses must be #GP(0).
 *
 * Bare the same holds, except that firmware may have left values behind.
 */
#include <guest/call.h>
#include <guest/test.h>

const char test_title[] = "Every MSR";

#define GP0         FAULT(VEC_GP, 0)
#define MAX_PRINTED 48 /* a range */

enum {
    MSR_APIC_BASE = 0x1b,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_PAT = 0x277,
};
#define MSR_CSTAR          0xc0000083u
#define MSR_SFMASK         0xc0000084u
#define MSR_KERNEL_GS_BASE 0xc0000102u

static void sweep(uint32_t first, uint32_t last)
{
    unsigned int readable = 0, wrong = 0, rubble = 0;

    for (uint32_t msr = first;; msr++) {
        uint64_t value, again;

        if (on_xen())
            call_poison_stack();
        fault_t fault = rdmsr_safe(msr, &value);

        if (fault && fault != GP0 && !wrong++)
            check_fault("RDMSR", fault, GP0);
        rubble += on_xen() && has_rubble(&value, sizeof(value));
        if (rdmsr_safe(msr, &again) != fault)
            report_failure("MSR %x: readable only sometimes", msr);
        if (!fault && readable++ < MAX_PRINTED)
            printk("  %08x = %llx\n", msr, (unsigned long long)value);
        if (msr == last)
            break;
    }
    printk("MSRs %x..%x: %u readable, %u with a wrong fault\n", first, last, readable, wrong);
    check_equal("values with rubble of the hypervisor's stack, or its addresses", rubble, 0);
}

static void check_host_state_hidden(void)
{
    static const uint32_t host_msrs[] = {
        MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
#ifdef __x86_64__
        MSR_STAR,        MSR_LSTAR,        MSR_CSTAR,        MSR_SFMASK, MSR_KERNEL_GS_BASE,
#endif
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(host_msrs); i++) {
        uint32_t msr = host_msrs[i];
        char what[32];
        uint64_t value;

        snprintf(what, sizeof(what), "MSR %x", msr);
        check_fault(what, rdmsr_safe(msr, &value), 0);
        if (on_xen())
            check_equal(what, value, 0);
        check_fault(what, wrmsr_safe(msr, 0x1000), 0);
        rdmsr_safe(msr, &value);
        check_equal(what, value, 0x1000);
        wrmsr(msr, 0);
    }
}

static void check_refused_writes(void)
{
    uint64_t pat;

    check_fault("WRMSR 1fff", wrmsr_safe(0x1fff, 0), GP0);
    check_fault("WRMSR c0001fff", wrmsr_safe(0xc0001fff, 0), GP0);
    check_fault("EFER bit 63", wrmsr_safe(MSR_EFER, rdmsr(MSR_EFER) | 1ull << 63), GP0);
    if (!rdmsr_safe(MSR_PAT, &pat)) {
        check_fault("PAT with type 2", wrmsr_safe(MSR_PAT, (pat & ~0xffull) | 2), GP0);
        check_fault("PAT unchanged", wrmsr_safe(MSR_PAT, pat), 0);
    }
    check_fault("APIC_BASE reserved bit", wrmsr_safe(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 1), GP0);
#ifdef __x86_64__
    check_fault("LSTAR non-canonical", wrmsr_safe(MSR_LSTAR, 1ull << 63), GP0);
    check_fault("KERNEL_GS_BASE non-canonical", wrmsr_safe(MSR_KERNEL_GS_BASE, 1ull << 47), GP0);
#endif
}

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    check_host_state_hidden();
    sweep(0, 0x1fff);
    if (on_xen()) /* the hypercall MSR and its neighbours */
        sweep(0x40000000, 0x400001ff);
    sweep(0xc0000000, 0xc0001fff);
    sweep(0xffffffff, 0xffffffff);
    check_refused_writes();
    report_success("alive");
}
