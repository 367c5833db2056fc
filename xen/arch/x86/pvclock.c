/* SPDX-License-Identifier: MIT */
/*
 * pvclock.c - arithmetic of guest time and of dates.  Pure.
 */
#include <asm/pvclock.h>

#define NS_PER_SECOND 1000000000ull

struct pvclock_scale pvclock_scale_of(uint32_t khz)
{
    uint64_t hz = (khz ? khz : 1) * 1000ull;
    struct pvclock_scale s = {0, 0};

    /* Bring the rate to (1 GHz, 2 GHz]: the factor then fits in 32 bits. */
    while (hz > 2 * NS_PER_SECOND) {
        hz >>= 1;
        s.shift--;
    }
    while (hz <= NS_PER_SECOND) {
        hz <<= 1;
        s.shift++;
    }
    s.mul = (NS_PER_SECOND << 32) / hz;
    return s;
}

uint64_t tsc_ratio_of(uint32_t guest_khz, uint32_t host_khz, bool scaling)
{
    uint64_t apart = guest_khz > host_khz ? guest_khz - host_khz : host_khz - guest_khz;

    if (!host_khz || !guest_khz || !apart)
        return TSC_RATIO_ONE;
    if (!scaling)
        return apart * 4000 <= host_khz ? TSC_RATIO_ONE : 0;
    if (guest_khz / host_khz >> 16)
        return 0;
    /* guest << 48 by steps, each of which fits: 16 bits, then twice 24 */
    uint64_t high = (uint64_t)(guest_khz % host_khz) << 24;
    uint64_t low = high % host_khz << 24;
    return (uint64_t)(guest_khz / host_khz) << 48 | high / host_khz << 24 | low / host_khz;
}

static bool leap(unsigned int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

uint64_t rtc_to_seconds(const struct rtc_time *t)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t days = 0;

    if (t->year < 1970 || t->year > 2999 || t->month < 1 || t->month > 12 || t->day < 1 ||
        t->day > 31 || t->hour > 23 || t->minute > 59 || t->second > 59)
        return 0;
    for (unsigned int y = 1970; y < t->year; y++)
        days += leap(y) ? 366 : 365;
    for (unsigned int m = 1; m < t->month; m++)
        days += month_days[m - 1] + (m == 2 && leap(t->year));
    days += t->day - 1;
    return ((days * 24 + t->hour) * 60 + t->minute) * 60 + t->second;
}
