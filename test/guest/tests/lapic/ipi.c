/* SPDX-License-Identifier: MIT */
/* Interrupts that the CPU sends to itself; priorities; NMIs. */
#include <guest/apic.h>
#include <guest/test.h>

#include "lapic.h"

static volatile uint32_t isr_seen, nested;

static bool bit_of(unsigned int reg, unsigned int vector)
{
    return apic_read(reg + vector / 32 * 0x10) >> (vector % 32) & 1;
}

static void look_at_isr(unsigned int vector)
{
    isr_seen = bit_of(APIC_ISR, vector) | bit_of(APIC_IRR, vector) << 1;
}

/* Let what may interrupt now do so. */
static void open_window(void)
{
    irq_on();
    irq_off();
}

static void sent(const char *what, uint32_t dest, uint32_t low, uint32_t want)
{
    irq_reset();
    apic_icr(dest, low | 0x55);
    open_window();
    check_equal(what, irq_log.count[0x55], want);
}

void check_ipi(void)
{
    uint32_t self = apic_id();

    irq_hook = look_at_isr;
    sent("self", 0, ICR_SELF, 1);
    irq_hook = NULL;
    check_equal("in service, no longer requested", isr_seen, 1);
    check_true("EOI ended it", !bit_of(APIC_ISR, 0x55));
    sent("physical destination", self, 0, 1);
    sent("another physical destination", self ^ 0x40, 0, 0);
    sent("physical broadcast", 0xff, 0, 1);
    sent("all", 0, ICR_ALL, 1);
    apic_write(APIC_LDR, 0x04u << 24);
    sent("flat logical", 0x0c, ICR_LOGICAL, 1);
    sent("flat logical, not us", 0x0b, ICR_LOGICAL, 0);
    sent("lowest priority", 0x04, ICR_LOGICAL | ICR_LOWEST, 1);
    apic_write(APIC_DFR, 0x0fffffff);
    apic_write(APIC_LDR, 0x21u << 24);
    sent("cluster logical", 0x21, ICR_LOGICAL, 1);
    sent("another cluster", 0x31, ICR_LOGICAL, 0);
    apic_write(APIC_DFR, 0xffffffff);
    apic_write(APIC_LDR, 0);

    irq_reset();
    apic_icr(0, ICR_SELF | 0x55);
    asm volatile("sti; cli" : : : "memory");
    check_equal("in the shadow of STI", irq_log.nr, 0);
    check_true("the request stays", bit_of(APIC_IRR, 0x55));
    open_window();
    check_equal("after it", irq_log.nr, 1);

    irq_reset();
    apic_icr(0, ICR_SELF | 0x55);
    asm volatile("sti; hlt; cli" : : : "memory");
    check_equal("HLT does not wait for what is already there", irq_log.nr, 1);
}

static void nest(unsigned int vector)
{
    if (vector != 0x61)
        return;
    check_equal("PPR in a handler", apic_read(APIC_PPR), 0x60);
    apic_icr(0, ICR_SELF | 0x52);
    /* Bochs compares vectors here, not their classes. */
    apic_icr(0, ICR_SELF | (on_xen() ? 0x6f : 0x60));
    open_window();
    nested = irq_log.nr;
    apic_icr(0, ICR_SELF | 0x73);
    open_window();
    nested |= irq_log.nr << 8;
}

void check_priority(void)
{
    irq_reset();
    apic_icr(0, ICR_SELF | 0x45);
    apic_icr(0, ICR_SELF | 0x91);
    apic_icr(0, ICR_SELF | 0x67);
    open_window();
    check_equal("three interrupts", irq_log.nr, 3);
    check_true("the highest first",
               irq_log.vector[0] == 0x91 && irq_log.vector[1] == 0x67 && irq_log.vector[2] == 0x45);

    irq_reset();
    apic_write(APIC_TPR, 0x50);
    check_equal("PPR follows TPR", apic_read(APIC_PPR), 0x50);
    apic_icr(0, ICR_SELF | 0x5f);
    open_window();
    check_equal("held back by TPR", irq_log.nr, 0);
    apic_write(APIC_TPR, 0x4f);
    open_window();
    check_equal("let through", irq_log.nr, 1);
#ifdef __x86_64__
    asm volatile("mov %0, %%cr8" : : "r"(0x7ul));
    check_equal("CR8 is TPR", apic_read(APIC_TPR), 0x70);
    apic_icr(0, ICR_SELF | 0x77);
    open_window();
    check_equal("held back by CR8", irq_log.nr, 1);
    irq_on();
    asm volatile("mov %0, %%cr8" : : "r"(0x6ul));
    irq_off();
    check_equal("let through by CR8", irq_log.nr, 2);
#endif
    apic_write(APIC_TPR, 0);

    irq_reset();
    irq_hook = nest;
    apic_icr(0, ICR_SELF | 0x61);
    open_window();
    irq_hook = NULL;
    check_equal("in the handler: not its own class or a lower one", nested & 0xff, 1);
    check_equal("in the handler: a higher one", nested >> 8, 2);
    check_equal("afterwards: all", irq_log.nr, 4);
}

static volatile uint32_t nmi_depth, nmi_deepest;

static void nmi_again(void)
{
    nmi_depth++;
    if (nmi_depth > nmi_deepest)
        nmi_deepest = nmi_depth;
    if (nmi_count == 1) {
        apic_icr(apic_id(), ICR_NMI);
        apic_icr(apic_id(), ICR_NMI); /* one at most is remembered */
    }
    nmi_depth--;
}

void check_nmi(void)
{
    irq_reset();
    apic_icr(apic_id(), ICR_NMI);
    asm volatile("nop; nop");
    check_equal("NMI with interrupts off", nmi_count, 1);
    irq_reset();
    nmi_hook = nmi_again;
    apic_icr(apic_id(), ICR_NMI);
    asm volatile("nop; nop");
    nmi_hook = NULL;
    check_equal("NMI in an NMI comes after IRET, once", nmi_count, 2);
    check_equal("and does not nest", nmi_deepest, 1);
}
