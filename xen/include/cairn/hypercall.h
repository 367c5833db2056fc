/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - the table of hypercalls, and reaching the caller's memory.
 */
#ifndef CAIRN_HYPERCALL_H
#define CAIRN_HYPERCALL_H

#include <cairn/errno.h>
#include <cairn/types.h>
#include <xen/xen.h>

struct domain;

/*
 * hypercall_dispatch - run hypercall @nr of the current vCPU.
 * @arg  the six arguments; a handler that must be continued leaves its
 *       progress here and returns -ERESTART.  The caller (pv/ or hvm/
 *       hypercall.c) then writes the arguments back to the guest's registers
 *       and makes the guest execute the instruction again.
 * Returns the value for the guest, -ENOSYS if there is no such call,
 * -ERESTART, or HYPERCALL_LEFT.
 */
long hypercall_dispatch(unsigned long nr, unsigned long arg[6]);

/* All registers have been loaded, RAX among them: there is no result.  No address
 * in a debug register is this number. */
#define HYPERCALL_LEFT (-0x7fffffffffffffffl - 1)

/* Is hypercall @nr, which returned @rc, to be continued?  What is read from a
 * debug register may be any number. */
static inline bool hypercall_again(unsigned long nr, long rc)
{
    return rc == -ERESTART && nr != __HYPERVISOR_get_debugreg;
}

/* Handlers that continue themselves change their caller's arguments here. */
void hypercall_set_arg(unsigned int n, unsigned long value);

/* hypercall_target - the domain that an operation names: the caller's own, or with
 * privilege any; with a reference.  NULL: *@rc is -ESRCH or -EPERM. */
struct domain *hypercall_target(domid_t domid, long *rc);

/*
 * struct arg_op - an operation on a struct in the caller's memory: @fn gets a copy
 * of it and the domain that it is about, the caller's unless @flags say ARG_DOMID.
 */
struct arg_op {
    long (*fn)(struct domain *d, void *arg);
    uint16_t size; /* of the struct, at most ARG_OP_SIZE */
    uint16_t flags;
};
#define ARG_OP_SIZE 80u
#define ARG_DOMID   1u /* it begins with the domid to look up, as hypercall_target() does */
#define ARG_LIVING  2u /* -ESRCH if that domain is being taken down, or gone */
#define ARG_ANSWER  4u /* the copy is written back if @fn returned 0 or more */
#define ARG_CHANGED 8u /* or, whatever it returned, if @fn changed it; else it may be read-only */

/* run_arg_op - @fn's result; -ENOSYS: no such operation, -ESRCH, -EPERM, -EFAULT. */
long run_arg_op(const struct arg_op *op, unsigned long uarg);
#define ARG_OP(ops, cmd) \
    ((unsigned int)(cmd) < ARRAY_SIZE(ops) ? &(ops)[(unsigned int)(cmd)] : NULL)

/*
 * The current guest's memory by virtual address: PV directly with fault
 * fixup, HVM through its page tables.  0 or -EFAULT; -EFAULT may leave a
 * part copied.
 */
int __must_check raw_copy_from_guest(void *dst, unsigned long va, size_t len);
int __must_check raw_copy_to_guest(unsigned long va, const void *src, size_t len);

#define copy_from_guest_va(ptr, va) raw_copy_from_guest((ptr), (unsigned long)(va), sizeof(*(ptr)))
#define copy_to_guest_va(va, ptr)   raw_copy_to_guest((unsigned long)(va), (ptr), sizeof(*(ptr)))
/* With XEN_GUEST_HANDLE objects: @n elements from index @off. */
#define copy_from_guest_offset(ptr, hnd, off, n) \
    raw_copy_from_guest((ptr), (unsigned long)((hnd).p + (off)), sizeof(*(ptr)) * (n))
#define copy_to_guest_offset(hnd, off, ptr, n) \
    raw_copy_to_guest((unsigned long)((hnd).p + (off)), (ptr), sizeof(*(ptr)) * (n))

/* arch/x86/domctl.c: those domctls that touch registers; -ENOSYS: not mine. */
struct xen_domctl;
long arch_do_domctl(struct xen_domctl *op, struct domain *d);

/* All calls: name, kinds of guest that may (else -ENOSYS), number of arguments. */
#define HYPERCALLS(X)                       \
    X(set_trap_table, PV, 1)                \
    X(mmu_update, PV, 4)                    \
    X(set_gdt, PV, 2)                       \
    X(stack_switch, PV, 2)                  \
    X(set_callbacks, PV, 3)                 \
    X(fpu_taskswitch, PV, 1)                \
    X(set_debugreg, PV, 2)                  \
    X(get_debugreg, PV, 1)                  \
    X(update_descriptor, PV, 2)             \
    X(memory_op, ANY, 2)                    \
    X(multicall, ANY, 2)                    \
    X(update_va_mapping, PV, 3)             \
    X(set_timer_op, ANY, 1)                 \
    X(xen_version, ANY, 2)                  \
    X(console_io, ANY, 3)                   \
    X(grant_table_op, ANY, 3)               \
    X(vm_assist, ANY, 2)                    \
    X(update_va_mapping_otherdomain, PV, 4) \
    X(iret, PV, 0)                          \
    X(vcpu_op, ANY, 3)                      \
    X(set_segment_base, PV, 2)              \
    X(mmuext_op, PV, 4)                     \
    X(sched_op, ANY, 2)                     \
    X(callback_op, PV, 2)                   \
    X(event_channel_op, ANY, 2)             \
    X(physdev_op, PV, 2)                    \
    X(hvm_op, ANY, 2)                       \
    X(sysctl, ANY, 1)                       \
    X(domctl, ANY, 1)

/* The handlers: arguments as the guest passed them, in the ABI's order (pointers
 * are guest addresses). */
#define HYPERCALL_PARAMS_0               void
#define HYPERCALL_PARAMS_1               unsigned long
#define HYPERCALL_PARAMS_2               unsigned long, HYPERCALL_PARAMS_1
#define HYPERCALL_PARAMS_3               unsigned long, HYPERCALL_PARAMS_2
#define HYPERCALL_PARAMS_4               unsigned long, HYPERCALL_PARAMS_3
#define HYPERCALL_DECLARE(name, who, nr) long do_##name(HYPERCALL_PARAMS_##nr);
HYPERCALLS(HYPERCALL_DECLARE)

#endif
