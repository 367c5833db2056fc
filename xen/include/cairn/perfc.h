/* SPDX-License-Identifier: MIT */
/*
 * perfc.h - named event counters, always on, read by XEN_SYSCTL_perfc_op.
 * Add a line in perfc_defn.h; count with perfc_incr(name).
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

extern uint64_t perfc_count[NR_PERFC]; /* one CPU for now; per CPU with SMP */

/* XEN_SYSCTL_perfc_op on the caller's copy. */
struct xen_sysctl_perfc_op;
long perfc_sysctl(struct xen_sysctl_perfc_op *op);

#define perfc_incr(name)     (perfc_count[PERFC_##name]++)
#define perfc_incra(name, i) (perfc_count[PERFC_##name + (i)]++)

#endif
