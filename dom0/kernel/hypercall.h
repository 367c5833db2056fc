/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - hypercalls of the kernel itself.
 * All return >= 0 or -errno in Xen's numbers (<xen/errno.h>).
 */
#ifndef KERNEL_HYPERCALL_H
#define KERNEL_HYPERCALL_H

#include <stdint.h>
#include <xen/xen.h>

/* In hypercall.S.  @nr must be below 128: the page has no more entries. */
long hypercall(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
               unsigned long a4, unsigned long a5);

static inline long hypercall2(unsigned int nr, unsigned long a1, const volatile void *arg)
{
    return hypercall(nr, a1, (unsigned long)arg, 0, 0, 0);
}

static inline long hypercall_sched_op(unsigned int cmd, const void *arg)
{
    return hypercall2(__HYPERVISOR_sched_op, cmd, arg);
}

static inline long hypercall_event_channel_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static inline long hypercall_console_io(unsigned int cmd, unsigned long count, void *buf)
{
    return hypercall(__HYPERVISOR_console_io, cmd, count, (unsigned long)buf, 0, 0);
}

/* Sets the leaf entry of @va to @pte; @flags are UVMF_*. */
static inline long hypercall_update_va(unsigned long va, uint64_t pte, unsigned long flags)
{
    return hypercall(__HYPERVISOR_update_va_mapping, va, pte, flags, 0, 0);
}

/* Applies @nr requests; the frames named in them belong to @domid. */
static inline long hypercall_mmu_update(struct mmu_update *req, unsigned int nr, domid_t domid)
{
    return hypercall(__HYPERVISOR_mmu_update, (unsigned long)req, nr, 0, domid, 0);
}

#endif
