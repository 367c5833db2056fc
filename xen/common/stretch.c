/* SPDX-License-Identifier: MIT */
/* stretch.c - the longest stretches of each kind.  See cairn/stretch.h. */
#include <cairn/stretch.h>

#ifdef CAIRN_DEBUG

#include <asm/current.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <cairn/console.h>
#include <cairn/lib.h>

struct stretch_longest {
    uint64_t ticks;
    unsigned int detail;
};

struct stretch_state {
    bool under_way;
    enum stretch_kind kind;
    unsigned int detail;
    uint64_t since;
    struct stretch_longest longest[NR_STRETCH_KINDS];
};
static DEFINE_PER_CPU(struct stretch_state, stretch);

static void account(struct stretch_state *s, uint64_t now)
{
    struct stretch_longest *l = &s->longest[s->kind];

    if (s->under_way && now - s->since > l->ticks)
        *l = (struct stretch_longest){.ticks = now - s->since, .detail = s->detail};
}

void stretch_begin(enum stretch_kind kind, unsigned int detail)
{
    struct stretch_state *s = &this_cpu(stretch);
    uint64_t now = rdtsc();

    account(s, now);
    s->under_way = true;
    s->kind = kind;
    s->detail = detail;
    s->since = now;
}

void stretch_rename(enum stretch_kind kind, unsigned int detail)
{
    this_cpu(stretch).kind = kind;
    this_cpu(stretch).detail = detail;
}

void stretch_point(void)
{
    struct stretch_state *s = &this_cpu(stretch);
    uint64_t now = rdtsc();

    account(s, now);
    s->since = now;
}

void stretch_discount(uint64_t ticks)
{
    this_cpu(stretch).since += ticks;
}

void stretch_end(void)
{
    struct stretch_state *s = &this_cpu(stretch);

    account(s, rdtsc());
    s->under_way = false;
}

/* Over all CPUs; the next time counts anew. */
static void key_stretches(char key)
{
    static const char *const names[] = {"VM exit, reason", "exception", "interrupt, vector",
                                        "hypercall", "softirq"};

    printk("'%c' pressed -> longest stretches without a preemption point, in TSC ticks\n", key);
    for (unsigned int k = 0; k < NR_STRETCH_KINDS; k++) {
        struct stretch_longest worst = {0};

        for_each_online_cpu(cpu) {
            struct stretch_longest *l = &per_cpu(stretch, cpu).longest[k];

            if (l->ticks > worst.ticks)
                worst = *l;
            *l = (struct stretch_longest){0};
        }
        printk("  %s %u: %lu\n", names[k], worst.detail, worst.ticks);
    }
}
DEBUG_KEY('l', key_stretches, "longest stretches without preemption, and reset");

#endif
