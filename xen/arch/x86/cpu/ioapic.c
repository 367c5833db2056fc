/* SPDX-License-Identifier: MIT */
/*
 * ioapic.c - legacy PICs off, and ISA interrupts to the boot CPU through the
 * I/O APIC that the MADT names, with its overrides.
 */
#include <asm/traps.h>

#include <asm/addr.h>
#include <asm/processor.h>
#include <cairn/acpi.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

#define IOAPIC_VERSION    0x01
#define IOAPIC_REDIR(pin) (0x10 + 2 * (pin))
#define REDIR_ACTIVE_LOW  (1u << 13)
#define REDIR_LEVEL       (1u << 15)
#define REDIR_MASKED      (1u << 16)

static volatile uint32_t *ioapic_regs;
static unsigned int ioapic_pins;

static uint32_t ioapic_read(unsigned int reg)
{
    ioapic_regs[0] = reg;
    return ioapic_regs[4];
}

static void ioapic_write(unsigned int reg, uint32_t v)
{
    ioapic_regs[0] = reg;
    ioapic_regs[4] = v;
}

void pic_disable(void)
{
    /* Vectors 0x20-0x2f for a spurious one, then everything masked. */
    outb(0x20, 0x11);
    outb(0xa0, 0x11);
    outb(0x21, 0x20);
    outb(0xa1, 0x28);
    outb(0x21, 0x04);
    outb(0xa1, 0x02);
    outb(0x21, 0x01);
    outb(0xa1, 0x01);
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

__init void ioapic_init(void)
{
    pic_disable();
    if (!acpi.ioapic_addr)
        return;
    ioapic_regs = ioremap(_maddr(acpi.ioapic_addr), PAGE_SIZE);
    ioapic_pins = (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
    for (unsigned int pin = 0; pin < ioapic_pins; pin++)
        ioapic_write(IOAPIC_REDIR(pin), REDIR_MASKED);
    printk(XENLOG_INFO "IOAPIC: %#x, %u pins\n", acpi.ioapic_addr, ioapic_pins);
}

bool ioapic_route_isa(unsigned int irq, unsigned int vector)
{
    uint32_t pin = irq, low = vector;
    const struct acpi_isa_override *o = NULL;

    if (!ioapic_regs || irq > 15)
        return false;
    if (acpi.isa_override[irq].present)
        o = &acpi.isa_override[irq];
    if (o) {
        pin = o->gsi;
        if ((o->flags & 3) == 3)
            low |= REDIR_ACTIVE_LOW;
        if ((o->flags >> 2 & 3) == 3)
            low |= REDIR_LEVEL;
    }
    if (pin < acpi.ioapic_gsi_base || pin - acpi.ioapic_gsi_base >= ioapic_pins)
        return false;
    pin -= acpi.ioapic_gsi_base;
    ioapic_write(IOAPIC_REDIR(pin) + 1, apic_id() << 24);
    ioapic_write(IOAPIC_REDIR(pin), low);
    return true;
}
