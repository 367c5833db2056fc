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

/* A date by its fields, and where the chip has them. */
enum { D_SECOND, D_MINUTE, D_HOUR, D_WEEKDAY, D_DAY, D_MONTH, D_YEAR, D_CENTURY, NR_FIELDS };
static const uint8_t place[NR_FIELDS] = {SECONDS, MINUTES, HOURS, WEEKDAY,
                                         DAY,     MONTH,   YEAR,  CENTURY};

/* Civil from days: the proleptic Gregorian calendar, years from March. */
static void split(uint64_t t, unsigned int d[NR_FIELDS])
{
    uint64_t days = t / 86400, rest = t % 86400;
    uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned int month = mp < 10 ? mp + 3 : mp - 9;
    uint64_t year = yoe + era * 400 + (month <= 2);

    d[D_SECOND] = rest % 60;
    d[D_MINUTE] = rest / 60 % 60;
    d[D_HOUR] = rest / 3600;
    d[D_WEEKDAY] = (days + 4) % 7 + 1;
    d[D_DAY] = doy - (153 * mp + 2) / 5 + 1;
    d[D_MONTH] = month;
    d[D_YEAR] = year % 100;
    d[D_CENTURY] = year / 100;
}

static uint64_t join(const unsigned int d[NR_FIELDS])
{
    uint64_t y = d[D_CENTURY] * 100 + d[D_YEAR] - (d[D_MONTH] <= 2), era = y / 400, yoe = y % 400;
    uint64_t mp = d[D_MONTH] > 2 ? d[D_MONTH] - 3 : d[D_MONTH] + 9;
    uint64_t doy = (153 * mp + 2) / 5 + d[D_DAY] - 1;
    uint64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return days * 86400 + d[D_HOUR] * 3600 + d[D_MINUTE] * 60 + d[D_SECOND];
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
    unsigned int d[NR_FIELDS];
    uint8_t pm = 0;

    split(date + s->offset, d);
    if (!(s->cmos[REG_B] & B_24H)) {
        pm = d[D_HOUR] >= 12 ? 0x80 : 0;
        d[D_HOUR] = d[D_HOUR] % 12 ? d[D_HOUR] % 12 : 12;
    }
    for (unsigned int i = 0; i < NR_FIELDS; i++)
        s->cmos[place[i]] = encode(s, d[i]);
    s->cmos[HOURS] |= pm;
}

/* A date that is none (the guest writes what it likes) is not taken. */
static void cmos_to_date(struct vrtc_state *s, uint64_t date)
{
    bool pm = s->cmos[HOURS] & 0x80;
    unsigned int d[NR_FIELDS];

    for (unsigned int i = 0; i < NR_FIELDS; i++)
        d[i] = decode(s, s->cmos[place[i]] & (i == D_HOUR ? 0x7f : 0xff));
    if (!(s->cmos[REG_B] & B_24H))
        d[D_HOUR] = d[D_HOUR] % 12 + (pm ? 12 : 0);
    unsigned int year = d[D_CENTURY] * 100 + d[D_YEAR];
    if (d[D_SECOND] > 59 || d[D_MINUTE] > 59 || d[D_HOUR] > 23 || d[D_DAY] < 1 || d[D_DAY] > 31 ||
        d[D_MONTH] < 1 || d[D_MONTH] > 12 || year < 1970 || year > 9999)
        return;
    s->offset = (int64_t)(join(d) - date);
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
    for (unsigned int i = 0; i < NR_FIELDS; i++)
        if (place[i] == index)
            return true;
    return false;
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
