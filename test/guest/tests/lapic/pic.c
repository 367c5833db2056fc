/* SPDX-License-Identifier: MIT */
/*
 * The PIC's interrupts, which reach a processor through LVT0 and past the local
 * APIC: PIT and RTC at the two chips, priorities, ends of interrupt, masks.
 * Source: Intel 8259A data sheet; SDM vol. 3A, "Local Vector Table".
 */
#include <guest/apic.h>
#include <guest/test.h>

#include "lapic.h"

#define EXTINT     0x700u
#define MASTER     0x40u
#define SLAVE      0x48u
#define PIC_EOI    0x20
#define READ_IRR   0x0a
#define READ_ISR   0x0b
#define AUTO_EOI   2
#define IRQ0_ALONE 0xfe
#define IRQ0_AND_2 0xfa
#define IRQ8_ALONE 0xfe

static bool end_it;                /* whether the handler tells the PIC */
static volatile uint32_t apic_isr; /* as the last handler saw the APIC's */

static void program(unsigned int icw4)
{
    const uint8_t icw[][2] = {{0x11, 0x11}, {MASTER, SLAVE}, {4, 2}, {1 | icw4, 1 | icw4}};

    for (unsigned int i = 0; i < ARRAY_SIZE(icw); i++) {
        outb(icw[i][0], i ? 0x21 : 0x20);
        outb(icw[i][1], i ? 0xa1 : 0xa0);
    }
}

static void mask(uint8_t master, uint8_t slave)
{
    outb(master, 0x21);
    outb(slave, 0xa1);
}

static uint8_t pic_read(unsigned int port, uint8_t what)
{
    outb(what, port);
    return inb(port);
}

/* Channel 0 in mode 2: an edge every 10 ms. */
static void start_pit(void)
{
    outb(0x34, 0x43);
    outb(11932 & 0xff, 0x40);
    outb(11932 >> 8, 0x40);
}

static uint8_t cmos(uint8_t index)
{
    outb(index, 0x70);
    return inb(0x71);
}

static void handler(unsigned int vector)
{
    apic_isr = apic_read(APIC_ISR + (vector >> 5) * 16);
    if (vector == SLAVE)
        cmos(0x0c);
    if (!end_it)
        return;
    if (vector >= SLAVE)
        outb(PIC_EOI, 0xa0);
    outb(PIC_EOI, 0x20);
}

/* How many interrupts of @vector there are in some time; at most about @enough. */
static unsigned int seen(unsigned int vector, unsigned int enough)
{
    irq_reset();
    irq_on();
    irq_wait(enough, 8);
    irq_off();
    return irq_log.count[vector];
}

static void check_master(void)
{
    end_it = true;
    program(0);
    mask(IRQ0_ALONE, 0xff);
    start_pit();
    check_true("IRQ 0 comes, and again after its end", seen(MASTER, 3) >= 3);
    check_equal("the local APIC has none of it in service", apic_isr, 0);
    mask(0xff, 0xff);
    check_equal("a masked one does not", seen(MASTER, 1), 0);
    check_equal("but is noted", pic_read(0x20, READ_IRR) & 1, 1);
    mask(IRQ0_ALONE, 0xff);
    end_it = false;
    check_equal("without an end no other comes", seen(MASTER, 2), 1);
    check_equal("it is in service", pic_read(0x20, READ_ISR), 1);
    outb(0x60, 0x20); /* the end of IRQ 0 in particular */
    check_equal("no longer", pic_read(0x20, READ_ISR), 0);
    program(AUTO_EOI);
    mask(IRQ0_ALONE, 0xff);
    check_true("in automatic EOI mode they need none", seen(MASTER, 3) >= 3);
    check_equal("and none is in service", pic_read(0x20, READ_ISR), 0);
}

static void check_slave(void)
{
    end_it = true;
    program(0);
    outb(0x0a, 0x70);
    outb(0x2a, 0x71); /* 64 Hz */
    outb(0x0b, 0x70);
    outb(0x42, 0x71); /* periodic interrupts */
    cmos(0x0c);
    mask(0xff & ~4, IRQ8_ALONE);
    check_true("IRQ 8 comes by way of IRQ 2", seen(SLAVE, 3) >= 3);
    mask(IRQ0_AND_2, IRQ8_ALONE);
    end_it = false;
    outb(0xc7, 0x20); /* IRQ 7 has the lowest priority: IRQ 0 the highest */
    seen(SLAVE, 2);
    check_true("unended, IRQ 8 lets IRQ 0 through, once", irq_log.count[MASTER] == 1);
    outb(0x0b, 0x70);
    outb(0x02, 0x71);
    program(0);
}

/* LVT0 decides; bare, Bochs has the PIC past it. */
static void check_lvt0(void)
{
    end_it = true;
    mask(IRQ0_ALONE, 0xff);
    apic_write(APIC_LVT0, LVT_MASKED | EXTINT);
    check_equal("none comes while LVT0 is masked", seen(MASTER, 1), 0);
    apic_write(APIC_LVT0, EXTINT);
    check_true("the one that waits does when it is not", seen(MASTER, 1) >= 1);
    apic_write(APIC_LVT0, 0x41); /* a vector of its own */
    check_equal("nor in another mode", seen(MASTER, 1), 0);
}

void check_pic(void)
{
    irq_hook = handler;
    apic_write(APIC_LVT0, EXTINT);
    check_master();
    check_slave();
    if (on_xen())
        check_lvt0();
    irq_hook = NULL;
    mask(0xff, 0xff);
    apic_write(APIC_LVT0, LVT_MASKED);
}
