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
extern const char symbols_text[]; /* records */

#define NAME_SIZE 64 /* symbols.awk shares at most 40 of it; what is longer is cut */

static bool is_code(unsigned long addr)
{
    return (addr >= (unsigned long)_start && addr < (unsigned long)_etext) ||
           (addr >= (unsigned long)__init_begin && addr < (unsigned long)__init_text_end);
}

static const char *read_uleb128(const char *p, uint32_t *value)
{
    unsigned int shift = 0;

    for (*value = 0; *p & 0x80; shift += 7)
        *value |= (uint32_t)(*p++ & 0x7f) << shift;
    *value |= (uint32_t)*p << shift;
    return p + 1;
}

/* From the first to the last: who looks at a backtrace has the time. */
static bool symbol_lookup(unsigned long addr, char name[NAME_SIZE], unsigned long *offset,
                          unsigned long *size)
{
    uint32_t rel = addr - XEN_VA_START, start = 0, step;
    const char *p = symbols_text;

    name[0] = '\0';
    if (!is_code(addr))
        return false;
    *size = 0;
    for (unsigned int i = 0; i < symbols_count; i++) {
        p = read_uleb128(p, &step);
        if (rel < start + step) {
            *size = step;
            break;
        }
        start += step;
        unsigned int same = (uint8_t)*p++;
        p += strlcpy(name + same, p, NAME_SIZE - same) + 1;
        *size = rel + 1 - start;
    }
    *offset = rel - start;
    return name[0];
}

bool symbol_print(unsigned long addr)
{
    unsigned long offset, size;
    char name[NAME_SIZE];
    bool found = symbol_lookup(addr, name, &offset, &size);

    if (found)
        printk(XENLOG_ERR "   [<%016lx>] %s+%#lx/%#lx\n", addr, name, offset, size);
    return found;
}
