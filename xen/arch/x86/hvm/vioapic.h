/* SPDX-License-Identifier: MIT */
/*
 * vioapic.h - the I/O APIC: rules.  Pure.
 * Source: Intel 82093AA data sheet.
 */
#ifndef X86_HVM_VIOAPIC_H
#define X86_HVM_VIOAPIC_H

#include <cairn/types.h>

#define VIOAPIC_BASE 0xfec00000ull
#define VIOAPIC_SIZE 0x100u
#define VIOAPIC_PINS 48

/* Redirection entry bits. */
#define VIOAPIC_MODE(e) (((e) >> 8) & 7)
#define VIOAPIC_LOGICAL (1ull << 11)
#define VIOAPIC_IRR     (1ull << 14) /* remote IRR: accepted, no EOI yet */
#define VIOAPIC_LEVEL   (1ull << 15)
#define VIOAPIC_MASKED  (1ull << 16)

struct vioapic_state {
    uint8_t select; /* IOREGSEL */
    uint8_t id;
    uint64_t lines; /* present level of the pins */
    uint64_t entry[VIOAPIC_PINS];
};

void vioapic_reset(struct vioapic_state *s);
/* 32-bit registers at @offset 0 (select), 0x10 (window), 0x40 (EOI). */
uint32_t vioapic_read(const struct vioapic_state *s, unsigned int offset);
/* A bit mask of pins whose interrupt must be sent now (vioapic_sent() each). */
uint64_t vioapic_write(struct vioapic_state *s, unsigned int offset, uint32_t value);
/* True: send the interrupt of the pin. */
bool vioapic_set_line(struct vioapic_state *s, unsigned int pin, bool level);
/* The message of @pin went out. */
void vioapic_sent(struct vioapic_state *s, unsigned int pin);
/* EOI of @vector: pins that still ask, to be sent. */
uint64_t vioapic_eoi(struct vioapic_state *s, uint8_t vector);

#endif
