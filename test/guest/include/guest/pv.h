/* SPDX-License-Identifier: MIT */
/*
 * What only the PV environment (pv64) has.  There the kernel runs in ring 3,
 * page tables are the hypervisor's to write, and of the framework there are
 * printing, verdicts, faults (ASM_FIXUP, guarded()) and hypercalls.
 */
#ifndef GUEST_PV_H
#define GUEST_PV_H

#include <guest/asm.h>
#include <guest/fault.h>
#include <guest/xen.h>

extern const start_info_t *pv_info;

/* The machine frame of one of our pages: the boot-time mapping is one to one. */
static inline ulong pv_mfn(const volatile void *page)
{
    return ((const ulong *)pv_info->mfn_list)[(ulong)page >> PAGE_SHIFT];
}

/* Our page that is this machine frame. */
static inline void *pv_page(ulong mfn)
{
    return (void *)(((const ulong *)MACH2PHYS_VIRT_START)[mfn] << PAGE_SHIFT);
}

/* Have all exceptions but NMI come to the framework; after a test changed that. */
long pv_set_traps(void);

#endif /* GUEST_PV_H */
