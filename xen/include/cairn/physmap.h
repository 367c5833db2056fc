/* SPDX-License-Identifier: MIT */
/*
 * physmap.h - which machine frame is where in a domain's memory: for an HVM
 * domain its p2m, for a PV domain only the public M2P hint.
 */
#ifndef CAIRN_PHYSMAP_H
#define CAIRN_PHYSMAP_H

#include <asm/addr.h>
#include <asm/p2m.h>

struct domain;

/* 1 << @order frames of @d's own RAM appear at @gfn.  0, -EBUSY something is
 * there, -EINVAL, -ENOMEM; nothing changed on error. */
int physmap_add(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order);
/* One page of RAM leaves @d and is freed when nobody uses it any more.
 * 0, -EINVAL there is no RAM of @d. */
int physmap_remove_ram(struct domain *d, gfn_t gfn);
/* A page of the hypervisor's shared with @d appears at @gfn, and nowhere else.
 * RAM that was there is freed.  HVM only. */
int physmap_place_xen_page(struct domain *d, gfn_t gfn, mfn_t mfn);
/* Whatever is at @gfn is no longer there; RAM stays @d's, to be placed again.
 * HVM only.  0, -ENOENT nothing was there, -EPERM a grant is there, -ENOMEM. */
int physmap_remove(struct domain *d, gfn_t gfn);
/* Another domain's frame appears at @gfn as @type (P2M_grant, P2M_grant_ro),
 * whose reference the caller holds.  RAM that was there is freed.  HVM only.
 * 0, -EINVAL, -EPERM another grant is there, -ENOMEM. */
int physmap_map_foreign(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type);
/* RAM at @from moves to @to, whose RAM is freed.  HVM only. */
int physmap_move_ram(struct domain *d, gfn_t from, gfn_t to);

#endif
