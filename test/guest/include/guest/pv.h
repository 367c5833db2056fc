/* SPDX-License-Identifier: MIT */
/*
 * What only the PV environment (pv64) has.  There the kernel runs in ring 3,
 * page tables are the hypervisor's to write, and of the framework there are
 * printing, verdicts, faults (ASM_FIXUP, guarded(), exec_user()) and hypercalls.
 *
 * User mode has tables of its own, which map USER_TEXT and USER_DATA only.  Its
 * SYSCALL comes in as FAULT(VEC_RETURN, 0) at the address after it: the return from
 * exec_user(), or it goes on as the ASM_FIXUP of that address says.
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

/* Have all exceptions but NMI, the failsafe callback and SYSCALL of user mode come
 * to the framework; after a test changed that.  No events. */
long pv_set_traps(void);

/* One operation of mmuext_op. */
long pv_mmuext(unsigned int cmd, ulong mfn);
/* Map one of our pages, with these flags besides PTE_P, PTE_US, PTE_A, PTE_D. */
long pv_map(const void *page, unsigned int flags);
/* Make the user tables and tell the hypervisor; before the first exec_user(). */
void pv_user_init(void);
/* Their root. */
ulong pv_user_root(void);

/* A frame for the iret hypercall: to @ip in user mode. */
struct iret_context pv_user_frame(ulong ip);
/*
 * Hypercall iret with this frame and RDI = arg.  Comes back with RAX as exec_user() does:
 * by any exception, by SYSCALL of user mode, or when the frame leads to pv_unwind.
 */
ulong pv_iret(const struct iret_context *frame, ulong arg);
#define pv_unwind guard_unwind
extern char pv_unwind[], user_return[], user_stack_end[];

/* What the failsafe callback, which is FAULT(VEC_SPARE, 0), was told: DS, ES, FS, GS. */
extern ulong pv_failsafe[4];

#endif /* GUEST_PV_H */
