/* SPDX-License-Identifier: MIT */
/*
 * traps.h - host exceptions and interrupts; the host's GDT, IDT and TSS.
 *
 * GDT (page 14 of every PV guest's 16-page GDT window is this one, so the
 * selectors are the public ABI's FLAT_* ones): see desc.c.
 */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include <cairn/types.h>
#include <xen/xen.h>

/* Selectors; 0xe000 = FIRST_RESERVED_GDT_ENTRY * 8. */
#define HYPERVISOR_CS   0xe008
#define HYPERVISOR_SS   0x0000
#define HYPERVISOR_DS32 0xe010
#define TSS_SELECTOR    0xe040
#define LDT_SELECTOR    0xe050

#define LOCAL_TIMER_VECTOR   0xf0
#define SPURIOUS_VECTOR      0xff
#define UART_VECTOR          0xe0
#define EVENT_CHECK_VECTOR   0xf1
#define CALL_FUNCTION_VECTOR 0xf2
#define FIRST_IRQ_VECTOR     0x20

struct cpu_user_regs;

/* C end of every exception and interrupt (cpu/entry.S saves everything). */
void do_exception(struct cpu_user_regs *regs);
void do_irq(struct cpu_user_regs *regs); /* regs->entry_vector */
/* Run the host's handler for an external interrupt that caused a VM exit. */
void do_irq_vector(unsigned int vector);
void irq_register(unsigned int vector, void (*fn)(void));

/* The GDT page of a CPU that will come up.  -ENOMEM. */
int desc_cpu_prepare(unsigned int cpu);
void show_registers(const struct cpu_user_regs *regs);
void show_gprs(const struct cpu_user_regs *regs); /* all but RSP */
void show_stack(const struct cpu_user_regs *regs);
noreturn void fatal_trap(const struct cpu_user_regs *regs);

/* extable.c: where execution goes on after a fault at @rip; 0 if nowhere. */
unsigned long extable_fixup(unsigned long rip);
#define ASM_EXTABLE(from, to)                   \
    ".section .extable, \"a\"\n\t.balign 4\n\t" \
    ".long " from " - ., " to " - .\n\t.previous\n\t"

/* Prints "   [<address>] name+offset/size"; nothing if not in the image's code. */
bool symbol_print(unsigned long addr);

/* desc.c */
void cpu_load_gdt(unsigned long base); /* of a GDT whose last page is a CPU's own */
void cpu_load_descriptors(void);       /* GDT, TSS, IDT, segment registers: first thing in C */
uint64_t *cpu_gdt_page(void);          /* directmap address of this CPU's GDT page (ABI page 14) */
void cpu_gdt_set_ldt(unsigned long base, unsigned int entries); /* and LLDT; 0 entries = none */
unsigned long cpu_tss_base(void);

/* apic.c, time.c, irq.c */
void apic_init(void);     /* the boot CPU */
void apic_cpu_init(void); /* every CPU: its own registers */
/* Interrupt another CPU: @command is a vector, or one of these.  By APIC id: it is
 * not up yet. */
#define ICR_NMI     0x400u
#define ICR_INIT    0x500u
#define ICR_STARTUP 0x600u /* and the number of a page */
void apic_send_ipi(unsigned int cpu, uint32_t command);
void apic_send(uint32_t apic_id, uint32_t command);
void apic_set_cpu_id(unsigned int cpu, uint32_t apic_id);
bool apic_can_address(uint32_t apic_id);
void smp_ipi_init(void); /* smp.c: the vectors */
void apic_eoi(void);
uint32_t apic_id(void);
/* Arm the one-shot timer @ticks of the TSC from now; 0 stops it. */
void apic_timer_arm(uint64_t tsc_deadline);
/* APIC timer ticks in the window that time.c calibrates; see time_init(). */
void apic_timer_calibrate_start(void);
void apic_timer_calibrate_end(uint64_t tsc_ticks);
void time_init(void);
void ioapic_init(void);
/* Deliver ISA interrupt @irq as @vector; false if there is no way to. */
bool ioapic_route_isa(unsigned int irq, unsigned int vector);
void pic_disable(void);

/* Machine end: never return. */
noreturn void machine_halt(void);
noreturn void machine_restart(void);
noreturn void machine_poweroff(void);
extern bool opt_noreboot;

/* fpu.c: FXSAVE image of a vCPU in and out; @area 512 bytes, 16-aligned. */
void fpu_init(void);
void fpu_save(void *area);
void fpu_restore(const void *area);
void fpu_reset_area(void *area); /* FNINIT state, MXCSR 0x1f80 */

#endif
