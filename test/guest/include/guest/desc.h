/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables.  Slots GDT_SPARE.. and vectors VEC_SPARE.. are for tests;
 * a test that changes any other puts it back.
 * Source: SDM vol. 3A, "Segment Descriptors", "IDT Descriptors".
 */
#ifndef GUEST_DESC_H
#define GUEST_DESC_H

#include <guest/asm.h>
#include <guest/lib.h>

extern uint64_t gdt[GDT_ENTRIES];

/*
 * A code or data descriptor.  access: type, S, DPL and P as in bits 47:40;
 * flags: AVL, L, D, G as in bits 55:52.  limit is the raw 20-bit field.
 */
uint64_t desc_make(uint32_t base, uint32_t limit, unsigned int access, unsigned int flags);

/* Interrupt gate to handler in the kernel's code segment; present. */
void idt_set_gate(unsigned int vector, void (*handler)(void), unsigned int dpl);
/* Set or clear the present bit only. */
void idt_set_present(unsigned int vector, bool present);
/* The framework's own entry point of a vector, to put a gate back. */
void idt_restore_gate(unsigned int vector);

#endif /* GUEST_DESC_H */
