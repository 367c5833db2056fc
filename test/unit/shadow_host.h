/* SPDX-License-Identifier: MIT */
/*
 * shadow_host.h - before everything else in test_xen_shadow: a CPU is a thread
 * and frames are of an array, as in test/stress; and xxhash.h gets its C
 * library before the hypervisor's names exist.
 */
#ifndef TEST_SHADOW_HOST_H
#define TEST_SHADOW_HOST_H

#define XXH_INLINE_ALL
#define strtoul libc_strtoul
#include <xxhash.h>
#undef strtoul

#include "../stress/include/asm/current.h"

#endif
