/* SPDX-License-Identifier: MIT */
/*
 * cpulist.h - sets of CPUs as people write them: "all", "3", "0-2,5", "all,^1".
 * Pure.
 */
#ifndef TOOLS_LIBXL_CPULIST_H
#define TOOLS_LIBXL_CPULIST_H

#include <stddef.h>
#include <stdint.h>

/* cpulist_parse - 0 and the set in *@cpus, bit n: CPU n; -1: malformed, empty,
 * or a number above 63. */
int cpulist_parse(const char *text, uint64_t *cpus);
/* cpulist_print - the shortest text; "all" for the first @nr_cpus or more. */
void cpulist_print(uint64_t cpus, unsigned int nr_cpus, char *text, size_t size);

#endif
