/* SPDX-License-Identifier: MIT */
/*
 * privcmd.h - hypercalls and foreign mappings for the tools: plat_hypercall(),
 * plat_map_foreign() and plat_unmap_foreign() of tools/include/plat.h.
 */
#ifndef DRIVERS_PRIVCMD_H
#define DRIVERS_PRIVCMD_H

/* newlib's errno for a positive error number of Xen's. */
int errno_from_xen(int xen_errno);

#endif
