/* SPDX-License-Identifier: MIT */
/*
 * cover.c - for each operation of each hypercall, and each ABI, the results
 * seen in ring 0.  Printed as lines
 *     cover ABI NR SUB[-LAST]: RESULT...
 * where a result is 0, +, the number of an error, or sN for status -N in the
 * structure of a call that was itself 0.  What only answered -ENOSYS is left out.
 */
#include "fuzz.h"

#define CALLS    48
#define SUBS     128
#define ERRORS   128
#define STATUSES 16

struct results {
    uint64_t error[ERRORS / 64]; /* bit 0: the result 0 */
    uint16_t status;
    uint16_t positive;
};

static struct results seen[2][CALLS][SUBS];

void cover_note(bool abi32, unsigned int nr, unsigned int sub, int64_t result)
{
    if (result <= -ERRORS) {
        report_failure("hypercall %u, operation %u: result %llx", nr, sub,
                       (unsigned long long)result);
        return;
    }
    if (nr >= CALLS || sub >= SUBS)
        return;
    struct results *r = &seen[abi32][nr][sub];

    if (result > 0)
        r->positive = 1;
    else
        r->error[-result / 64] |= 1ull << -result % 64;
}

void cover_attempt(const struct attempt *a, bool abi32, int64_t rc)
{
    int16_t status;

    cover_note(abi32, a->call.nr, a->sub, rc);
    if (a->call.nr == __HYPERVISOR_multicall && !rc)
        multicall_results(a, abi32);
    if (rc || a->status_at < 0 || !a->place.seen)
        return;
    memcpy(&status, a->place.seen + a->status_at, sizeof(status));
    cover_note_status(abi32, a->call.nr, a->sub, status);
}

void cover_note_status(bool abi32, unsigned int nr, unsigned int sub, int status)
{
    if (status > 0 || status <= -STATUSES)
        report_failure("hypercall %u, operation %u: status %d", nr, sub, status);
    else if (nr < CALLS && sub < SUBS)
        seen[abi32][nr][sub].status |= 1u << -status;
}

static void print_results(const struct results *r)
{
    if (r->positive)
        printk(" +");
    for (unsigned int e = 0; e < ERRORS; e++)
        if (r->error[e / 64] >> e % 64 & 1)
            printk(" %u", e);
    for (unsigned int s = 0; s < STATUSES; s++)
        if (r->status >> s & 1)
            printk(" s%u", s);
    printk("\n");
}

void cover_print(void)
{
    static const struct results none, no_call = {.error = {1ull << XEN_ENOSYS}};

    for (unsigned int i = 0; i < 2 * CALLS; i++) {
        const struct results *row = seen[i / CALLS][i % CALLS];

        for (unsigned int sub = 0, last; sub < SUBS; sub = last + 1) {
            last = sub;
            if (!memcmp(&row[sub], &none, sizeof(none)) ||
                !memcmp(&row[sub], &no_call, sizeof(no_call)))
                continue;
            while (last + 1 < SUBS && !memcmp(&row[last + 1], &row[sub], sizeof(none)))
                last++;
            printk("cover %u %u %u-%u:", i < CALLS ? 64 : 32, i % CALLS, sub, last);
            print_results(&row[sub]);
        }
    }
}
