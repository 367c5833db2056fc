/* SPDX-License-Identifier: MIT */
/*
 * The mode machine: programs of small steps that run in 32-bit code with any
 * kind of paging, whatever the kernel itself was built for.
 *
 * It leaves paging (and long mode), runs the steps on descriptor tables of its
 * own, where every exception ends the step and is recorded, and then restores
 * CR0, CR3, CR4, EFER, GDT, IDT and TR.  Interrupts stay off except in
 * MODE_SPIN.  A program starts unpaged, with CR4 and EFER as they were but for
 * LMA, and may end in any mode that 32-bit code can be in.
 * Source: SDM vol. 3A, "Paging-Mode Enabling", "Initializing IA-32e Mode".
 */
#ifndef GUEST_MODE_H
#define GUEST_MODE_H

/* Selectors of the machine's own GDT. */
#define MODE_CODE32 0x08
#define MODE_DATA   0x10
#define MODE_CODE64 0x18 /* L = 1, D = 0; 16-bit code where long mode is off */
#define MODE_TSS16  0x20
#define MODE_TSS32  0x28
#define MODE_SELS   6

/* Operations.  The result of a reading one is in lo (and hi). */
#define MODE_END     0
#define MODE_RDMSR   1 /* addr: MSR */
#define MODE_WRMSR   2 /* addr: MSR; lo, hi */
#define MODE_GET_CR0 3
#define MODE_SET_CR0 4 /* lo */
/* The same by an instruction in MODE_CODE64, once for each way to decode it. */
#define MODE_SET_CR0_IN_64 5 /* in long mode only */
#define MODE_SET_CR0_IN_L  6 /* outside long mode only */
#define MODE_GET_CR3       7
#define MODE_SET_CR3       8
#define MODE_GET_CR4       9
#define MODE_SET_CR4       10
#define MODE_READ          11 /* addr */
#define MODE_WRITE         12 /* addr; lo */
#define MODE_FETCH         13 /* addr: call it */
#define MODE_LTR           14 /* lo: selector */
#define MODE_SYSCALL       15
#define MODE_SPIN          16 /* addr: rounds, with interrupts on */

#define MODE_STEP_OP    0
#define MODE_STEP_ADDR  4
#define MODE_STEP_LO    8
#define MODE_STEP_HI    12
#define MODE_STEP_FAULT 16
#define MODE_STEP_CR2   20

#ifndef __ASSEMBLY__

#include <guest/fault.h>
#include <guest/lib.h>

struct mode_step {
    uint32_t op, addr, lo, hi;
    fault_t fault; /* result */
    uint32_t cr2;  /* result, if fault is a #PF */

    /* What mode_check() makes of it; no `what`: it must not fault. */
    const char *what;
    fault_t want_fault;
    uint32_t mask, want; /* of lo */
};

/* Steps of a program.  DO: must go well; GIVES: reads want under mask. */
#define MODE_DO(o, a, value)                  \
    {                                         \
        .op = (o), .addr = (a), .lo = (value) \
    }
#define MODE_GIVES(text, o, a, bits, value)                                     \
    {                                                                           \
        .op = (o), .addr = (a), .what = (text), .mask = (bits), .want = (value) \
    }
#define MODE_FAULTS(text, o, a, value, fault_wanted)                                        \
    {                                                                                       \
        .op = (o), .addr = (a), .lo = (value), .what = (text), .want_fault = (fault_wanted) \
    }

/* Run a program; a step that faults does not end it. */
void mode_run(struct mode_step *steps, unsigned int count);
/* Run it and report what was otherwise than wanted. */
void mode_check(struct mode_step *steps, unsigned int count);

/*
 * Page tables for programs, by number of levels (2, 3 or 4): MODE_MAPPED bytes
 * from 0 mapped to themselves, supervisor, writable, by large pages (2 needs
 * CR4.PSE), but MODE_WINDOW by one small page.
 */
#define MODE_MAPPED 0x1000000
#define MODE_WINDOW 0xc00000
/* Build them all, the window showing target[levels]; before the first use. */
void mode_build_tables(const uint32_t target[5]);
/* What to load into CR3. */
uint32_t mode_root(unsigned int levels);
/* The window's leaf entry; 4-byte wide with two levels. */
void *mode_window_entry(unsigned int levels);

#endif /* __ASSEMBLY__ */

#endif /* GUEST_MODE_H */
