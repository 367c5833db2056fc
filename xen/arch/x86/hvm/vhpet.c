/* SPDX-License-Identifier: MIT */
/* vhpet.c - see vhpet.h.  Pure: host-tested by test/unit/test_xen_hvm_devices.c. */
#include "vhpet.h"

#define CONFIG_ENABLE 1ull
#define CONFIG_LEGACY 2ull

#define TN_LEVEL       (1ull << 1)
#define TN_ENABLE      (1ull << 2)
#define TN_PERIODIC    (1ull << 3)
#define TN_PERIODIC_OK (1ull << 4)
#define TN_SIZE_OK     (1ull << 5)
#define TN_SET         (1ull << 6)
#define TN_ROUTE(c)    (((c) >> 9) & 0x1f)
#define TN_WRITABLE    (TN_LEVEL | TN_ENABLE | TN_PERIODIC | TN_SET | VHPET_32BIT | 0x3e00)
/* Pins 20 to 23, those that have no ISA interrupt. */
#define TN_ROUTES (0x00f00000ull << 32)

#define FASTEST_NS 50000 /* a periodic timer fires no more often */

#define ID                                                                           \
    ((uint64_t)VHPET_TICK_NS * 1000000 << 32 | 0x80860000u | 1u << 15 /* legacy */ | \
     1u << 13 /* 64-bit */ | (VHPET_TIMERS - 1) << 8 | 1)

void vhpet_reset(struct vhpet_state *s)
{
    *s = (struct vhpet_state){0};
    for (unsigned int i = 0; i < VHPET_TIMERS; i++) {
        s->timer[i].config = TN_ROUTES | TN_PERIODIC_OK | TN_SIZE_OK;
        s->timer[i].compare = ~0ull;
    }
}

bool vhpet_legacy(const struct vhpet_state *s)
{
    return s->config & CONFIG_LEGACY;
}

static uint64_t ticks_of(int64_t now)
{
    return (uint64_t)now / VHPET_TICK_NS;
}

static uint64_t vhpet_counter(const struct vhpet_state *s, int64_t now)
{
    if (!(s->config & CONFIG_ENABLE))
        return s->stopped_at;
    return ticks_of(now) - s->started;
}

static uint64_t width_mask(uint64_t config)
{
    return config & VHPET_32BIT ? 0xffffffff : ~0ull;
}

static bool is_periodic(const struct vhpet_state *s, unsigned int n)
{
    return (s->timer[n].config & TN_PERIODIC) && s->timer[n].period;
}

/* The comparator as it reads now: a periodic one is ahead of the counter. */
static uint64_t comparator(const struct vhpet_state *s, unsigned int n, int64_t now)
{
    uint64_t mask = width_mask(s->timer[n].config);
    uint64_t compare = s->timer[n].compare & mask;
    uint64_t at = vhpet_counter(s, now) & mask, period = s->timer[n].period;

    if (is_periodic(s, n) && at > compare)
        compare += ((at - compare) / period + 1) * period;
    return compare & mask;
}

uint64_t vhpet_read(const struct vhpet_state *s, unsigned int offset, int64_t now)
{
    switch (offset) {
    case VHPET_REG_ID:
        return ID;
    case VHPET_REG_CONFIG:
        return s->config;
    case VHPET_REG_STATUS:
        return s->status;
    case VHPET_REG_COUNTER:
        return vhpet_counter(s, now);
    }
    unsigned int n = (offset - VHPET_REG_TIMERS) / 0x20; /* many, if it is below */
    if (n >= VHPET_TIMERS)
        return 0;
    switch (offset & 0x1f) {
    case 0:
        return s->timer[n].config;
    case 8:
        return comparator(s, n, now);
    default:
        return 0;
    }
}

#define ALL_TIMERS ((1u << VHPET_TIMERS) - 1)

static unsigned int write_config(struct vhpet_state *s, uint64_t value, int64_t now)
{
    uint64_t counter = vhpet_counter(s, now);

    s->config = value & (CONFIG_ENABLE | CONFIG_LEGACY);
    s->stopped_at = counter;
    s->started = ticks_of(now) - counter;
    for (unsigned int n = 0; n < VHPET_TIMERS; n++)
        s->timer[n].armed_at = counter;
    return ALL_TIMERS;
}

static void write_comparator(struct vhpet_state *s, unsigned int n, uint64_t value)
{
    uint64_t mask = width_mask(s->timer[n].config);

    value &= mask;
    if (s->timer[n].config & TN_PERIODIC) {
        /* A period above 2^62 ns would overflow the arithmetic of time. */
        uint64_t shortest = FASTEST_NS / VHPET_TICK_NS, longest = 1ull << 56;
        uint64_t period = value > longest ? longest : value;
        s->timer[n].period = period < shortest ? shortest : period;
    }
    if (!(s->timer[n].config & TN_PERIODIC) || s->timer[n].set_next)
        s->timer[n].compare = value;
    s->timer[n].set_next = false;
    s->timer[n].config &= ~TN_SET;
}

static unsigned int write_timer(struct vhpet_state *s, unsigned int n, unsigned int reg,
                                uint64_t value, int64_t now)
{
    uint64_t config = s->timer[n].config;

    switch (reg) {
    case 0:
        s->timer[n].config = (config & ~TN_WRITABLE) | (value & TN_WRITABLE);
        s->timer[n].set_next = value & TN_SET;
        if (!(value & TN_PERIODIC))
            s->timer[n].period = 0;
        break;
    case 8:
        write_comparator(s, n, value);
        break;
    default:
        return 0;
    }
    s->timer[n].armed_at = vhpet_counter(s, now);
    return 1u << n;
}

unsigned int vhpet_write(struct vhpet_state *s, unsigned int offset, uint64_t value, int64_t now)
{
    switch (offset) {
    case VHPET_REG_CONFIG:
        return write_config(s, value, now);
    case VHPET_REG_STATUS:
        s->status &= ~value;
        return ALL_TIMERS; /* lines may fall */
    case VHPET_REG_COUNTER:
        s->stopped_at = value;
        s->started = ticks_of(now) - value;
        for (unsigned int n = 0; n < VHPET_TIMERS; n++)
            s->timer[n].armed_at = value;
        return ALL_TIMERS;
    }
    unsigned int n = (offset - VHPET_REG_TIMERS) / 0x20; /* many, if it is below */
    if (n >= VHPET_TIMERS)
        return 0;
    return write_timer(s, n, offset & 0x1f, value, now);
}

int64_t vhpet_expiry(const struct vhpet_state *s, unsigned int n, int64_t now)
{
    uint64_t mask = width_mask(s->timer[n].config);

    if (!(s->config & CONFIG_ENABLE) || vhpet_pin(s, n) < 0)
        return VHPET_NEVER;
    /* Distance from where it was armed; from there on is the future. */
    uint64_t from = s->timer[n].armed_at & mask;
    uint64_t ahead = (comparator(s, n, now) - from) & mask;
    uint64_t gone = vhpet_counter(s, now) - s->timer[n].armed_at;
    if ((int64_t)gone < 0) /* armed for the tick after the present one */
        gone = 0;
    uint64_t left = ahead > gone ? ahead - gone : 0;
    if (left > INT64_MAX / VHPET_TICK_NS / 4)
        return VHPET_NEVER;
    return now + (int64_t)(left * VHPET_TICK_NS);
}

int vhpet_pin(const struct vhpet_state *s, unsigned int n)
{
    uint64_t config = s->timer[n].config;

    if (!(config & TN_ENABLE))
        return -1;
    if (vhpet_legacy(s) && n < 2)
        return n == 0 ? 2 : 8;
    /* A pin that is not among the allowed ones is wired to nothing. */
    unsigned int route = TN_ROUTE(config);
    return config >> (32 + route) & 1 ? (int)route : -1;
}

int vhpet_fired(struct vhpet_state *s, unsigned int n, int64_t now, bool *level)
{
    uint64_t counter = vhpet_counter(s, now);

    *level = s->timer[n].config & TN_LEVEL;
    if (*level)
        s->status |= 1ull << n;
    /* One-shot: the next match is a whole turn of the counter away. */
    s->timer[n].armed_at = counter + 1;
    if (is_periodic(s, n)) {
        s->timer[n].armed_at = counter;
        s->timer[n].compare = comparator(s, n, now);
        if (s->timer[n].compare == (counter & width_mask(s->timer[n].config)))
            s->timer[n].compare += s->timer[n].period;
    }
    return vhpet_pin(s, n);
}
