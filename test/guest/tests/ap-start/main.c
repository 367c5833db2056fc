/* SPDX-License-Identifier: MIT */
/*
 * A second CPU: what INIT leaves in its registers, whatever it was doing
 * before (T53-T55 of the EFER page), and that it comes up again from there;
 * IPIs between the two; and Xen's own way of starting one, VCPUOP_initialise.
 * Bare it wants a second CPU (--cpus 2).
 * Source: SDM vol. 3A, "Processor State After Reset", "MP Initialization".
 */
#include <guest/ap.h>
#include <guest/apic.h>
#include <guest/test.h>

#include "ap-start.h"

const char test_title[] = "Starting a second CPU";

static volatile uint32_t ap_value;

/* CD and NW keep what they had, @kept; Bochs 2.7 sets both. */
static void check_first_state(const char *when, uint32_t kept)
{
    if (!on_xen())
        kept = CR0_CD | CR0_NW;
    printk("%s\n", when);
    check_equal("CR0 after INIT", ap_first.cr0, CR0_ET | kept);
    check_equal("CR3 after INIT", ap_first.cr3, 0);
    check_equal("CR4 after INIT", ap_first.cr4, 0);
    check_equal("EFER after INIT", ap_first.efer, 0);
    if (on_xen()) /* Bochs 2.7 has 0 */
        check_equal("EDX after INIT is the signature", ap_first.edx, cpuid(1, 0).a);
}

static void restart(const char *when, uint32_t kept)
{
    ap_init();
    if (!ap_startup())
        report_failure("%s: the AP does not come up", when);
    check_first_state(when, kept);
}

static void read_id(ulong unused)
{
    ap_value = apic_id() << 8 | (cpuid(1, 0).b >> 24);
}

/* All that EFER and the control registers can have in this mode, and paging. */
static void busy_state(ulong unused)
{
    bool nx = cpuid(0x80000001, 0).d & (1u << 20);
    bool smep = cpuid(0, 0).a >= 7 && cpuid(7, 0).b & (1u << 7);

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | (nx ? EFER_NXE : 0) | (PAGING_LEVELS == 4 ? EFER_SCE : 0));
    write_cr4(read_cr4() | (smep && PAGING_LEVELS == 0 ? CR4_SMEP : 0) | CR4_OSFXSR);
    write_cr0(read_cr0() | CR0_WP | CR0_AM | CR0_CD);
    ap_value = 1;
}

static void halt_for_good(ulong unused)
{
    ap_value = 2;
    for (;;)
        asm volatile("cli; hlt");
}

static void halt_open(ulong unused)
{
    apic_write(APIC_SPIV, 0x1ff);
    ap_value = 3;
    asm volatile("sti; hlt; cli");
    ap_value = 4;
}

static volatile uint32_t ap_target;

static void send_back(ulong vector)
{
    apic_icr(ap_target, ICR_FIXED | vector);
}

static void check_ipis(void)
{
    uint32_t id = ap_value >> 8;

    irq_reset();
    ap_target = apic_id();
    check_true("the AP runs", ap_run(send_back, 0x63));
    irq_on();
    irq_off();
    check_equal("IPI from the AP", irq_log.count[0x63], 1);

    irq_reset();
    ap_run_nowait(halt_open, 0);
    for (unsigned int i = 0; i < 1000 && ap_value != 3; i++)
        ap_relax();
    for (unsigned int i = 0; i < 20; i++)
        ap_relax();
    check_equal("the AP waits in HLT", ap_value, 3);
    apic_icr(id, ICR_FIXED | 0x64);
    for (unsigned int i = 0; i < 1000 && ap_value != 4; i++)
        ap_relax();
    check_equal("and an IPI ends that", ap_value, 4);
    check_equal("which it took", irq_log.count[0x64], 1);
}

#if PAGING_LEVELS > 0
static uint32_t page_a[1024] __attribute__((aligned(4096)));
static uint32_t page_b[1024] __attribute__((aligned(4096)));

static void read_page(ulong unused)
{
    ap_value = *(volatile uint32_t *)page_a;
}

/* T55: an INIT while paging is on forgets the translations of before. */
static void check_translations(void)
{
    volatile pte_t *pte = pte_of(page_a);
    pte_t old = *pte;

    page_a[0] = 0xaaaa;
    page_b[0] = 0xbbbb;
    ap_run(read_page, 0);
    check_equal("the AP reads through its tables", ap_value, 0xaaaa);
    pte_set(page_a, (old & 0xfff) | (ulong)page_b);
    restart("after INIT with paging on", 0);
    ap_run(read_page, 0);
    check_equal("no stale translation", ap_value, 0xbbbb);
    pte_set(page_a, old);
}
#endif

static void check_restarts(void)
{
    check_true("a start-up message to a running AP is ignored", ap_ignores_startup());
    check_true("busy state", ap_run(busy_state, 0));
    restart("after INIT in the environment's mode, all bits set (T53, T54)", CR0_CD);
    restart("after INIT again", 0);
    ap_run_nowait(halt_for_good, 0);
    for (unsigned int i = 0; i < 1000 && ap_value != 2; i++)
        ap_relax();
    restart("after INIT while halted with interrupts off", 0);
#if PAGING_LEVELS > 0
    check_translations();
#endif
}

void test_main(void)
{
    irq_init();
    if (!apic_init()) {
        report_skip("no local APIC");
        return;
    }
    if (on_xen())
        check_vcpuop_before();
    ap_init();
    if (!ap_startup()) {
        if (on_xen())
            report_failure("the AP does not come up");
        else
            report_skip("one CPU only");
        return;
    }
    check_first_state("first start, after RESET and INIT", CR0_CD | CR0_NW);
    check_true("the AP answers", ap_run(read_id, 0));
    check_equal("its APIC ID and CPUID's", ap_value >> 8, ap_value & 0xff);
    check_true("its APIC ID is not ours", ap_value >> 8 != apic_id());
    check_ipis();
    check_restarts();
    if (on_xen())
        check_vcpuop();
    report_success(NULL);
}
