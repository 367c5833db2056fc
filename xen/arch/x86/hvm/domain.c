/* SPDX-License-Identifier: MIT */
/* domain.c - the HVM part of a domain: its physical address space. */
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <xen/sched.h>

#include "devices.h"

int hvm_domain_create(struct domain *d)
{
    if (hvm_unavailable_reason())
        return -EOPNOTSUPP; /* arch_domain_create() said why */
    int rc = p2m_init(d);
    if (rc)
        return rc;
    rc = hvm_devices_create(d);
    if (rc) {
        p2m_teardown(d);
        return rc;
    }
    d->arch.paging = &hap_ops;
    d->arch.hvm.hypercall_gfn = INVALID_GFN;
    d->arch.hvm.params[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
    return 0;
}

int hvm_domain_teardown(struct domain *d)
{
    hvm_devices_destroy(d);
    return p2m_teardown(d);
}
