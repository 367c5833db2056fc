/* SPDX-License-Identifier: MIT */
/*
 * guest_tsc.h - the TSC as a guest sees it: the host's times the domain's
 * ratio plus the vCPU's offset.  A PV guest has neither.
 */
#ifndef ASM_GUEST_TSC_H
#define ASM_GUEST_TSC_H

#include <asm/domain.h>

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
