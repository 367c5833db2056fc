/* SPDX-License-Identifier: MIT */
/*
 * tsc_sync.c - do two CPUs agree on the time?  They read their TSCs in turns
 * under a lock; a reading lower than the one before it, by the other CPU, is a
 * step back in time that guests and NOW() could see.
 *
 * The new CPU may move its TSC and try again; CPU 0's is everybody's clock.
 */
#include <asm/smp.h>

#include <asm/processor.h>

#define ROUNDS   4
#define READINGS 256

static volatile bool taken;
static volatile uint64_t last;
static volatile unsigned int arrived;
static volatile int64_t target_behind, source_behind;
static volatile bool verdict_known;

/* Both have come here. */
static void meet(unsigned int nth)
{
    __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
    while (arrived < 2 * nth)
        cpu_relax();
}

/* The largest step back that this CPU saw. */
static int64_t take_readings(void)
{
    int64_t worst = 0;

    for (unsigned int i = 0; i < READINGS; i++) {
        while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQUIRE))
            cpu_relax();
        uint64_t before = last, now = rdtsc();

        last = now;
        __atomic_store_n(&taken, false, __ATOMIC_RELEASE);
        worst = max(worst, (int64_t)(before - now));
    }
    return worst;
}

bool tsc_sync_begun(void)
{
    return arrived != 0;
}

void tsc_sync_source(void)
{
    unsigned int nth = 0;

    for (unsigned int round = 0; round < ROUNDS; round++) {
        meet(++nth);
        source_behind = take_readings();
        meet(++nth);
        meet(++nth); /* the target has judged */
        if (verdict_known)
            break;
    }
    arrived = 0;
    last = 0;
    verdict_known = false;
}

bool tsc_sync_target(uint64_t *off)
{
    unsigned int nth = 0;
    bool good = false;

    for (unsigned int round = 0; round < ROUNDS && !good; round++) {
        meet(++nth);
        target_behind = take_readings();
        meet(++nth);
        *off = max(target_behind, source_behind);
        good = !*off;
        /* Behind: forward by what was seen, at least; ahead: back. */
        if (!good)
            wrmsr(MSR_IA32_TSC, rdtsc() + target_behind - source_behind);
        last = 0;
        verdict_known = good || round == ROUNDS - 1;
        meet(++nth);
    }
    return good;
}
