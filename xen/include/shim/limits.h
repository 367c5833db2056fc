/* SPDX-License-Identifier: MIT */
/* limits.h - as shim/stdlib.h: the compiler's own limits.h wants one of a C
 * library to follow it; all limits are in the compiler's. */
#ifndef SHIM_LIMITS_H
#define SHIM_LIMITS_H
#endif
