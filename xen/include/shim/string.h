/* SPDX-License-Identifier: MIT */
/* string.h - as shim/stdlib.h; the functions are our own (cairn/lib.h). */
#ifndef SHIM_STRING_H
#define SHIM_STRING_H

#include <stddef.h>

void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);

#endif
