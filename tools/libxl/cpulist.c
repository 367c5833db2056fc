/* SPDX-License-Identifier: MIT */
/* cpulist.c - see cpulist.h. */
#include "libxl/cpulist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CPU 63

/* Bits @first to @last. */
static uint64_t range(unsigned int first, unsigned int last)
{
    return (~0ull >> (MAX_CPU - last)) & (~0ull << first);
}

/* One number at *@text, which moves behind it; -1: none. */
static int take_number(const char **text)
{
    char *end;
    unsigned long n;

    if (**text < '0' || **text > '9')
        return -1;
    n = strtoul(*text, &end, 10);
    *text = end;
    return n > MAX_CPU ? -1 : (int)n;
}

int cpulist_parse(const char *text, uint64_t *cpus)
{
    *cpus = 0;
    for (;; text++) {
        uint64_t item = ~0ull;
        int without = *text == '^';

        text += without;
        if (strncmp(text, "all", 3) == 0) {
            text += 3;
        } else {
            int first = take_number(&text), last = first;

            if (first >= 0 && *text == '-') {
                text++;
                last = take_number(&text);
            }
            if (first < 0 || last < first)
                return -1;
            item = range(first, last);
        }
        *cpus = without ? *cpus & ~item : *cpus | item;
        if (*text == '\0')
            return *cpus ? 0 : -1;
        if (*text != ',')
            return -1;
    }
}

void cpulist_print(uint64_t cpus, unsigned int nr_cpus, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    if (nr_cpus && (~cpus & range(0, (nr_cpus > MAX_CPU ? MAX_CPU + 1 : nr_cpus) - 1)) == 0) {
        snprintf(text, size, "all");
        return;
    }
    for (unsigned int i = 0; i <= MAX_CPU && used < size; i++) {
        unsigned int first = i;

        if (!(cpus >> i & 1))
            continue;
        while (i < MAX_CPU && (cpus >> (i + 1) & 1))
            i++;
        used += snprintf(text + used, size - used, "%s%u", used ? "," : "", first);
        if (i > first && used < size)
            used += snprintf(text + used, size - used, "-%u", i);
    }
}
