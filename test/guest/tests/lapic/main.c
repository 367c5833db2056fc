/* SPDX-License-Identifier: MIT */
/*
 * The local APIC as one CPU sees it: identity, task and processor priority,
 * interrupts that it sends to itself, NMIs, errors, the timer, and the same
 * by MSR in x2APIC mode.  Everything is architectural, so bare hardware (or an
 * emulator of it) has to agree.
 * Source: SDM vol. 3A, "Advanced Programmable Interrupt Controller".
 */
#include <guest/apic.h>
#include <guest/test.h>

#include "lapic.h"

const char test_title[] = "Local APIC";

static void check_identity(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    check_true("APIC_BASE says boot processor", base & APIC_BASE_BSP);
    check_equal("APIC_BASE address", base & ~0xfffull, APIC_MMIO);
    check_equal("ID and CPUID.1", apic_id(), cpuid(1, 0).b >> 24);
    check_equal("version is an integrated APIC's", apic_read(APIC_LVR) & 0xf0, 0x10);
    check_true("at least four LVT entries", (apic_read(APIC_LVR) >> 16 & 0xff) >= 3);
    check_equal("DFR", apic_read(APIC_DFR), 0xffffffff);
}

static void check_switched_off(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    wrmsr(MSR_APIC_BASE, base & ~(uint64_t)APIC_BASE_EN);
    check_true("CPUID hides a disabled APIC", !(cpuid(1, 0).d & (1u << 9)));
    wrmsr(MSR_APIC_BASE, base);
    check_true("CPUID shows an enabled APIC", cpuid(1, 0).d & (1u << 9));
    check_equal("SPIV after disabling", apic_read(APIC_SPIV), 0xff);
    check_equal("LVT timer after disabling", apic_read(APIC_LVTT), LVT_MASKED);
    apic_write(APIC_LVTT, 0x40);
    check_equal("LVT stays masked while software-disabled", apic_read(APIC_LVTT),
                LVT_MASKED | 0x40);
    apic_write(APIC_SPIV, 0x1ff);
    apic_write(APIC_LVTT, 0x40);
    check_equal("LVT unmasks while software-enabled", apic_read(APIC_LVTT), 0x40);
    apic_write(APIC_LVTT, LVT_MASKED);
    check_fault("APIC_BASE reserved bit 9", wrmsr_safe(MSR_APIC_BASE, base | 0x200),
                FAULT(VEC_GP, 0));
    check_fault("APIC_BASE bit 63", wrmsr_safe(MSR_APIC_BASE, base | 1ull << 63), FAULT(VEC_GP, 0));
    check_equal("APIC_BASE unchanged", rdmsr(MSR_APIC_BASE), base);
}

static void check_moved(void)
{
    const ulong away = APIC_MMIO - 0x10000;
    uint64_t base = rdmsr(MSR_APIC_BASE);
    uint32_t version = apic_read(APIC_LVR);

    wrmsr(MSR_APIC_BASE, (base & 0xfff) | away);
    check_equal("version where it has moved to", *(volatile uint32_t *)(away + APIC_LVR), version);
    check_equal("and where it was", apic_read(APIC_LVR), 0xffffffff);
    wrmsr(MSR_APIC_BASE, base);
    check_equal("version back home", apic_read(APIC_LVR), version);
}

static void check_esr(void)
{
    apic_write(APIC_ESR, 0);
    apic_write(APIC_ESR, 0);
    check_equal("ESR starts clear", apic_read(APIC_ESR), 0);
    irq_reset();
    apic_write(APIC_LVTERR, 0x71);
    apic_icr(apic_id(), ICR_FIXED | 0x0f);
    irq_on();
    irq_off();
    check_equal("error interrupts for an illegal vector", irq_log.count[0x71], 1);
    check_equal("ESR shows nothing before it is written", apic_read(APIC_ESR), 0);
    apic_write(APIC_ESR, 0);
    check_equal("ESR: send illegal vector", apic_read(APIC_ESR), 0x20);
    apic_write(APIC_ESR, 0);
    check_equal("ESR is clear after another write", apic_read(APIC_ESR), 0);
    apic_write(APIC_LVTERR, LVT_MASKED);
    /* XSA-462: an error entry that is itself illegal must not recurse. */
    if (on_xen()) {
        apic_write(APIC_LVTERR, 0x0f);
        apic_icr(apic_id(), ICR_FIXED | 0x0f);
        apic_write(APIC_ESR, 0);
        check_equal("ESR: send and receive illegal vector", apic_read(APIC_ESR), 0x60);
        apic_write(APIC_LVTERR, LVT_MASKED);
    }
}

static void step(const char *name, void (*fn)(void))
{
    printk("%s\n", name);
    fn();
}

void test_main(void)
{
    irq_init();
    if (!apic_init()) {
        report_skip("no local APIC");
        return;
    }
    check_identity();
    if (on_xen()) {
        check_switched_off();
        check_moved();
    } else {
        report_part_skipped("switching off: Bochs does not let it on again");
    }
    step("ipi", check_ipi);
    step("priority", check_priority);
    step("nmi", check_nmi);
    if (on_xen())
        step("errors", check_esr);
    else
        report_part_skipped("errors: Bochs notes no illegal vectors");
    step("pic", check_pic);
    step("timer", check_timer);
    step("x2apic", check_x2apic);
    report_success(NULL);
}
