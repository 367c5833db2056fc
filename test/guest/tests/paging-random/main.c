/* SPDX-License-Identifier: MIT */
/*
 * Random programs of page-table changes and accesses from ring 0 and ring 3.
 * After each access fault, error code, CR2, value read, accessed and dirty bits are
 * compared with what the tables say, and go into the program's digest, which must
 * be the same bare and with any kind of paging (`scripts/runner programs`).
 *
 * Changes are flushed by CR3, by INVLPG, or not at all.  In the last case each
 * affected address gets what the manual still promises of it (enum stale), and
 * what it leaves open is done but neither compared nor in the digest.
 *
 * A program has 12 of 200 tables at RANDOM_WINDOW, each with 8 entries in use: all
 * of them are more than a small pool of shadow tables holds.  Now and then two
 * directory entries share a table, a table is mapped into the window and written
 * through that mapping, a large page takes a table's place, and WP, NXE, SMEP, SMAP,
 * PSE, the root or an entry above the directory change.
 *
 * Command line: seed=N first=N count=N, and trace=N to print the steps of program N.
 * Sources: SDM vol. 3A, "Paging": "Access Rights", "Accessed and Dirty Flags",
 * "Invalidation of TLBs and Paging-Structure Caches" ("Optional Invalidation").
 */

#include "random.h"

const char test_title[] = "Random page tables";

#define PROGRAMS 100u
#define STEPS    60u

uint64_t digest;
static uint64_t rng;
static unsigned int failures;

/* Printing waits for the end of the program: it needs CR4.PSE, and may flush. */
static char notes[32768];
static size_t noted;
static bool tracing;

uint32_t any(uint32_t limit)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (uint32_t)(rng >> 11) % limit;
}

void mix(uint64_t v)
{
    digest = (digest ^ v) * 0x9e3779b97f4a7c15ull;
    digest ^= digest >> 29;
}

static void note(const char *fmt, va_list args)
{
    if (noted < sizeof(notes))
        noted += vsnprintf(notes + noted, sizeof(notes) - noted, fmt, args);
}

void trace(const char *fmt, ...)
{
    va_list args;

    if (!tracing)
        return;
    va_start(args, fmt);
    note(fmt, args);
    va_end(args);
}

void wrong(const char *fmt, ...)
{
    va_list args;

    if (failures++ >= 10)
        return;
    va_start(args, fmt);
    note(fmt, args);
    va_end(args);
}

/* A line at a time: printk() takes only so much. */
static void print_notes(void)
{
    char *line = notes;

    for (char *at = notes; *at; at++) {
        if (*at == '\n') {
            *at = '\0';
            printk("%s\n", line);
            line = at + 1;
        }
    }
    noted = 0;
    notes[0] = '\0';
}

static uint64_t option(const char *name, uint64_t otherwise)
{
    const char *at = strstr(cmdline, name);
    uint64_t v = 0;

    if (!at)
        return otherwise;
    for (at += strlen(name); *at >= '0' && *at <= '9'; at++)
        v = v * 10 + (*at - '0');
    return v;
}

static uint32_t run_program(uint64_t seed, unsigned int number)
{
    rng = (seed + 1) * 0x9e3779b97f4a7c15ull ^ (number + 1ull) * 0xd1342543de82ef95ull;
    rng += !rng;
    for (unsigned int n = 0; n < 8; n++)
        any(2);
    digest = 0;
    tables_reset();
    for (unsigned int n = 0; n < STEPS; n++) {
        trace("step %u: ", n);
        tables_step();
        trace("  = %08x\n", (uint32_t)digest);
    }
    tables_digest();
    trace("memory = %08x\n", (uint32_t)digest);
    return digest;
}

static void print_digests(unsigned int from, const uint32_t *results, unsigned int count)
{
    printk("digests from %u:", from);
    for (unsigned int n = 0; n < count; n++)
        printk(" %08x", results[n]);
    printk("\n");
}

void test_main(void)
{
    uint64_t seed = option("seed=", 1), traced = option("trace=", ~0ull);
    unsigned int first = option("first=", 0), count = option("count=", PROGRAMS);
    uint32_t results[8];

    tables_init();
    printk("seed %llu, %u programs of %u steps from %u, %s\n", (unsigned long long)seed, count,
           STEPS, first, tables_features());
    for (unsigned int n = 0; n < count; n++) {
        unsigned int before = failures, at = n % ARRAY_SIZE(results);

        tracing = first + n == traced;
        results[at] = run_program(seed, first + n);
        tables_print_mode();
        if (failures > before)
            report_failure("program %u of seed %llu", first + n, (unsigned long long)seed);
        print_notes();
        if (at == ARRAY_SIZE(results) - 1 || n == count - 1)
            print_digests(first + n - at, results, at + 1);
    }
    report_success("%u programs, %u differences from the tables", count, failures);
}
