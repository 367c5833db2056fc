/* SPDX-License-Identifier: MIT */
/*
 * What an operation costs: lines `bench: OP TICKS`, and under a hypervisor
 * that was built to count (make xen-count) `bench: OP TICKS EXITS VMREADS
 * VMWRITES`, the last three with two decimals.
 *
 * On Bochs, whose counter counts instructions, ticks are exact and repeatable;
 * elsewhere they are cycles of a machine that does other things too.  The two
 * RDTSC and the MOV that keeps the first one's result are in every figure.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include <guest/lib.h>

#define BENCH_ROUNDS  501
#define BENCH_WARM_UP 16

/* Once, before the others: can counters be read, and what does that cost? */
void bench_init(void);

/* Note one sample; ticks is an expression that does the operation. */
#define SAMPLE(ticks) (bench_before(), bench_after(ticks))
void bench_before(void);
void bench_after(uint32_t ticks);

/* Print what was noted since the last line: the median of the latest
 * BENCH_ROUNDS samples, or the mean of all; each is of so many operations. */
void bench_median(const char *op, unsigned int per_sample);
void bench_mean(const char *op);

/*
 * Ticks of the instructions op.  They may destroy EAX and EDX; everything
 * between the two RDTSC is one asm statement, so the compiler adds nothing.
 */
#define TIMED(op, ...)                                           \
    ({                                                           \
        uint32_t before_, after_;                                \
        asm volatile("rdtsc; mov %%eax, %[before]; " op " rdtsc" \
                     : "=&a"(after_), [before] "=&r"(before_)    \
                     : __VA_ARGS__                               \
                     : "edx", "memory", "cc");                   \
        after_ - before_;                                        \
    })

#endif /* GUEST_BENCH_H */
