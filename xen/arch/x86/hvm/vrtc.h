/* SPDX-License-Identifier: MIT */
/*
 * vrtc.h - the MC146818 clock with its CMOS bytes: rules.  Pure; the date
 * comes in as seconds since 1970, the time as nanoseconds.
 * Source: Motorola MC146818A data sheet.
 */
#ifndef X86_HVM_VRTC_H
#define X86_HVM_VRTC_H

#include <cairn/types.h>

#define VRTC_NEVER INT64_MAX

struct vrtc_state {
    uint8_t index;
    uint8_t cmos[128];
    int64_t offset;   /* guest's date minus ours, seconds */
    int64_t periodic; /* when the periodic interrupt last came */
};

void vrtc_reset(struct vrtc_state *s, int64_t now);
uint8_t vrtc_read(struct vrtc_state *s, unsigned int port, uint64_t date, int64_t now);
/* True: the periodic interrupt was set anew. */
bool vrtc_write(struct vrtc_state *s, unsigned int port, uint8_t value, uint64_t date, int64_t now);
/* Next periodic interrupt; VRTC_NEVER. */
int64_t vrtc_expiry(const struct vrtc_state *s, int64_t now);
/* It came: true if IRQ 8 is to be raised. */
bool vrtc_fired(struct vrtc_state *s, int64_t now);
/* IRQ 8's line. */
bool vrtc_irq(const struct vrtc_state *s);

#endif
