/* SPDX-License-Identifier: MIT */
/*
 * stress.c - the hypervisor's shared state under many CPUs at once, on the
 * host: event channels, grants, page references and types, the life of
 * domains, timers and run queues are the hypervisor's own files, compiled with
 * ThreadSanitizer; a thread is a CPU.
 *
 * usage: stress [-n OPERATIONS] [-t THREADS] [-s SEED] [-x LOCK-LEVEL]
 *
 * -x leaves out all locks of a level (spinlock.h): to see that it is noticed.
 * Exit status 0: nothing found; 1: a check failed; 66: ThreadSanitizer's.
 */
#include "stress.h"

#include <asm/current.h>
#include <asm/smp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long operations = 1000000;
static uint64_t seed = 1;
static unsigned long done[NR_CPUS], done_as_guest[NR_CPUS];
static unsigned int left_out, finished;

/* ---- locks, linked with --wrap ---- */

void __real_spin_lock(spinlock_t *l);
bool __real_spin_trylock(spinlock_t *l);
void __real_spin_unlock(spinlock_t *l);
void __wrap_spin_lock(spinlock_t *l);
bool __wrap_spin_trylock(spinlock_t *l);
void __wrap_spin_unlock(spinlock_t *l);
unsigned long __wrap_spin_lock_irqsave(spinlock_t *l);
void __wrap_spin_unlock_irqrestore(spinlock_t *l, unsigned long flags);

void __wrap_spin_lock(spinlock_t *l)
{
    if (l->level != left_out)
        __real_spin_lock(l);
}
bool __wrap_spin_trylock(spinlock_t *l)
{
    return l->level == left_out || __real_spin_trylock(l);
}
void __wrap_spin_unlock(spinlock_t *l)
{
    if (l->level != left_out)
        __real_spin_unlock(l);
}

unsigned long __wrap_spin_lock_irqsave(spinlock_t *l)
{
    __wrap_spin_lock(l);
    return 0;
}
void __wrap_spin_unlock_irqrestore(spinlock_t *l, unsigned long flags)
{
    __wrap_spin_unlock(l);
}

/* Between a vCPU's decision to block and its look for a reason not to. */
bool __real_vcpu_event_deliverable(const struct vcpu *v);
bool __wrap_vcpu_event_deliverable(const struct vcpu *v);
bool __wrap_vcpu_event_deliverable(const struct vcpu *v)
{
    sched_yield();
    return __real_vcpu_event_deliverable(v);
}

/* gcc's marks of volatile accesses, which are meant to race. */
#define MARKED(n)                            \
    void __tsan_volatile_read##n(void *p);   \
    void __tsan_volatile_write##n(void *p);  \
    void __tsan_volatile_read##n(void *p) {} \
    void __tsan_volatile_write##n(void *p) {}
MARKED(1)
MARKED(2)
MARKED(4)
MARKED(8)

static void *cpu_main(void *arg)
{
    stress_cpu = (unsigned long)arg;
    struct rng r = {seed * 0x9e3779b97f4a7c15ull + stress_cpu + 1};

    for (unsigned long i = 0; i < operations / nr_cpus_online; i++) {
        cpu_poll();
        done_as_guest[stress_cpu] += !is_idle_vcpu(current);
        guest_step(&r);
        done[stress_cpu]++;
    }
    /* Others may wait for this CPU to leave a vCPU. */
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < nr_cpus_online)
        cpu_poll();
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned int threads = 4;
    pthread_t thread[NR_CPUS];

    for (int c; (c = getopt(argc, argv, "n:t:s:x:")) != -1;) {
        unsigned long value = optarg ? strtoul(optarg, NULL, 0) : 0;
        if (c == 'n')
            operations = value;
        else if (c == 't' && value >= 1 && value <= 16)
            threads = value;
        else if (c == 's')
            seed = value;
        else if (c == 'x')
            left_out = value;
        else
            return 2;
    }
    machine_init(threads);
    guests_init();
    for (unsigned long i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, cpu_main, (void *)i))
            return 2;
    for (unsigned int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    printf("seed %lu:", (unsigned long)seed);
    for (unsigned int i = 0; i < threads; i++)
        printf(" CPU %u %lu operations, %lu of guests;", i, done[i], done_as_guest[i]);
    printf("\n");
    return guests_check() ? 0 : 1;
}
