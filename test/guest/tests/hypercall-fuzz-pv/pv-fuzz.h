/* SPDX-License-Identifier: MIT */
/* Between the parts of the PV hypercall fuzzer. */
#ifndef TEST_PV_FUZZ_H
#define TEST_PV_FUZZ_H

#include <guest/pv.h>

#include "../hypercall-fuzz/fuzz.h"

/* ---- frames.c ---- */

#define LEVELS      4
#define ARENA_PAGES 32

extern uint8_t arena[ARENA_PAGES][PAGE_SIZE];
extern ulong tables[LEVELS]; /* frames of ours that map the image; [0] is the L1 */

void frames_init(void);
ulong arena_mfn(void);
/* Nobody's, another's or no frame at all, but none of ours. */
ulong foreign_mfn(void);
/* One of these, or of our tables. */
ulong any_mfn(void);
uint64_t any_entry(void);
uint64_t any_entry_address(void);
uint64_t any_address(void);
/* Where data now lies; or an address where nothing was put. */
uint64_t put(const void *data, unsigned int len);

/* ---- calls.c ---- */

struct pv_call {
    unsigned int nr, sub;
    ulong arg[6];
};

void pv_call_make(struct pv_call *c);

/* ---- leave.c: out of the kernel and back ---- */

void leave_init(void);
/* Hypercall iret with any frame; an instruction or a call of user mode. */
void leave_by_iret(bool shown);
void leave_to_user(bool shown);
/* Our own entry points, after calls that change them. */
void leave_restore(void);

#endif
