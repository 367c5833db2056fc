/* SPDX-License-Identifier: MIT */
/*
 * perfc.h - named event counters, always on, read by XEN_SYSCTL_perfc_op.
 * Add a line in perfc_defn.h; count with perfc_incr(name), asm/current.h:
 * each CPU has its own set, at the top of its stack.
 */
#ifndef CAIRN_PERFC_H
#define CAIRN_PERFC_H

#include <cairn/types.h>

enum perfc {
#define PERFC(name, desc)          PERFC_##name,
#define PERFC_ARRAY(name, desc, n) PERFC_##name, PERFC_##name##_last = PERFC_##name + (n)-1,
#include <cairn/perfc_defn.h>
#undef PERFC
#undef PERFC_ARRAY
    NR_PERFC,
};

/* Of all CPUs together. */
uint64_t perfc_sum(unsigned int counter);

/* XEN_SYSCTL_perfc_op on the caller's copy. */
struct xen_sysctl_perfc_op;
long perfc_sysctl(struct xen_sysctl_perfc_op *op);

#endif
