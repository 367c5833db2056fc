/* SPDX-License-Identifier: MIT */
/*
 * walk_oracle.h - the walker of guest page tables against an oracle written from
 * the tables of the manual, one function a format.  For a unit test and a fuzzer,
 * which give walk_entry_at() and walk_differs().
 *
 * Memory is a function of the address, with the few entries that a walk changes
 * laid over it, so that a case costs no more than its walk.
 */
#ifndef TEST_WALK_ORACLE_H
#define TEST_WALK_ORACLE_H

#include "../../xen/arch/x86/mm/guest_walk.h"

/* The entry of @len bytes at @addr before the walk; false: no memory there. */
bool walk_entry_at(uint64_t addr, unsigned int len, uint64_t *entry);
/* Something was not as it must be. */
void walk_differs(const char *what);

/* walk_differs(@what) unless @ok. */
void must(bool ok, const char *what);
/* struct walk_memory's, for other walks of the same memory. */
bool walk_read(void *ctx, gaddr_t addr, void *buf, size_t len);
bool walk_update(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len);
/* One walk, by the walker and by the oracle; whether it translated, and *@res. */
bool walk_compare(const struct paging_role *r, uint64_t cr3, const uint64_t pdpte[4], uint64_t va,
                  unsigned int access, struct walk_result *res);

#endif
