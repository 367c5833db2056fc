/* SPDX-License-Identifier: MIT */
/*
 * The round trip to real mode: what C and the trampoline share.
 */
#ifndef REAL_H
#define REAL_H

#include <guest/lib.h>

/* Below 1 MiB: stack, results, a page for Xen's shared_info, code. */
#define REAL_STACK  0x7000
#define REAL_RESULT 0x7800
#define REAL_SHARED 0x9000
#define REAL_CODE   0x8000

#define REAL_INT    0x60 /* software interrupt */
#define REAL_UPCALL 0x70 /* the event-channel upcall */

/* What real mode leaves at REAL_RESULT. */
struct real_result {
    uint32_t cr0;
    uint32_t efer;
    uint32_t ints, divides, upcalls, undefined; /* handlers that ran */
    uint32_t int_frame;                         /* the three words that INT pushed are right */
    uint32_t cpuid_b;
    uint32_t has_efer; /* in: EFER exists */
    uint32_t want_upcall;
    uint32_t dr0_off, dr7, dr6, debugs; /* DR0 is not what was written; read; #DBs */
};

/*
 * real_trip - leave paging, leave protected mode, run the trampoline's checks in
 * real mode and come back to the mode that we are in.  GDT_SPARE and the one
 * after must be 16-bit code and data of base 0.
 */
void real_trip(void);

/* The trampoline, to be copied to REAL_CODE, and the words in it to fill. */
extern uint8_t real_code[], real_code_end[], real_gdtr[];

#endif /* REAL_H */
