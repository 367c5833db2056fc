/* SPDX-License-Identifier: MIT */
/*
 * misc.c - version, remote shutdown, and the names of Xen's errors.
 */
#include "libctl/libctl.h"

#include "plat.h"

long ctl_version(int cmd, void *arg)
{
    return plat_hypercall(__HYPERVISOR_xen_version, cmd, (unsigned long)arg, 0, 0, 0);
}

int ctl_domain_shutdown(domid_t domid, unsigned int reason)
{
    struct sched_remote_shutdown op = {.domain_id = domid, .reason = reason};

    return plat_hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, (unsigned long)&op, 0, 0,
                          0);
}

static const struct {
    int value;
    const char *text;
} error_texts[] = {
    {XEN_EPERM, "not permitted"},
    {XEN_ENOENT, "no such entry"},
    {XEN_ESRCH, "no such domain"},
    {XEN_EIO, "input or output error"},
    {XEN_E2BIG, "too big"},
    {XEN_EAGAIN, "try again"},
    {XEN_ENOMEM, "not enough memory"},
    {XEN_EACCES, "access denied (do the tools fit this hypervisor?)"},
    {XEN_EFAULT, "bad address"},
    {XEN_EBUSY, "busy"},
    {XEN_EEXIST, "exists already"},
    {XEN_ENODEV, "no such device"},
    {XEN_EINVAL, "invalid argument"},
    {XEN_ENOSPC, "no space left"},
    {XEN_ERANGE, "out of range"},
    {XEN_ENOSYS, "not implemented by the hypervisor"},
    {XEN_EOPNOTSUPP, "not supported by the hypervisor"},
};

static const char *const error_names[] = {
#define XEN_ERRNO(name, value) [value] = #name,
#include <xen/errno.h>
};

const char *ctl_strerror(int err)
{
    unsigned int value = err < 0 ? -(unsigned int)err : (unsigned int)err;

    for (size_t i = 0; i < sizeof(error_texts) / sizeof(error_texts[0]); i++) {
        if (error_texts[i].value == (int)value)
            return error_texts[i].text;
    }
    if (value < sizeof(error_names) / sizeof(error_names[0]) && error_names[value])
        return error_names[value];
    return "unknown error";
}
