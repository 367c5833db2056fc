/* SPDX-License-Identifier: MIT */
/*
 * faultinject.h - let the Nth allocation fail, to see that whoever asked can
 * live without it.  In debug builds only.
 *
 * Debug keys: digits are the number N, 'F' arms (N = 0: disarms and says what
 * happened).  Counted are page and object allocations of every kind.
 */
#ifndef CAIRN_FAULTINJECT_H
#define CAIRN_FAULTINJECT_H

#include <cairn/types.h>

#ifdef CAIRN_DEBUG
/* faultinject_fail - called by each allocation: is it the one? */
bool faultinject_fail(void);
/* Not counted, until faultinject_go_on() with what this returned. */
bool faultinject_hold(void);
void faultinject_go_on(bool held);
#else
static inline bool faultinject_fail(void)
{
    return false;
}
static inline bool faultinject_hold(void)
{
    return false;
}
static inline void faultinject_go_on(bool held) {}
#endif

#endif
