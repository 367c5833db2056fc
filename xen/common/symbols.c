/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - names of functions by address, from the table that the build
 * appends to the image (symbols.awk).
 */
#include <asm/config.h>
#include <asm/setup.h>
#include <asm/traps.h>
#include <cairn/lib.h>

extern const uint32_t symbols_count;
extern const uint32_t symbols_offsets[];
extern const uint32_t symbols_names[];
extern const char symbols_text[];

static bool is_code(unsigned long addr)
{
    return (addr >= (unsigned long)_start && addr < (unsigned long)_etext) ||
           (addr >= (unsigned long)__init_begin && addr < (unsigned long)__init_text_end);
}

static const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
    unsigned int low = 0, high = symbols_count;
    uint32_t rel = addr - XEN_VA_START;

    if (!is_code(addr) || !high || rel < symbols_offsets[0])
        return NULL;
    while (high - low > 1) {
        unsigned int mid = (low + high) / 2;
        if (symbols_offsets[mid] <= rel)
            low = mid;
        else
            high = mid;
    }
    *offset = rel - symbols_offsets[low];
    *size = (high < symbols_count ? symbols_offsets[high] : rel + 1) - symbols_offsets[low];
    return symbols_text + symbols_names[low];
}

bool symbol_print(unsigned long addr)
{
    unsigned long offset, size;
    const char *name = symbol_lookup(addr, &offset, &size);

    if (name)
        printk(XENLOG_ERR "   [<%016lx>] %s+%#lx/%#lx\n", addr, name, offset, size);
    return name;
}
