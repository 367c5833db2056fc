/* SPDX-License-Identifier: MIT */
/*
 * grant.h - grant tables, version 1: a domain lets another map, or have
 * copied, a page of its own.
 *
 * Offered: setup, query, version, map (host and device), unmap, unmap and
 * replace, copy, cache flush.  Refused with Xen's error: version 2 and all
 * that needs it, transfer, swap.  What may be done is decided in
 * grant_policy.c.  See grant_private.h for the counts and the locks.
 */
#ifndef CAIRN_GRANT_H
#define CAIRN_GRANT_H

#include <asm/addr.h>
#include <cairn/types.h>

#define GRANT_MAX_FRAMES 64u

struct domain;
struct grant_table;
struct page_info;
struct xen_domctl_createdomain;

/* grant_init - an empty table of one frame, with the limits of @cfg.  0,
 * -EINVAL a limit is beyond ours, -ENOMEM. */
int grant_init(struct domain *d, const struct xen_domctl_createdomain *cfg);
/* Frame @idx of the table, made if the domain's limit allows; INVALID_MFN. */
mfn_t grant_frame(struct domain *d, unsigned long idx);

/* At the domain's end, in this order: give up sharing the table; undo what
 * @d has mapped by grants, once no translation of its is left (resumable,
 * -ERESTART); free the memory, once nobody looks. */
void grant_release(struct domain *d);
int grant_release_mappings(struct domain *d);
void grant_free(struct domain *d);

/*
 * For the audit: grant_count_refs - calls @fn for each reference that @d's
 * table and mappings hold on a frame; @writable: with a use as writable.
 */
void grant_count_refs(struct domain *d, void (*fn)(void *ctx, mfn_t mfn, bool writable), void *ctx);

#endif
