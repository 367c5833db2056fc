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
static const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
    uint32_t rel = addr - XEN_VA_START, start = 0, step;
    const char *name = NULL, *p = symbols_text;

    if (!is_code(addr))
        return NULL;
    *size = 0;
    for (unsigned int i = 0; i < symbols_count; i++) {
        const char *next = read_uleb128(p, &step);

        if (rel < start + step) {
            *size = step;
            break;
        }
        start += step;
        name = next;
        p = next + strlen(next) + 1;
        *size = rel + 1 - start;
    }
    *offset = rel - start;
    return name;
}

bool symbol_print(unsigned long addr)
{
    unsigned long offset, size;
    const char *name = symbol_lookup(addr, &offset, &size);

    if (name)
        printk(XENLOG_ERR "   [<%016lx>] %s+%#lx/%#lx\n", addr, name, offset, size);
    return name;
}
