/* SPDX-License-Identifier: MIT */
/* symbols.c - looks an address up in the table of symbols.awk. */
#include "kernel/symbols.h"

#include <stddef.h>

extern const uint32_t symbol_count, symbol_address[];
extern const char *const symbol_name[];
extern char image_start[], text_end[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
    const char *name = NULL;

    if (address < (uintptr_t)image_start || address >= (uintptr_t)text_end)
        return NULL;
    for (uint32_t i = 0; i < symbol_count && symbol_address[i] <= address; i++) {
        name = symbol_name[i];
        *offset = address - symbol_address[i];
    }
    return name;
}
