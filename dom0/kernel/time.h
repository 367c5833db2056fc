/* SPDX-License-Identifier: MIT */
/* time.h - clocks.  plat_now_ns() of tools/include/plat.h is in time.c. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <stdint.h>

/* The processor's time stamp counter. */
static inline uint64_t time_tsc(void)
{
    uint32_t low, high;

    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Fails with -ENODEV if the hypervisor gives no time. */
int time_init(void);

/* Nanoseconds since 1970, UTC. */
uint64_t time_wall_ns(void);

#endif
