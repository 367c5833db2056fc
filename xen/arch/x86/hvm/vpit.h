/* SPDX-License-Identifier: MIT */
/*
 * vpit.h - the 8254 interval timer and port 0x61: rules.  Pure; time comes in
 * as nanoseconds since any fixed moment.
 * Source: Intel 8254 data sheet.
 */
#ifndef X86_HVM_VPIT_H
#define X86_HVM_VPIT_H

#include <cairn/types.h>
#include <xen/hvm/save.h>

#define VPIT_NEVER INT64_MAX

/* rw_mode, and which byte comes next: read_state, write_state. */
enum { VPIT_LOW = 1, VPIT_HIGH, VPIT_WORD, VPIT_WORD_HIGH };

struct vpit_channel {
    struct hvm_hw_pit_channel r; /* count_latched is made when it is saved: here a bool */
    bool armed;
    int64_t start; /* when @r.count was loaded or the gate rose */
};

struct vpit_state {
    struct vpit_channel ch[3];
    bool speaker;
};

void vpit_reset(struct vpit_state *s, int64_t now);
/* Ports 0x40-0x43 and 0x61. */
uint8_t vpit_read(struct vpit_state *s, unsigned int port, int64_t now);
/* True: channel 0 was set anew; its next expiry has changed. */
bool vpit_write(struct vpit_state *s, unsigned int port, uint8_t value, int64_t now);
/* Next rise of channel 0's output after @now; VPIT_NEVER. */
int64_t vpit_next_rise(const struct vpit_state *s, int64_t now);

#endif
