/* SPDX-License-Identifier: MIT */
/*
 * irq.c - external interrupts by vector: one handler each, run with
 * interrupts off.  Handlers do no more than note what happened and raise a
 * softirq.
 */
#include <asm/traps.h>

#include <asm/current.h>
#include <cairn/lib.h>
#include <cairn/stretch.h>

static void (*irq_handlers[256])(void);
static unsigned long irq_unexpected;

void irq_register(unsigned int vector, void (*fn)(void))
{
    BUG_ON(vector < FIRST_IRQ_VECTOR || vector > 0xff);
    irq_handlers[vector] = fn;
}

void do_irq_vector(unsigned int vector)
{
    if (vector == SPURIOUS_VECTOR)
        return; /* the local APIC expects no EOI for it */
    if (irq_handlers[vector & 0xff])
        irq_handlers[vector & 0xff]();
    else if (irq_unexpected++ < 8)
        printk(XENLOG_WARNING "unexpected interrupt, vector %#x\n", vector);
    apic_eoi();
}

void do_irq(struct cpu_user_regs *regs)
{
    if (guest_mode(regs))
        stretch_begin(STRETCH_INTERRUPT, regs->entry_vector);
    do_irq_vector(regs->entry_vector);
}
