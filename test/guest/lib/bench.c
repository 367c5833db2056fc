/* SPDX-License-Identifier: MIT */
/* What an operation costs: see guest/bench.h. */
#include <guest/bench.h>

#include <guest/fault.h>
#include <guest/platform.h>

/* Counters of the hypervisor, as RDPMC numbers them there. */
enum { EXITS, READS, WRITES, NR_COUNTS };

struct sample {
    uint32_t ticks, count[NR_COUNTS];
};

static struct sample samples[BENCH_ROUNDS], sum, before, overhead;
static unsigned int nr_samples;
static bool counting;

static uint32_t read_counter(unsigned int number)
{
    uint32_t low = 0, high;
    asm volatile("1: rdpmc; 2:" ASM_FIXUP(1b, 2b) : "+a"(low), "=d"(high) : "c"(number) : "memory");
    return low;
}

void bench_before(void)
{
    for (unsigned int i = 0; i < NR_COUNTS && counting; i++)
        before.count[i] = read_counter(i);
}

void bench_after(uint32_t ticks)
{
    struct sample *s = &samples[nr_samples++ % BENCH_ROUNDS];

    s->ticks = ticks;
    sum.ticks += ticks;
    for (unsigned int i = 0; i < NR_COUNTS && counting; i++) {
        s->count[i] = read_counter(i) - before.count[i] - overhead.count[i];
        sum.count[i] += s->count[i];
    }
}

static void forget(void)
{
    nr_samples = 0;
    memset(&sum, 0, sizeof(sum));
}

void bench_init(void)
{
    fault_clear();
    if (on_xen())
        read_counter(EXITS);
    counting = on_xen() && !fault_last();
    for (unsigned int i = 0; i < BENCH_WARM_UP; i++)
        SAMPLE(0);
    overhead = samples[BENCH_WARM_UP - 1];
    forget();
}

static void print(const char *op, const struct sample *s, unsigned int divisor)
{
    printk("bench: %s %u", op, s->ticks / divisor);
    for (unsigned int i = 0; i < NR_COUNTS && counting; i++) {
        uint32_t rest = s->count[i] % divisor * 100 / divisor;
        printk(" %u.%02u", s->count[i] / divisor, rest);
    }
    printk("\n");
    forget();
}

/* Shell sort: small, and good enough for 500. */
void bench_median(const char *op, unsigned int per_sample)
{
    unsigned int n = nr_samples < BENCH_ROUNDS ? nr_samples : BENCH_ROUNDS;

    for (unsigned int gap = n / 2; gap; gap /= 2)
        for (unsigned int i = gap; i < n; i++)
            for (unsigned int j = i; j >= gap && samples[j - gap].ticks > samples[j].ticks;
                 j -= gap) {
                struct sample swap = samples[j];
                samples[j] = samples[j - gap];
                samples[j - gap] = swap;
            }
    print(op, &samples[n / 2], per_sample);
}

void bench_mean(const char *op)
{
    print(op, &sum, nr_samples);
}
