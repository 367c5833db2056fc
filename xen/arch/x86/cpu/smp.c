/* SPDX-License-Identifier: MIT */
/*
 * smp.c - CPUs talking to each other: calls, kicks, the stop at the end.
 *
 * One call is under way at a time.  Who wants to make one while another is
 * under way serves that meanwhile, as does who waits for a spin lock; so a
 * call ends whatever locks its caller holds.
 */
#include <asm/smp.h>

#include <asm/current.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/lib.h>

cpumask_t cpu_online_mask = 1;
unsigned int nr_cpus_online = 1;

static struct {
    bool taken;
    void (*fn)(void *);
    void *arg;
    cpumask_t pending; /* CPUs that have not done it yet */
} call;

static bool stopping;

static void send_each(cpumask_t mask, unsigned int vector)
{
    for_each_cpu_in(cpu, mask)
        apic_send_ipi(cpu, vector);
}

/* Interrupts off: so that it is not begun twice. */
static void serve_call(void)
{
    cpumask_t me = 1ul << smp_processor_id();

    if (!(__atomic_load_n(&call.pending, __ATOMIC_ACQUIRE) & me))
        return;
    call.fn(call.arg);
    __atomic_fetch_and(&call.pending, ~me, __ATOMIC_RELEASE);
}

void smp_poll(void)
{
    unsigned long flags = local_irq_save();

    serve_call();
    local_irq_restore(flags);
}

void smp_call(cpumask_t mask, void (*fn)(void *), void *arg)
{
    mask &= cpu_online_mask & ~(1ul << smp_processor_id());
    if (!mask || unlikely(stopping))
        return;
    while (__atomic_exchange_n(&call.taken, true, __ATOMIC_ACQUIRE)) {
        smp_poll();
        cpu_relax();
    }
    call.fn = fn;
    call.arg = arg;
    __atomic_store_n(&call.pending, mask, __ATOMIC_SEQ_CST);
    send_each(mask, CALL_FUNCTION_VECTOR);
    while (__atomic_load_n(&call.pending, __ATOMIC_ACQUIRE) && !stopping)
        cpu_relax();
    __atomic_store_n(&call.taken, false, __ATOMIC_RELEASE);
}

void on_each_cpu(cpumask_t mask, void (*fn)(void *), void *arg)
{
    smp_call(mask, fn, arg);
    if (mask >> smp_processor_id() & 1) {
        unsigned long flags = local_irq_save();

        fn(arg);
        local_irq_restore(flags);
    }
}

void cpu_kick(unsigned int cpu)
{
    if (cpu != smp_processor_id())
        apic_send_ipi(cpu, EVENT_CHECK_VECTOR);
}

/* Having come here is all: softirqs are looked at on the way back. */
static void event_check(void) {}

void smp_ipi_init(void)
{
    irq_register(CALL_FUNCTION_VECTOR, serve_call);
    irq_register(EVENT_CHECK_VECTOR, event_check);
}

bool smp_stopping(void)
{
    return stopping;
}

void smp_stop_others(void)
{
    if (__atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST))
        return;
    for_each_online_cpu(cpu)
        if (cpu != smp_processor_id())
            apic_send_ipi(cpu, ICR_NMI);
}
