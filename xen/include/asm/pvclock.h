/* SPDX-License-Identifier: MIT */
/*
 * pvclock.h - time as a guest sees it: the TSC, which is the host's times the
 * domain's ratio plus the vCPU's offset (a PV guest has neither), and the
 * numbers from which it computes the time.  pvclock.c is pure.
 */
#ifndef ASM_PVCLOCK_H
#define ASM_PVCLOCK_H

#include <cairn/types.h>

struct pvclock_scale {
    uint32_t mul;
    int8_t shift;
};

/* ns = ((ticks << shift) * mul) >> 32, shift negative to the right, for a
 * clock of @khz.  @khz 0 counts as 1. */
struct pvclock_scale pvclock_scale_of(uint32_t khz);

/* What a TSC of @host_khz is multiplied by to run at @guest_khz, in units of
 * 2^-48 as the VMCS has it; @guest_khz 0 stands for @host_khz.  Without
 * @scaling only TSC_RATIO_ONE is possible, which 250 millionths are near
 * enough to: no two calibrations agree.  0: impossible. */
#define TSC_RATIO_ONE (1ull << 48)
uint64_t tsc_ratio_of(uint32_t guest_khz, uint32_t host_khz, bool scaling);

/* As the processor does: a product of 128 bits, and of it the low 64. */
static inline uint64_t tsc_scale(uint64_t ticks, uint64_t ratio)
{
    return (unsigned __int128)ticks * ratio >> 48;
}

struct rtc_time {
    unsigned int year, month, day, hour, minute, second; /* year with century */
};
/* Seconds since 1970 of a date, UTC; 0 if it is no date. */
uint64_t rtc_to_seconds(const struct rtc_time *t);

/* wallclock.c: seconds since 1970 when NOW() was 0, from the RTC. */
uint64_t wallclock_at_boot(void);

/* ---- cpu/guest_tsc.c ---- */
struct domain;
struct vcpu;
/* tsc_mode of XEN_DOMCTL_settscinfo */
enum { TSC_MODE_DEFAULT, TSC_MODE_ALWAYS_EMULATE, TSC_MODE_NEVER_EMULATE };

/* @v's TSC when the host's is @host; and make it @tsc then.  Its deadline
 * timer follows. */
uint64_t guest_tsc(const struct vcpu *v, uint64_t host);
void guest_set_tsc(struct vcpu *v, uint64_t tsc, uint64_t host);
/* domain.c: refresh the time in @v's vcpu_info. */
void arch_update_vcpu_time(struct vcpu *v);
/* How long so many ticks take; past a century or so, a century or so. */
s_time_t guest_tsc_to_ns(const struct domain *d, uint64_t ticks);

/*
 * guest_tsc_configure - let the TSCs of @d, which is new or paused, go on from
 * where they are at @khz, 0: the host's.  TSC_MODE_NEVER_EMULATE asks for the
 * host's whatever @khz is.  -EOPNOTSUPP: this machine cannot (another
 * frequency needs HVM and TSC scaling); -EINVAL: no such mode.
 */
int guest_tsc_configure(struct domain *d, uint32_t mode, uint32_t khz);

#endif
