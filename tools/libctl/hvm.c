/* SPDX-License-Identifier: MIT */
/*
 * hvm.c - parameters of HVM domains (HVMOP_*).
 */
#include "libctl/libctl.h"

#include <xen/hvm/hvm_op.h>

#include "plat.h"

int ctl_hvm_set_param(domid_t domid, uint32_t param, uint64_t value)
{
    struct xen_hvm_param op = {.domid = domid, .index = param, .value = value};

    return plat_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (unsigned long)&op, 0, 0, 0);
}

int ctl_hvm_get_param(domid_t domid, uint32_t param, uint64_t *value)
{
    struct xen_hvm_param op = {.domid = domid, .index = param};

    int rc = plat_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (unsigned long)&op, 0, 0, 0);
    if (rc == 0)
        *value = op.value;
    return rc;
}
