/* SPDX-License-Identifier: MIT */
/*
 * audit.h - is the frame table true?  Every reference to a frame, and every
 * use of it as a type, is found again where it is held - page tables, roots,
 * descriptor windows, pins, grants, registered pages - and the sums are
 * compared with count_info and type_info.
 *
 * The world stands still meanwhile: other domains are paused, and a vCPU that
 * was preempted in a long operation has left that operation's progress where
 * the audit looks.  Frames are taken by windows, so that the memory needed is
 * fixed; each window is an answer by itself.
 */
#ifndef CAIRN_AUDIT_H
#define CAIRN_AUDIT_H

#include <asm/addr.h>
#include <cairn/types.h>

struct domain;
struct page_info;

/* ---- audit_policy.c: pure ---- */

struct audit_count {
    uint32_t refs, uses; /* found; a use is as a type */
    uint8_t type;        /* PGT_* >> 60 of the uses */
    bool mixed;          /* uses of different types were found */
};

/* One reference found; @type PGT_none, or the use that goes with it. */
void audit_count_add(struct audit_count *c, uint64_t type);

#define AUDIT_REFS  1u /* count_info's count is wrong */
#define AUDIT_USES  2u /* type_info's count is wrong */
#define AUDIT_TYPE  4u /* used as something that it is not */
#define AUDIT_OWNER 8u /* references to a frame without owner */

struct audit_expect {
    uint32_t refs, uses; /* what the words should count */
};

/* audit_check - does the frame with these words have what was counted?  0, or
 * AUDIT_*; *@want is filled in. */
unsigned int audit_check(const struct audit_count *c, uint64_t count_info, uint64_t type_info,
                         bool owned, struct audit_expect *want);

/* ---- audit.c ---- */

typedef void (*audit_fn)(void *ctx, mfn_t mfn, uint64_t type);

/* ---- arch/x86/audit.c ---- */
/* Calls @fn for each reference that @d's tables and vCPUs hold. */
void arch_audit_refs(struct domain *d, audit_fn fn, void *ctx);
/* What @d's physical map shows it: frames that are not its own to see, or not
 * at the place the M2P says.  Prints each (the first few), returns how many. */
unsigned long arch_audit_map(struct domain *d);
/* Is @d's page where its physical map says it is? */
bool arch_audit_place(struct domain *d, const struct page_info *pg);

#endif
