/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - names of our own functions, for dumps.  The table is made by
 * symbols.awk from a first link and put into the second.
 */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include <stdint.h>

/* The function that @address is in and the offset there; NULL if none is. */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
