/* SPDX-License-Identifier: MIT */
/* guest_tsc.c - see asm/pvclock.h.  Its arithmetic: pvclock.c. */

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

uint64_t guest_tsc(const struct vcpu *v, uint64_t host)
{
    return tsc_scale(host, v->domain->arch.tsc_ratio) + v->arch.hvm.tsc_offset;
}

void guest_set_tsc(struct vcpu *v, uint64_t tsc, uint64_t host)
{
    hvm_set_tsc_offset(v, tsc - tsc_scale(host, v->domain->arch.tsc_ratio));
    vlapic_tsc_moved(v);
    if (v == current)
        arch_update_vcpu_time(v);
}

s_time_t guest_tsc_to_ns(const struct domain *d, uint64_t ticks)
{
    uint64_t ns_per_tick = (1000000000ull << 32) / (d->arch.tsc_khz * 1000ull);
    unsigned __int128 ns = (unsigned __int128)ticks * ns_per_tick >> 32;

    return min(ns, (unsigned __int128)(STIME_MAX / 2));
}

int guest_tsc_configure(struct domain *d, uint32_t mode, uint32_t khz)
{
    uint64_t host = rdtsc(), old = d->arch.tsc_ratio;

    if (mode == TSC_MODE_ALWAYS_EMULATE)
        return -EOPNOTSUPP;
    if (mode > TSC_MODE_NEVER_EMULATE)
        return -EINVAL;
    if (mode == TSC_MODE_NEVER_EMULATE)
        khz = 0;
    uint64_t ratio = tsc_ratio_of(khz, cpu_khz, d->is_hvm && hvm_support.tsc_scaling);
    if (!ratio)
        return -EOPNOTSUPP;
    d->arch.tsc_mode = mode;
    d->arch.tsc_khz = ratio == TSC_RATIO_ONE ? cpu_khz : khz;
    d->arch.tsc_scale = pvclock_scale_of(d->arch.tsc_khz);
    d->arch.tsc_ratio = ratio;
    if (d->is_hvm)
        for_each_vcpu(d, v)
            guest_set_tsc(v, tsc_scale(host, old) + v->arch.hvm.tsc_offset, host);
    return 0;
}
