/* SPDX-License-Identifier: MIT */
/* domctl.h - what domctl.c and sysctl.c share. */
#ifndef CAIRN_DOMCTL_H
#define CAIRN_DOMCTL_H

#include <cairn/types.h>
#include <xen/domctl.h>

struct domain;

/* Everything about @d that xl list shows. */
void getdomaininfo(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* domctl_begin - keep control operations off, until domctl_end(), while something
 * else does what is one in all but name.  False: one is under way; -ERESTART. */
bool domctl_begin(void);
void domctl_end(void);

/* sched_ctl.c */
long domctl_scheduler_op(struct domain *d, struct xen_domctl_scheduler_op *op);
long domctl_vcpuaffinity(struct domain *d, struct xen_domctl_vcpuaffinity *op, bool set);

#endif
