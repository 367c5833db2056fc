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
    } arg;
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
    rc = op->fn(d ? d : current->domain, &arg);
    if ((op->flags & (rc < 0 ? ARG_ALWAYS : ARG_ANSWER)) && raw_copy_to_guest(uarg, &arg, op->size))
        return -EFAULT;
    return rc;
}
