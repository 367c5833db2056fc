/* SPDX-License-Identifier: MIT */
/*
 * page_type.h - the one rule of PV isolation, as functions over the type
 * word: a frame changes type only while nothing uses it as the old type.
 *
 * States of a type word (count in the low 32 bits):
 *
 *   idle       count 0, not partial    any type may be taken; the type bits
 *                                      say what it last was (for the TLB)
 *   in use     count > 0, validated    more uses of the same type only
 *   partial    PGT_partial             a table of which only the entries
 *                                      [0, progress) hold references: its
 *                                      validation (count 0) or devalidation
 *                                      (count 1) stopped half-way.  Same type
 *                                      only; taking it finishes validation.
 *
 * A partial frame holds one general reference of its own.
 */
#ifndef ASM_PAGE_TYPE_H
#define ASM_PAGE_TYPE_H

#include <asm/smp.h>

struct page_info;

enum type_action {
    TYPE_refuse,   /* other use, or the count would overflow */
    TYPE_count,    /* store the new word, done */
    TYPE_take,     /* idle frame takes the type; flush first if it was another */
    TYPE_validate, /* as take, then the entries must be checked before use */
    TYPE_resume,   /* go on checking entries, then store the new word */
    TYPE_drop,     /* last use of a type without entries: store the new word */
    TYPE_unmake,   /* last use of a table: drop its entries first */
};

struct type_decision {
    enum type_action action;
    uint64_t word;     /* the word afterwards (for validate: once it succeeded) */
    bool type_changes; /* stale translations of the old use must be gone */
};

/* page_type_has_entries - L1..L4 and descriptor pages: contents are checked. */
bool page_type_has_entries(uint64_t type);
/* page_type_decide_get - may one more user have @word's frame as @type? */
struct type_decision page_type_decide_get(uint64_t word, uint64_t type);
/* page_type_decide_put - one user less; @word's count is at least 1. */
struct type_decision page_type_decide_put(uint64_t word);

/* ---- mm/page_type.c: what pv/ needs beyond cairn/mm.h ---- */

/* put_page_type_preemptible - as put_page_type(), but may stop: -ERESTART, and
 * the caller still holds its use. */
int __must_check put_page_type_preemptible(struct page_info *pg);
int __must_check put_page_and_type_preemptible(struct page_info *pg); /* and a reference */
/* page_type_finish_partial - drop what an abandoned validation holds (domain
 * teardown).  0 or -ERESTART. */
int __must_check page_type_finish_partial(struct page_info *pg);
/* page_unmapped - a guest's mapping of @pg went away; its translation may
 * still be cached until the next flush. */
void page_unmapped(struct page_info *pg);

/* ---- pv/tlb.c: every flush that isolation relies on goes through here ---- */
/* tlb_flush_mask - drop all guest translations on the CPUs of @cpus. */
void tlb_flush_mask(cpumask_t cpus);
/* tlb_flush_one_mask - drop the translation of @va. */
void tlb_flush_one_mask(cpumask_t cpus, unsigned long va);
/* tlb_clock - to stamp a frame with, whose mapping has just been removed.
 * tlb_may_know - could a TLB still hold a mapping removed at @stamp?  0: never
 * mapped. */
uint32_t tlb_clock(void);
bool tlb_may_know(uint32_t stamp);
/* The context switch says on whose tables this CPU runs. */
void tlb_guest(void);
void tlb_no_guest(void);

#endif
