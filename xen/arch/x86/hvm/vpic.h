/* SPDX-License-Identifier: MIT */
/*
 * vpic.h - the pair of 8259A interrupt controllers: rules.  Pure.
 * Source: Intel 8259A data sheet.
 */
#ifndef X86_HVM_VPIC_H
#define X86_HVM_VPIC_H

#include <cairn/types.h>

struct vpic_chip {
    uint8_t irr, isr, imr;
    uint8_t lines;  /* present level of the inputs */
    uint8_t elcr;   /* 1: that input is level-triggered */
    uint8_t base;   /* ICW2 */
    uint8_t lowest; /* input of lowest priority: 7, or as rotated */
    uint8_t init;   /* the next ICW that is expected; 0: none */
    bool need_icw4, read_isr, poll, special_mask, auto_eoi, rotate_aeoi, special_nested;
    bool is_slave;
};

struct vpic_state {
    struct vpic_chip chip[2]; /* master, slave */
};

void vpic_reset(struct vpic_state *p);
/* Input 0-15; 2 is the slave's. */
void vpic_set_line(struct vpic_state *p, unsigned int irq, bool level);
/* Does the master's INT output ask for service? */
bool vpic_int(const struct vpic_state *p);
/* The processor's acknowledge cycles: the vector; a spurious one if none. */
uint8_t vpic_ack(struct vpic_state *p);
/* Ports 0x20, 0x21, 0xa0, 0xa1, and 0x4d0, 0x4d1 (ELCR). */
uint8_t vpic_read(struct vpic_state *p, unsigned int port);
void vpic_write(struct vpic_state *p, unsigned int port, uint8_t value);

#endif
