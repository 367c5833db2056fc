/* SPDX-License-Identifier: MIT */
/* vpit.c - see vpit.h.  Pure: host-tested by test/unit/test_xen_hvm_devices.c. */
#include "vpit.h"

#define PIT_HZ 1193182ull
#define NS     1000000000ull

/* Split, so that it does not overflow: @ns up to 2^63. */
static uint64_t ns_to_ticks(uint64_t ns)
{
    return ns / NS * PIT_HZ + ns % NS * PIT_HZ / NS;
}

/* Rounded up: by then the tick has happened. */
static uint64_t ticks_to_ns(uint64_t ticks)
{
    return ticks / PIT_HZ * NS + (ticks % PIT_HZ * NS + PIT_HZ - 1) / PIT_HZ;
}

static uint32_t from_bcd(uint16_t v)
{
    return (v >> 12) * 1000 + ((v >> 8) & 0xf) * 100 + ((v >> 4) & 0xf) * 10 + (v & 0xf);
}

static uint16_t to_bcd(uint32_t v)
{
    return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

static uint32_t initial(const struct vpit_channel *c)
{
    uint32_t n = c->r.bcd ? from_bcd(c->r.count) : c->r.count;
    return n ? n : c->r.bcd ? 10000 : 65536;
}

static uint64_t elapsed(const struct vpit_channel *c, int64_t now)
{
    return now > c->start ? ns_to_ticks(now - c->start) : 0;
}

static bool repeats(const struct vpit_channel *c)
{
    return c->r.mode == 2 || c->r.mode == 3;
}

static uint16_t counter(const struct vpit_channel *c, int64_t now)
{
    uint32_t n = initial(c), wrap = c->r.bcd ? 10000 : 65536;
    uint64_t gone = c->armed ? elapsed(c, now) : 0;
    uint32_t value;

    if (c->r.mode == 2)
        value = n - gone % n;
    else if (c->r.mode == 3) /* counts by two */
        value = n - gone * 2 % n;
    else
        value = (n + wrap - gone % wrap) % wrap;
    return c->r.bcd ? to_bcd(value) : value;
}

static bool vpit_output(const struct vpit_state *s, unsigned int channel, int64_t now)
{
    const struct vpit_channel *c = &s->ch[channel];
    uint64_t n = initial(c), gone = elapsed(c, now);

    if (!c->armed)
        return c->r.mode != 0;
    switch (c->r.mode) {
    case 0:
    case 1:
        return gone >= n;
    case 2:
        return gone % n != n - 1;
    case 3:
        return gone % n < (n + 1) / 2;
    default: /* a strobe of one tick */
        return gone != n;
    }
}

int64_t vpit_next_rise(const struct vpit_state *s, int64_t now)
{
    const struct vpit_channel *c = &s->ch[0];
    uint64_t n = initial(c), gone = elapsed(c, now), at;

    if (!c->armed)
        return VPIT_NEVER;
    if (repeats(c))
        at = (gone / n + 1) * n;
    else if (gone < n)
        at = n;
    else
        return VPIT_NEVER;
    return c->start + (int64_t)ticks_to_ns(at);
}

void vpit_reset(struct vpit_state *s, int64_t now)
{
    *s = (struct vpit_state){0};
    for (unsigned int i = 0; i < 3; i++) {
        s->ch[i].r.mode = 0xff; /* nothing programmed */
        s->ch[i].r.count = 65536;
        s->ch[i].r.rw_mode = s->ch[i].r.read_state = s->ch[i].r.write_state = VPIT_WORD;
        s->ch[i].r.gate = i != 2;
        s->ch[i].start = now;
    }
}

static void latch_status(struct vpit_state *s, unsigned int i, int64_t now)
{
    struct vpit_channel *c = &s->ch[i];
    if (c->r.status_latched)
        return;
    c->r.status_latched = true;
    c->r.status = vpit_output(s, i, now) << 7 | !c->armed << 6 | c->r.rw_mode << 4 |
                  (c->r.mode & 7) << 1 | c->r.bcd;
}

static void latch_count(struct vpit_channel *c, int64_t now)
{
    if (c->r.count_latched)
        return;
    c->r.count_latched = true;
    c->r.latched_count = counter(c, now);
}

static bool write_control(struct vpit_state *s, uint8_t value, int64_t now)
{
    unsigned int which = value >> 6;

    if (which == 3) { /* read-back */
        for (unsigned int i = 0; i < 3; i++) {
            if (!(value & (2u << i)))
                continue;
            if (!(value & 0x20))
                latch_count(&s->ch[i], now);
            if (!(value & 0x10))
                latch_status(s, i, now);
        }
        return false;
    }
    struct vpit_channel *c = &s->ch[which];
    unsigned int access = (value >> 4) & 3, mode = (value >> 1) & 7;
    if (access == 0) {
        latch_count(c, now);
        return false;
    }
    c->r.rw_mode = c->r.read_state = c->r.write_state = access;
    c->r.mode = mode > 5 ? mode - 4 : mode;
    c->r.bcd = value & 1;
    c->r.count_latched = c->r.status_latched = c->armed = false;
    return which == 0;
}

static bool write_count(struct vpit_state *s, unsigned int i, uint16_t value, int64_t now)
{
    struct vpit_channel *c = &s->ch[i];

    if (c->r.write_state == VPIT_WORD) {
        c->r.write_latch = value;
        c->r.write_state = VPIT_WORD_HIGH;
        return false;
    }
    if (c->r.rw_mode != VPIT_LOW)
        value = value << 8 | (c->r.rw_mode == VPIT_WORD ? c->r.write_latch : 0);
    c->r.count = value ? value : 65536;
    c->r.write_state = c->r.rw_mode;
    c->start = now;
    c->armed = c->r.mode <= 5;
    return i == 0;
}

bool vpit_write(struct vpit_state *s, unsigned int port, uint8_t value, int64_t now)
{
    if (port == 0x61) {
        bool gate = value & 1;
        if (gate && !s->ch[2].r.gate && s->ch[2].r.mode)
            s->ch[2].start = now; /* a rising gate begins anew, but in mode 0 */
        s->ch[2].r.gate = gate;
        s->speaker = value & 2;
        return false;
    }
    if (port == 0x43)
        return write_control(s, value, now);
    return write_count(s, port & 3, value, now);
}

uint8_t vpit_read(struct vpit_state *s, unsigned int port, int64_t now)
{
    if (port == 0x61) /* gate, speaker, refresh toggle of 15 us, output of channel 2 */
        return s->ch[2].r.gate | s->speaker << 1 | (now / 15085 & 1) << 4 |
               vpit_output(s, 2, now) << 5;
    if (port == 0x43)
        return 0xff;
    struct vpit_channel *c = &s->ch[port & 3];
    if (c->r.status_latched) {
        c->r.status_latched = false;
        return c->r.status;
    }
    uint16_t value = c->r.count_latched ? c->r.latched_count : counter(c, now);
    if (c->r.read_state == VPIT_WORD) {
        c->r.read_state = VPIT_WORD_HIGH;
        return value; /* the other half still to come */
    }
    c->r.read_state = c->r.rw_mode;
    c->r.count_latched = false;
    return c->r.rw_mode == VPIT_LOW ? value : value >> 8;
}
