/* SPDX-License-Identifier: MIT */
/*
 * stretch.h - how long the hypervisor keeps a CPU at a time: from a guest's
 * entry into it, or the last point where it would have given way had anything
 * waited, to the next such point or the way out.  Debug builds keep the longest of each kind;
 * debug key l prints them.  In release builds nothing is done.
 */
#ifndef CAIRN_STRETCH_H
#define CAIRN_STRETCH_H

#include <cairn/types.h>

enum stretch_kind {
    STRETCH_VMEXIT,    /* detail: exit reason */
    STRETCH_EXCEPTION, /* vector, from a PV guest */
    STRETCH_INTERRUPT, /* vector, from a PV guest */
    STRETCH_HYPERCALL, /* number */
    STRETCH_SOFTIRQ,   /* number */
    NR_STRETCH_KINDS,
};

#ifdef CAIRN_DEBUG
/* stretch_begin - @kind begins here; what was under way ends. */
void stretch_begin(enum stretch_kind kind, unsigned int detail);
/* stretch_rename - what is under way turns out to be @kind. */
void stretch_rename(enum stretch_kind kind, unsigned int detail);
/* stretch_point - here it would have given way: it begins anew. */
void stretch_point(void);
/* stretch_discount - @ticks of it were spent on what only debug builds do. */
void stretch_discount(uint64_t ticks);
/* stretch_end - on the way to a guest or to sleep. */
void stretch_end(void);
#else
static inline void stretch_begin(enum stretch_kind kind, unsigned int detail) {}
static inline void stretch_rename(enum stretch_kind kind, unsigned int detail) {}
static inline void stretch_point(void) {}
static inline void stretch_discount(uint64_t ticks) {}
static inline void stretch_end(void) {}
#endif

#endif
