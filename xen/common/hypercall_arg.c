/* SPDX-License-Identifier: MIT */
/* hypercall_arg.c - operations on a struct in the caller's memory. */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

long run_arg_op(const struct arg_op *op, unsigned long uarg)
{
    struct domain *d __put_domain = NULL;
    union {
        domid_t domid;
        uint64_t words[ARG_OP_SIZE / 8];
    } arg, given;
    bool answers;
    long rc;

    if (!op || !op->fn)
        return -ENOSYS;
    ASSERT(op->size <= sizeof(arg));
    if (raw_copy_from_guest(&arg, uarg, op->size))
        return -EFAULT;
    if (op->flags & ARG_DOMID) {
        d = hypercall_target(arg.domid, &rc);
        if (!d)
            return rc;
        if ((op->flags & ARG_LIVING) && domain_is_dying(d))
            return -ESRCH;
    }
    if (op->flags & ARG_CHANGED)
        memcpy(&given, &arg, op->size);
    rc = op->fn(d ? d : current->domain, &arg);
    answers = op->flags & ARG_CHANGED ? memcmp(&given, &arg, op->size)
                                      : (op->flags & ARG_ANSWER) && rc >= 0;
    return answers && raw_copy_to_guest(uarg, &arg, op->size) ? -EFAULT : rc;
}
