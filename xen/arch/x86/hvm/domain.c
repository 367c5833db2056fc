/* SPDX-License-Identifier: MIT */
/* domain.c - the HVM part of a domain: its physical address space. */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <xen/domctl.h>
#include <xen/sched.h>

#include "devices.h"

int hvm_domain_create(struct domain *d)
{
    if (hvm_support.unavailable)
        return -EOPNOTSUPP; /* arch_domain_create() said why */
    int rc = p2m_init(d);
    if (rc)
        return rc;
    d->arch.paging = d->createflags & XEN_DOMCTL_CDF_hap ? &hap_ops : &shadow_ops;
    rc = d->arch.paging->domain_create(d);
    if (rc) {
        p2m_teardown(d); /* only its root: one step */
        return rc;
    }
    rc = hvm_devices_create(d);
    if (rc) {
        /* Nothing has been mapped: one step each. */
        if (d->arch.paging->domain_teardown(d) == 0)
            p2m_teardown(d);
        return rc;
    }
    d->arch.hvm.hypercall_gfn = INVALID_GFN;
    d->arch.hvm.params[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
    return 0;
}

/* Events that wait are not brought along: who changes its width starts anew. */
void hvm_latch_width(struct domain *d)
{
    if (d != current->domain)
        return;
    ACCESS_ONCE(d->shinfo_32) = !hvm_cs_is_64bit(current);
    arch_update_wallclock(d);
}

void hvm_domain_free(struct domain *d)
{
    xfree(d->arch.hvm.devices);
    d->arch.hvm.devices = NULL;
}

int hvm_domain_teardown(struct domain *d)
{
    hvm_devices_stop(d);
    int rc = d->arch.paging->domain_teardown(d);
    return rc ? rc : p2m_teardown(d);
}
