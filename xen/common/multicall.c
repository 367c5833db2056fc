/* SPDX-License-Identifier: MIT */
/*
 * multicall.c - several hypercalls in one.
 *
 * Promises: each entry is read once, run, and its result written back; a
 * preempted entry is written back with its changed arguments and the rest is
 * continued; iret ends the list, since it leaves the kernel.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/errno.h>
#include <cairn/softirq.h>

long do_multicall(unsigned long calls, unsigned long nr)
{
    for (unsigned long i = 0; i < nr; i++) {
        unsigned long at = calls + i * sizeof(struct multicall_entry);
        struct multicall_entry call;
        long rc;

        if (i && preempt_check()) {
            hypercall_set_arg(0, at);
            hypercall_set_arg(1, nr - i);
            return -ERESTART;
        }
        if (copy_from_guest_va(&call, at))
            return -EFAULT;
        /* One list inside another would let the stack grow with the data. */
        if (call.op == __HYPERVISOR_multicall)
            rc = -EINVAL;
        else
            rc = call.op > UINT32_MAX ? -ENOSYS : hypercall_dispatch(call.op, call.args);
        if (rc == -ERESTART) {
            if (copy_to_guest_va(at, &call))
                return -EFAULT;
            hypercall_set_arg(0, at);
            hypercall_set_arg(1, nr - i);
            return -ERESTART;
        }
        if (call.op == __HYPERVISOR_iret)
            return rc;
        call.result = rc;
        if (copy_to_guest_va(at, &call))
            return -EFAULT;
    }
    return 0;
}
