/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - flushing guest translations on every CPU that may hold any.
 *
 * Guest mappings are never global, so loading CR3 drops them all.  A CPU is
 * in guest_cpus while it runs on a PV guest's tables; on the hypervisor's own
 * it holds no translation of a guest.
 *
 * The clock counts flushes of all CPUs, at their beginning.  A frame is stamped
 * with the clock after its mapping was removed: any complete flush that began
 * later has removed the translation everywhere (mm/page_type.c).
 */
#include <asm/current.h>
#include <asm/page_type.h>
#include <asm/processor.h>

static uint32_t flush_clock = 1; /* flushes begun */
static uint32_t flushed = 1;     /* the latest one that is complete */
static cpumask_t guest_cpus;

uint32_t tlb_clock(void)
{
    return __atomic_load_n(&flush_clock, __ATOMIC_SEQ_CST);
}

bool tlb_may_know(uint32_t stamp)
{
    return stamp && (int32_t)(stamp - __atomic_load_n(&flushed, __ATOMIC_SEQ_CST)) >= 0;
}

/* Before the first load of a guest's tables: from then on flushes come here. */
void tlb_guest(void)
{
    cpumask_t me = 1ul << smp_processor_id();

    if (!(__atomic_load_n(&guest_cpus, __ATOMIC_RELAXED) & me))
        __atomic_fetch_or(&guest_cpus, me, __ATOMIC_SEQ_CST);
}

/* The hypervisor's own tables are loaded. */
void tlb_no_guest(void)
{
    cpumask_t me = 1ul << smp_processor_id();

    if (__atomic_load_n(&guest_cpus, __ATOMIC_RELAXED) & me)
        __atomic_fetch_and(&guest_cpus, ~me, __ATOMIC_SEQ_CST);
}

static void flush_here(void *unused)
{
    write_cr3(read_cr3());
}

static void flush_one_here(void *va)
{
    invlpg((unsigned long)va);
}

/* Entries changed before this are seen by CPUs that load tables after it. */
static cpumask_t who_knows(cpumask_t cpus)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return cpus & __atomic_load_n(&guest_cpus, __ATOMIC_RELAXED);
}

void tlb_flush_mask(cpumask_t cpus)
{
    bool all = !(cpu_online_mask & ~cpus);
    uint32_t mine = all ? __atomic_add_fetch(&flush_clock, 1, __ATOMIC_SEQ_CST) : 0;
    uint32_t done;

    on_each_cpu(who_knows(cpus), flush_here, NULL);
    if (!all)
        return;
    done = __atomic_load_n(&flushed, __ATOMIC_RELAXED);
    while ((int32_t)(mine - done) > 0 &&
           !__atomic_compare_exchange_n(&flushed, &done, mine, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
        ;
}

void tlb_flush_one_mask(cpumask_t cpus, unsigned long va)
{
    on_each_cpu(who_knows(cpus), flush_one_here, (void *)va);
}
