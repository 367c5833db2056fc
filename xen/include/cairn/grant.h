/* SPDX-License-Identifier: MIT */
/*
 * grant.h - a domain's grant table: so far only the table itself (version 1),
 * which a guest may set up and fill in.  Nobody can map or copy by it yet.
 */
#ifndef CAIRN_GRANT_H
#define CAIRN_GRANT_H

#include <asm/addr.h>

#define GRANT_MAX_FRAMES 32u

struct domain;

/* Frame @idx of the table, made if the domain's limit allows; INVALID_MFN. */
mfn_t grant_frame(struct domain *d, unsigned long idx);
/* At the domain's end: give up the sharing, then the pages. */
void grant_release(struct domain *d);
void grant_free(struct domain *d);

#endif
