/* SPDX-License-Identifier: MIT */
/*
 * time.c - the paravirtual clock: a pair (TSC, nanoseconds) and a scale that
 * the hypervisor keeps in the shared page, with a version that is odd while it
 * writes.
 */
#include "kernel/time.h"

#include <stdint.h>
#include <xen/errno.h>
#include <xen/xen.h>

#include "kernel/kernel.h"
#include "plat.h"

/* @ticks * 2^@shift * @mul / 2^32; the product needs 96 bits. */
static uint64_t ticks_to_ns(uint64_t ticks, uint32_t mul, int8_t shift)
{
    uint64_t high;

    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    asm("mulq %2; shrdq $32, %1, %0" : "+a"(ticks), "=&d"(high) : "r"((uint64_t)mul) : "cc");
    return ticks;
}

uint64_t plat_now_ns(void)
{
    static uint64_t last;
    const volatile struct vcpu_time_info *t = &shared_info.vcpu_info[0].time;
    uint32_t version;
    uint64_t now;

    do {
        version = t->version;
        asm volatile("" : : : "memory");
        now = t->system_time +
              ticks_to_ns(time_tsc() - t->tsc_timestamp, t->tsc_to_system_mul, t->tsc_shift);
        asm volatile("" : : : "memory");
    } while ((version & 1) || version != t->version);

    if (now > last)
        last = now;
    return last;
}

uint64_t time_wall_ns(void)
{
    const volatile shared_info_t *s = &shared_info;
    uint32_t version;
    uint64_t sec, nsec;

    do {
        version = s->wc_version;
        asm volatile("" : : : "memory");
        sec = (uint64_t)s->wc_sec_hi << 32 | s->wc_sec;
        nsec = s->wc_nsec;
        asm volatile("" : : : "memory");
    } while ((version & 1) || version != s->wc_version);
    return sec * 1000000000ULL + nsec + plat_now_ns();
}

int time_init(void)
{
    return shared_info.vcpu_info[0].time.tsc_to_system_mul ? 0 : -XEN_ENODEV;
}
