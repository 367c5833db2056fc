/* SPDX-License-Identifier: MIT */
/*
 * smp.h - the CPUs of the machine: which are there, asking one to do
 * something, stopping them.
 *
 * CPU 0 booted.  The others are brought up once, before dom0 is built, and
 * stay; a CPU that cannot be used like CPU 0 stays offline for good.
 */
#ifndef ASM_SMP_H
#define ASM_SMP_H

#include <asm/config.h>
#include <cairn/types.h>

typedef uint64_t cpumask_t; /* bit n: CPU n */
_Static_assert(NR_CPUS <= 64, "a CPU mask is one word");

#define CPU_MASK_ALL (~0ul)

extern cpumask_t cpu_online_mask; /* grows during boot only */
extern unsigned int nr_cpus_online;

static inline bool cpu_online(unsigned int cpu)
{
    return cpu_online_mask >> cpu & 1;
}

#define for_each_cpu_in(cpu, mask)                                                       \
    for (cpumask_t left_##cpu = (mask); left_##cpu; left_##cpu &= left_##cpu - 1)        \
        for (unsigned int cpu = __builtin_ctzll(left_##cpu), once_##cpu = 1; once_##cpu; \
             once_##cpu = 0)
#define for_each_online_cpu(cpu) for_each_cpu_in(cpu, cpu_online_mask)

/* smp_init - once at boot: find the CPUs and bring them up.  Needs the
 * allocator, time, the APIC, the scheduler and vmx_init(). */
void smp_init(void);
noreturn void start_ap(void); /* trampoline.S calls it on the CPU's own stack */

/*
 * smp_call - run @fn(@arg) with interrupts off on each online CPU of @mask
 * other than this one, and wait until all have.  @fn takes no locks and calls
 * nothing that waits.  Any context but an interrupt handler, with any locks
 * held: a CPU that waits for a lock serves such calls.
 */
void smp_call(cpumask_t mask, void (*fn)(void *), void *arg);
/* As smp_call(), and on this CPU if it is in @mask. */
void on_each_cpu(cpumask_t mask, void (*fn)(void *), void *arg);
/* smp_poll - serve a call that waits for this CPU.  Every loop that waits for
 * another CPU with interrupts off calls it. */
void smp_poll(void);

/* cpu_kick - make @cpu leave its guest or its halt to look at its softirqs. */
void cpu_kick(unsigned int cpu);
/* For the end of the machine: the others halt, wherever they are. */
void smp_stop_others(void);
bool smp_stopping(void);

/* cpu/tsc_sync.c: both CPUs call theirs together.  The new CPU learns whether
 * time agrees (after setting its TSC if need be); else by how much not. */
void tsc_sync_source(void);
bool tsc_sync_target(uint64_t *off);
bool tsc_sync_begun(void); /* the target waits for the source */

#endif
