/* SPDX-License-Identifier: MIT */
/* Between the files of this test. */
#ifndef BENCH_PAGING_H
#define BENCH_PAGING_H

#include <guest/paging.h>

/* spaces.c: many address spaces.  @frames: 64 pages from there begin with
 * their number. */
void bench_spaces(ulong frames);

#endif
