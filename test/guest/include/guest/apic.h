/* SPDX-License-Identifier: MIT */
/*
 * The local APIC, and interrupts as data: after irq_init() the IDT has all 256
 * vectors, and what arrives at IRQ_FIRST and above is counted and logged.
 * Source: SDM vol. 3A, "Advanced Programmable Interrupt Controller".
 */
#ifndef GUEST_APIC_H
#define GUEST_APIC_H

#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/lib.h>

#define MSR_APIC_BASE    0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC       0x800

#define APIC_BASE_BSP (1u << 8)
#define APIC_BASE_X2  (1u << 10)
#define APIC_BASE_EN  (1u << 11)
#define APIC_MMIO     0xfee00000u

enum {
    APIC_ID = 0x20,
    APIC_LVR = 0x30,
    APIC_TPR = 0x80,
    APIC_PPR = 0xa0,
    APIC_EOI = 0xb0,
    APIC_LDR = 0xd0,
    APIC_DFR = 0xe0,
    APIC_SPIV = 0xf0,
    APIC_ISR = 0x100,
    APIC_TMR = 0x180,
    APIC_IRR = 0x200,
    APIC_ESR = 0x280,
    APIC_ICR = 0x300,
    APIC_ICR2 = 0x310,
    APIC_LVTT = 0x320,
    APIC_LVT0 = 0x350,
    APIC_LVT1 = 0x360,
    APIC_LVTERR = 0x370,
    APIC_TMICT = 0x380,
    APIC_TMCCT = 0x390,
    APIC_TDCR = 0x3e0,
    APIC_SELF_IPI = 0x3f0,
};

#define ICR_FIXED    0u
#define ICR_LOWEST   (1u << 8)
#define ICR_NMI      (4u << 8)
#define ICR_INIT     (5u << 8)
#define ICR_STARTUP  (6u << 8)
#define ICR_LOGICAL  (1u << 11)
#define ICR_ASSERT   (1u << 14)
#define ICR_SELF     (1u << 18)
#define ICR_ALL      (2u << 18)
#define ICR_OTHERS   (3u << 18)
#define LVT_MASKED   (1u << 16)
#define LVT_PERIODIC (1u << 17)
#define LVT_DEADLINE (2u << 17)

static inline uint32_t mmio_read32(ulong at)
{
    uint32_t v;
    asm volatile("movl (%1), %0" : "=r"(v) : "r"(at) : "memory");
    return v;
}
static inline void mmio_write32(ulong at, uint32_t v)
{
    asm volatile("movl %0, (%1)" : : "r"(v), "r"(at) : "memory");
}

/* By MMIO, or by MSR while apic_is_x2(). */
uint32_t apic_read(unsigned int reg);
void apic_write(unsigned int reg, uint32_t value);
/* Send: @low as the register has it, @dest an APIC ID or logical address. */
void apic_icr(uint32_t dest, uint32_t low);
bool apic_is_x2(void);
/* This CPU's ID, in the mode it is in. */
uint32_t apic_id(void);
/* Is there one?  Then switch it on, in xAPIC mode, spurious vector 0xff. */
bool apic_init(void);

/* ---- interrupts ---- */
#define IRQ_FIRST 0x30
struct irq_log {
    volatile uint32_t count[256];
    volatile uint32_t nr; /* of entries ever logged */
    volatile uint8_t vector[64];
};
extern struct irq_log irq_log;
/* Called in the handler with interrupts off before the EOI; or NULL. */
extern void (*volatile irq_hook)(unsigned int vector);
/* No EOI for interrupts of this vector (event-channel upcalls). */
extern volatile unsigned int irq_no_eoi;
extern volatile uint32_t nmi_count;
extern void (*volatile nmi_hook)(void);
void irq_init(void);
void irq_reset(void); /* forget counts and log */
/* Load the same IDT on another CPU. */
void irq_load_idt(void);

static inline void irq_on(void)
{
    asm volatile("sti; nop" : : : "memory");
}
static inline void irq_off(void)
{
    asm volatile("cli" : : : "memory");
}
/* Wait until irq_log.nr reaches @nr, for at most @ms of TSC time at 1 GHz and up. */
bool irq_wait(uint32_t nr, unsigned int ms);

#endif /* GUEST_APIC_H */
