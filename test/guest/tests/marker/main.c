/* SPDX-License-Identifier: MIT */
/*
 * Fills memory with a marker (`fill HEX MIB` on the command line), or looks for
 * one there (`look HEX MIB`): does anything of one guest's memory reach the
 * next?  The marker is made from HEX, so that the command line is not one.
 * Everything from 4 MiB to MIB is filled; after that the guest says
 * "filled" and waits for its end.
 *
 * Bare, or without these words: memory is filled and looked through, which
 * shows that a marker would be found.
 */
#include <guest/test.h>

const char test_title[] = "Memory markers";

#define FIRST 0x400000ul /* above our own image and what the loader gave us */

/* The word after @name as a number of @base, or 0. */
static uint64_t argument(unsigned int n, unsigned int base)
{
    const char *p = cmdline;
    uint64_t value = 0;

    while (n--) {
        while (*p && *p != ' ')
            p++;
        while (*p == ' ')
            p++;
    }
    for (; *p && *p != ' '; p++)
        value = value * base + (*p <= '9' ? *p - '0' : (*p | 32) - 'a' + 10);
    return value;
}

static uint64_t marker_of(uint64_t seed)
{
    return (seed | 1) * 0x9e3779b97f4a7c15;
}

static void fill(uint64_t marker, ulong end)
{
    for (volatile uint64_t *p = (void *)FIRST; (ulong)p < end; p++)
        *p = marker;
}

static ulong look(uint64_t marker, ulong end)
{
    ulong found = 0;

    for (volatile uint64_t *p = (void *)FIRST; (ulong)p < end; p++)
        found += *p == marker;
    return found;
}

void test_main(void)
{
    bool only_fill = cmdline_has("fill"), only_look = cmdline_has("look");
    uint64_t marker = marker_of(only_fill || only_look ? argument(1, 16) : 0x1234567);
    ulong end = (only_fill || only_look ? argument(2, 10) : 8) << 20;

    if (!only_look) {
        fill(marker, end);
        check_equal("what was filled", look(marker, end), (end - FIRST) / 8);
    }
    if (only_fill) {
        printk("filled %ld words\n", (long)((end - FIRST) / 8));
        for (;;)
            xen_yield();
    }
    if (only_look)
        check_equal("words of another guest", look(marker, end), 0);
    report_success(NULL);
}
