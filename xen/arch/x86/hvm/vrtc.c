/* SPDX-License-Identifier: MIT */
/*
 * vrtc.c - see vrtc.h.  Pure: host-tested by test/unit/test_xen_hvm_devices.c.
 * Alarm and update-ended interrupts are not made; their enable bits are kept.
 */
#include "vrtc.h"

enum {
    SECONDS,
    MINUTES = 2,
    HOURS = 4,
    WEEKDAY = 6,
    DAY,
    MONTH,
    YEAR,
    REG_A,
    REG_B,
    REG_C,
    REG_D,
    CENTURY = 0x32
};

#define B_24H    0x02
#define B_BINARY 0x04
#define B_PIE    0x40
#define B_SET    0x80
#define C_PF     0x40
#define C_IRQF   0x80
#define D_VALID  0x80

#define FASTEST_NS 122070 /* 8192 Hz: the fastest rate that the chip has */

struct date {
    unsigned int second, minute, hour, weekday, day, month, year;
};

/* Civil from days: the proleptic Gregorian calendar, years from March. */
static struct date split(uint64_t t)
{
    uint64_t days = t / 86400, rest = t % 86400;
    uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned int month = mp < 10 ? mp + 3 : mp - 9;

    return (struct date){.second = rest % 60,
                         .minute = rest / 60 % 60,
                         .hour = rest / 3600,
                         .weekday = (days + 4) % 7 + 1,
                         .day = doy - (153 * mp + 2) / 5 + 1,
                         .month = month,
                         .year = yoe + era * 400 + (month <= 2)};
}

static uint64_t join(const struct date *d)
{
    uint64_t y = d->year - (d->month <= 2), era = y / 400, yoe = y % 400;
    uint64_t mp = d->month > 2 ? d->month - 3 : d->month + 9;
    uint64_t doy = (153 * mp + 2) / 5 + d->day - 1;
    uint64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return days * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
}

static uint8_t encode(const struct vrtc_state *s, unsigned int v)
{
    return s->cmos[REG_B] & B_BINARY ? v : v / 10 << 4 | v % 10;
}

static unsigned int decode(const struct vrtc_state *s, uint8_t v)
{
    return s->cmos[REG_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 0xf);
}

static void date_to_cmos(struct vrtc_state *s, uint64_t date)
{
    struct date d = split(date + s->offset);
    uint8_t pm = 0;

    if (!(s->cmos[REG_B] & B_24H)) {
        pm = d.hour >= 12 ? 0x80 : 0;
        d.hour = d.hour % 12 ? d.hour % 12 : 12;
    }
    s->cmos[SECONDS] = encode(s, d.second);
    s->cmos[MINUTES] = encode(s, d.minute);
    s->cmos[HOURS] = encode(s, d.hour) | pm;
    s->cmos[WEEKDAY] = encode(s, d.weekday);
    s->cmos[DAY] = encode(s, d.day);
    s->cmos[MONTH] = encode(s, d.month);
    s->cmos[YEAR] = encode(s, d.year % 100);
    s->cmos[CENTURY] = encode(s, d.year / 100);
}

/* A date that is none (the guest writes what it likes) is not taken. */
static void cmos_to_date(struct vrtc_state *s, uint64_t date)
{
    uint8_t hour = s->cmos[HOURS];
    struct date d = {.second = decode(s, s->cmos[SECONDS]),
                     .minute = decode(s, s->cmos[MINUTES]),
                     .hour = decode(s, hour & 0x7f),
                     .day = decode(s, s->cmos[DAY]),
                     .month = decode(s, s->cmos[MONTH]),
                     .year = decode(s, s->cmos[CENTURY]) * 100 + decode(s, s->cmos[YEAR])};

    if (!(s->cmos[REG_B] & B_24H))
        d.hour = d.hour % 12 + (hour & 0x80 ? 12 : 0);
    if (d.second > 59 || d.minute > 59 || d.hour > 23 || d.day < 1 || d.day > 31 || d.month < 1 ||
        d.month > 12 || d.year < 1970 || d.year > 9999)
        return;
    s->offset = (int64_t)(join(&d) - date);
}

void vrtc_reset(struct vrtc_state *s, int64_t now)
{
    *s = (struct vrtc_state){.periodic = now};
    s->cmos[REG_A] = 0x26; /* 32768 Hz, 1024 Hz */
    s->cmos[REG_B] = B_24H;
    s->cmos[REG_D] = D_VALID;
}

static bool is_date(unsigned int index)
{
    return index == SECONDS || index == MINUTES || index == HOURS ||
           (index >= WEEKDAY && index <= YEAR) || index == CENTURY;
}

uint8_t vrtc_read(struct vrtc_state *s, unsigned int port, uint64_t date, int64_t now)
{
    if (port == 0x70)
        return 0xff; /* write-only */
    if (is_date(s->index) && !(s->cmos[REG_B] & B_SET))
        date_to_cmos(s, date);
    uint8_t value = s->cmos[s->index];
    if (s->index == REG_C)
        s->cmos[REG_C] = 0;
    return value;
}

bool vrtc_write(struct vrtc_state *s, unsigned int port, uint8_t value, uint64_t date, int64_t now)
{
    if (port == 0x70) {
        s->index = value & 0x7f;
        return false;
    }
    uint8_t old = s->cmos[s->index];
    if (s->index == REG_C || s->index == REG_D)
        return false;
    if (is_date(s->index) && !(s->cmos[REG_B] & B_SET)) {
        date_to_cmos(s, date);
        s->cmos[s->index] = value;
        cmos_to_date(s, date);
        return false;
    }
    if (s->index == REG_B && (value & B_SET) && !(old & B_SET))
        date_to_cmos(s, date);
    s->cmos[s->index] = s->index == REG_A ? value & 0x7f : value;
    if (s->index == REG_B && !(value & B_SET) && (old & B_SET))
        cmos_to_date(s, date);
    bool changed = (s->index == REG_A || s->index == REG_B) && value != old;
    if (changed)
        s->periodic = now;
    return changed;
}

/* 0: off. */
static int64_t period_ns(const struct vrtc_state *s)
{
    unsigned int rate = s->cmos[REG_A] & 0xf;

    if (!rate || !(s->cmos[REG_B] & B_PIE))
        return 0;
    if (rate <= 2)
        rate += 7;
    int64_t ns = (1ll << (rate - 1)) * 1000000000ll / 32768;
    return ns < FASTEST_NS ? FASTEST_NS : ns;
}

int64_t vrtc_expiry(const struct vrtc_state *s, int64_t now)
{
    int64_t period = period_ns(s);

    if (!period)
        return VRTC_NEVER;
    return s->periodic + ((now - s->periodic) / period + 1) * period;
}

bool vrtc_fired(struct vrtc_state *s, int64_t now)
{
    int64_t period = period_ns(s);

    if (!period)
        return false;
    s->periodic += (now - s->periodic) / period * period;
    if (s->cmos[REG_C] & C_PF)
        return false;
    s->cmos[REG_C] |= C_PF | C_IRQF;
    return true;
}

bool vrtc_irq(const struct vrtc_state *s)
{
    return s->cmos[REG_C] & C_IRQF;
}
