/* SPDX-License-Identifier: MIT */
/* Between the parts of the hypercall ABI test. */
#ifndef TEST_ABI_H
#define TEST_ABI_H

#include <guest/call.h>
#include <guest/test.h>

/* A call by some way with up to three arguments. */
int64_t call3(enum way way, unsigned int nr, ulong a1, ulong a2, ulong a3);

/* rubble.c */
void check_no_rubble(void);

#endif
