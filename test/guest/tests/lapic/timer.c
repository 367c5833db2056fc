/* SPDX-License-Identifier: MIT */
/* The timer: one-shot, periodic, TSC deadline.  And x2APIC mode. */
#include <guest/apic.h>
#include <guest/test.h>

#include "lapic.h"

/* 10 ms of Xen's 100 MHz; on hardware less. */
#define COUNT 1000000
#define GP    FAULT(VEC_GP, 0)

static void start(uint32_t lvt, uint32_t count)
{
    irq_reset();
    apic_write(APIC_TDCR, 0xb); /* by 1 */
    apic_write(APIC_LVTT, lvt);
    apic_write(APIC_TMICT, count);
}

#define MSR_TSC 0x10

static void check_deadline(void)
{
    if (!(cpuid(1, 0).c & (1u << 24))) {
        report_part_skipped("TSC deadline: CPUID lacks it");
        return;
    }
    start(LVT_DEADLINE | 0x81, 0);
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 100000);
    check_true("deadline reads back", rdmsr(MSR_TSC_DEADLINE) != 0);
    apic_write(APIC_TMICT, 1000);
    check_equal("no count in deadline mode", apic_read(APIC_TMCCT), 0);
    asm volatile("sti; hlt; cli" : : : "memory");
    check_equal("deadline interrupt ends HLT", irq_log.count[0x81], 1);
    if (on_xen()) /* Bochs 2.7 leaves it */
        check_equal("deadline reads 0 after it", rdmsr(MSR_TSC_DEADLINE), 0);
    irq_reset();
    wrmsr(MSR_TSC_DEADLINE, rdtsc() - 1);
    irq_on();
    check_true("a deadline gone by fires at once", irq_wait(1, 10));
    irq_off();
    irq_reset();
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 1000000);
    wrmsr(MSR_TSC_DEADLINE, 0);
    irq_on();
    check_true("a cancelled one does not", !irq_wait(1, 2));
    irq_off();
    if (on_xen()) { /* Bochs 2.7 keeps to the time of the write */
        uint64_t later = rdtsc() + 100000000000ull;

        wrmsr(MSR_TSC_DEADLINE, later);
        wrmsr(MSR_TSC, later);
        irq_on();
        check_true("one that the TSC is moved to does", irq_wait(1, 10));
        irq_off();
    }
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 100000000000ull);
    apic_write(APIC_LVTT, LVT_MASKED);
    check_equal("deadline 0 out of that mode", rdmsr(MSR_TSC_DEADLINE), 0);
}

void check_timer(void)
{
    start(0x81, COUNT);
    uint32_t first = apic_read(APIC_TMCCT), second = apic_read(APIC_TMCCT);
    check_true("the count falls", first <= COUNT && second < first);
    asm volatile("sti; hlt; cli" : : : "memory");
    check_equal("one-shot interrupt ends HLT", irq_log.count[0x81], 1);
    check_equal("the count stays at 0", apic_read(APIC_TMCCT), 0);
    irq_on();
    check_true("no second one", !irq_wait(2, 1));
    irq_off();

    start(LVT_PERIODIC | 0x82, COUNT);
    irq_on();
    check_true("periodic: five interrupts", irq_wait(5, 100));
    irq_off();
    check_true("the count goes on", apic_read(APIC_TMCCT) != 0);
    apic_write(APIC_TMICT, 0);
    irq_on();
    irq_off();
    irq_reset();
    irq_on();
    check_true("0 stops it", !irq_wait(1, 1));
    irq_off();

    start(LVT_MASKED | 0x83, 1000);
    irq_on();
    check_true("masked", !irq_wait(1, 1));
    irq_off();
    check_equal("but it counted", apic_read(APIC_TMCCT), 0);
    check_deadline();
}

/* Which register numbers exist in x2APIC mode, and which bits are reserved. */
static void check_x2apic_rules(void)
{
    uint64_t v;

    check_fault("read DFR", rdmsr_safe(0x80e, &v), GP);
    check_fault("read ICR high", rdmsr_safe(0x831, &v), GP);
    check_fault("read EOI", rdmsr_safe(0x80b, &v), GP);
    check_fault("read SELF IPI", rdmsr_safe(0x83f, &v), GP);
    check_fault("read 0x800", rdmsr_safe(0x800, &v), GP);
    check_fault("write ID", wrmsr_safe(0x802, 0), GP);
    check_fault("write LDR", wrmsr_safe(0x80d, 0), GP);
    check_fault("write PPR", wrmsr_safe(0x80a, 0), GP);
    check_fault("write EOI not 0", wrmsr_safe(0x80b, 1), GP);
    check_fault("write ESR not 0", wrmsr_safe(0x828, 1), GP);
    check_fault("write TPR bit 8", wrmsr_safe(0x808, 0x100), GP);
    check_fault("write SPIV bit 16", wrmsr_safe(0x80f, 0x101ff), GP);
    check_fault("write ICR", wrmsr_safe(0x830, ICR_SELF | 0x56), 0);
    if (!on_xen())
        return; /* Bochs 2.7: ICR loses bits, LVT takes reserved ones */
    check_equal("read ICR", rdmsr(0x830), ICR_SELF | 0x56);
    check_fault("write LVT timer bit 20", wrmsr_safe(0x832, 1u << 20), GP);
}

void check_x2apic(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE), v;
    uint64_t x2 = base | APIC_BASE_X2, off = base & ~(uint64_t)APIC_BASE_EN;

    check_fault("x2APIC MSRs in xAPIC mode", rdmsr_safe(0x802, &v), GP);
    if (!(cpuid(1, 0).c & (1u << 21))) {
        report_part_skipped("x2APIC: CPUID lacks it");
        check_fault("x2APIC without CPUID", wrmsr_safe(MSR_APIC_BASE, x2), GP);
        return;
    }
    check_fault("x2APIC without enable", wrmsr_safe(MSR_APIC_BASE, off | APIC_BASE_X2), GP);
    check_fault("xAPIC to x2APIC", wrmsr_safe(MSR_APIC_BASE, x2), 0);
    check_fault("x2APIC to xAPIC", wrmsr_safe(MSR_APIC_BASE, base), GP);
    uint32_t id = apic_read(APIC_ID);
    uint32_t ldr = (id >> 4) << 16 | 1u << (id & 15);
    if (on_xen()) /* Bochs 2.7 has 0 */
        check_equal("LDR of the ID", apic_read(APIC_LDR), ldr);
    if (cpuid(0, 0).a >= 0xb)
        check_equal("CPUID.0b ID", cpuid(0xb, 0).d, id);
    irq_reset();
    check_x2apic_rules();
    irq_on();
    irq_off();
    check_equal("self IPI by ICR", irq_log.count[0x56], 1);
    wrmsr(0x83f, 0x57);
    irq_on();
    irq_off();
    check_equal("SELF IPI", irq_log.count[0x57], 1);
    apic_icr(id, 0x58);
    apic_icr(on_xen() ? ldr : id, on_xen() ? ICR_LOGICAL | 0x59 : 0x59);
    apic_icr(0xffffffff, 0x5a);
    irq_on();
    irq_off();
    check_equal("physical, logical, broadcast",
                irq_log.count[0x58] + irq_log.count[0x59] + irq_log.count[0x5a], 3);
    check_fault("x2APIC to off", wrmsr_safe(MSR_APIC_BASE, off), 0);
    if (!on_xen())
        return; /* Bochs 2.7 neither switches off nor refuses */
    check_fault("off to x2APIC", wrmsr_safe(MSR_APIC_BASE, x2), GP);
    check_fault("off to xAPIC", wrmsr_safe(MSR_APIC_BASE, base), 0);
    apic_write(APIC_SPIV, 0x1ff);
}
