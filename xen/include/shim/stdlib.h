/* SPDX-License-Identifier: MIT */
/*
 * stdlib.h - for headers of other projects that we include whole and that
 * mention what we do not use: none of these is ever called or linked.  No
 * header of ours is included here, its macros could spoil theirs.
 */
#ifndef SHIM_STDLIB_H
#define SHIM_STDLIB_H

#include <stddef.h>

void *malloc(size_t size);
void free(void *p);

#endif
