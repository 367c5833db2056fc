/* SPDX-License-Identifier: MIT */
/*
 * wallclock.c - the date, read once from the CMOS clock.
 *
 * Bounded: an RTC that is absent or never at rest gives 1970.
 */
#include <asm/pvclock.h>

#include <asm/processor.h>
#include <cairn/time.h>

#define CMOS_INDEX   0x70
#define CMOS_DATA    0x71
#define RTC_STATUS_A 0x0a
#define RTC_STATUS_B 0x0b
#define RTC_UPDATING 0x80
#define RTC_BINARY   0x04
#define RTC_24H      0x02

static uint8_t cmos_read(uint8_t reg)
{
    outb(CMOS_INDEX, reg);
    return inb(CMOS_DATA);
}

static unsigned int field(uint8_t raw, uint8_t status_b)
{
    return status_b & RTC_BINARY ? raw : (raw >> 4) * 10 + (raw & 15);
}

static uint64_t rtc_read(void)
{
    uint8_t b = cmos_read(RTC_STATUS_B), hour = cmos_read(4);
    struct rtc_time t = {
        .year = 2000 + field(cmos_read(9), b),
        .month = field(cmos_read(8), b),
        .day = field(cmos_read(7), b),
        .hour = field(hour & 0x7f, b),
        .minute = field(cmos_read(2), b),
        .second = field(cmos_read(0), b),
    };

    if (!(b & RTC_24H))
        t.hour = t.hour % 12 + (hour & 0x80 ? 12 : 0);
    return rtc_to_seconds(&t);
}

/* Two equal readings in a row are not torn by an update. */
uint64_t wallclock_at_boot(void)
{
    static bool known;
    static uint64_t at_boot;

    if (known)
        return at_boot;
    known = true;
    for (unsigned int tries = 0; tries < 1000; tries++) {
        uint64_t first, second;

        if (cmos_read(RTC_STATUS_A) & RTC_UPDATING)
            continue;
        first = rtc_read();
        second = rtc_read();
        if (first == second) {
            uint64_t up = NOW() / SECONDS(1);

            at_boot = first > up ? first - up : 0;
            break;
        }
    }
    return at_boot;
}
