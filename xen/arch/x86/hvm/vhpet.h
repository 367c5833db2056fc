/* SPDX-License-Identifier: MIT */
/*
 * vhpet.h - the High Precision Event Timer: rules.  Pure; time comes in as
 * nanoseconds since any fixed moment.
 * Source: IA-PC HPET Specification 1.0a.
 */
#ifndef X86_HVM_VHPET_H
#define X86_HVM_VHPET_H

#include <cairn/types.h>

#define VHPET_BASE    0xfed00000ull
#define VHPET_SIZE    0x400u
#define VHPET_TIMERS  3
#define VHPET_TICK_NS 16          /* 62.5 MHz, as Xen's */
#define VHPET_32BIT   (1ull << 8) /* of a timer's configuration */
#define VHPET_NEVER   INT64_MAX

enum {
    VHPET_REG_ID = 0,
    VHPET_REG_CONFIG = 0x10,
    VHPET_REG_STATUS = 0x20,
    VHPET_REG_COUNTER = 0xf0,
    VHPET_REG_TIMERS = 0x100
};

struct vhpet_state {
    uint64_t config, status; /* general */
    uint64_t stopped_at;     /* main counter while it stands still */
    uint64_t started;        /* ticks of time at which the running counter was 0 */
    struct {
        uint64_t config, compare, period;
        uint64_t armed_at; /* counter when the comparator was last set up */
        bool set_next;     /* periodic: the next write goes to the comparator */
    } timer[VHPET_TIMERS];
};

void vhpet_reset(struct vhpet_state *s);
uint64_t vhpet_read(const struct vhpet_state *s, unsigned int offset, int64_t now);
/* Bit mask of timers whose next expiry has changed. */
unsigned int vhpet_write(struct vhpet_state *s, unsigned int offset, uint64_t value, int64_t now);
/* When timer @n fires next; VHPET_NEVER. */
int64_t vhpet_expiry(const struct vhpet_state *s, unsigned int n, int64_t now);
/* It did: periodic ones move on.  Returns the I/O APIC pin, or -1: no
 * interrupt.  *@level: the line stays up until the status bit is cleared. */
int vhpet_fired(struct vhpet_state *s, unsigned int n, int64_t now, bool *level);
/* The pin of timer @n, -1: it makes no interrupts. */
int vhpet_pin(const struct vhpet_state *s, unsigned int n);
bool vhpet_legacy(const struct vhpet_state *s);

#endif
