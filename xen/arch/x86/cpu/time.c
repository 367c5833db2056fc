/* SPDX-License-Identifier: MIT */
/*
 * time.c - nanoseconds since boot from the TSC, calibrated once against the
 * PIT; arms the hardware timer for the timer heap.
 */
#include <cairn/time.h>

#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/lib.h>

#define PIT_HZ          1193182u
#define PIT_CH2         0x42
#define PIT_MODE        0x43
#define PORT_B          0x61 /* bit 0: gate of channel 2, bit 1: speaker, bit 5: its output */
#define CALIBRATE_TICKS (PIT_HZ / 100)
#define TIMER_MAX       SECONDS(3600) /* it may fire early: the softirq arms it again */

unsigned int cpu_khz;
static uint64_t tsc_at_boot;
static uint64_t ns_per_tick;  /* << 32 */
static uint64_t ticks_per_ns; /* << 32 */

static s_time_t tsc_to_ns(uint64_t ticks)
{
    return ((unsigned __int128)ticks * ns_per_tick) >> 32;
}

s_time_t NOW(void)
{
    return tsc_to_ns(rdtsc() - tsc_at_boot);
}

void reprogram_timer(s_time_t expires)
{
    s_time_t delta;

    if (!expires) {
        apic_timer_arm(0);
        return;
    }
    /* From now, not from boot: rounding does not grow with the uptime. */
    delta = min(max(expires - NOW(), (s_time_t)0), TIMER_MAX);
    apic_timer_arm(rdtsc() + (uint64_t)(((unsigned __int128)delta * ticks_per_ns) >> 32) + 1);
}

/* Ticks of the TSC in CALIBRATE_TICKS of the PIT; 0 if the PIT is dead. */
static __init uint64_t calibrate_by_pit(void)
{
    uint64_t start, now;
    uint8_t port_b = inb(PORT_B) & 0x0c;

    outb(PORT_B, port_b);
    outb(PIT_MODE, 0xb0); /* channel 2, both bytes, mode 0 */
    outb(PIT_CH2, CALIBRATE_TICKS & 0xff);
    outb(PIT_CH2, CALIBRATE_TICKS >> 8);
    outb(PORT_B, port_b | 1);
    apic_timer_calibrate_start();
    start = rdtsc();
    for (unsigned int i = 0; !(inb(PORT_B) & 0x20); i++)
        if (i > 50000000)
            return 0;
    now = rdtsc();
    apic_timer_calibrate_end(now - start);
    outb(PORT_B, port_b);
    return now - start;
}

__init void time_init(void)
{
    uint64_t ticks = calibrate_by_pit();
    uint64_t hz;

    /* One number for everybody: guests compute with cpu_khz, too. */
    cpu_khz = (ticks * PIT_HZ / CALIBRATE_TICKS + 500) / 1000;
    if (!cpu_khz)
        panic("TSC calibration: PIT channel 2 does not count");
    hz = cpu_khz * 1000ull;
    ns_per_tick = (1000000000ull << 32) / hz;
    ticks_per_ns = ((uint64_t)cpu_khz << 32) / 1000000;
    tsc_at_boot = rdtsc();
    printk(XENLOG_INFO "TSC: %u.%03u MHz by PIT\n", cpu_khz / 1000, cpu_khz % 1000);
}
