/* SPDX-License-Identifier: MIT */
/*
 * vpic.h - the pair of 8259A interrupt controllers: rules.  Pure.
 * Source: Intel 8259A data sheet.
 */
#ifndef X86_HVM_VPIC_H
#define X86_HVM_VPIC_H

#include <cairn/types.h>
#include <xen/hvm/save.h>

struct vpic_state {
    struct hvm_hw_vpic chip[2]; /* master, slave; int_output is made when it is saved */
    uint8_t lines[2];           /* present level of the inputs */
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
