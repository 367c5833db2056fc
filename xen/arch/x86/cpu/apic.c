/* SPDX-License-Identifier: MIT */
/*
 * apic.c - the local APIC: as MSRs (x2APIC) where the processor has them,
 * else by memory.  Timer: TSC deadline where present, else one-shot counts.
 * SDM volume 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <asm/traps.h>

#include <asm/config.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <cairn/softirq.h>
#include <cairn/time.h>

#define APIC_BASE_ENABLE (1ul << 11)
#define APIC_BASE_X2APIC (1ul << 10)
#define X2APIC_MSR(reg)  (0x800 + ((reg) >> 4))

#define APIC_ID            0x20
#define APIC_VERSION       0x30
#define APIC_TPR           0x80
#define APIC_EOI           0xb0
#define APIC_SPIV          0xf0
#define APIC_ICR           0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_PERF      0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define LVT_MASKED       0x10000u
#define LVT_TSC_DEADLINE 0x40000u
#define SPIV_ENABLE      0x100u
#define DIVIDE_BY_1      0xbu
#define ICR_ASSERT       0x4000u
#define ICR_BUSY         0x1000u
#define ICR_SPIN_LIMIT   1000000u

static bool opt_x2apic = true;
boolean_param("x2apic", opt_x2apic);

static bool x2apic, tsc_deadline;
static volatile uint32_t *apic_regs;
static uint64_t timer_ticks_per_tsc; /* APIC timer ticks a TSC tick, << 32 */
static uint32_t cpu_apic_id[NR_CPUS];

static uint32_t apic_read(unsigned int reg)
{
    return x2apic ? (uint32_t)rdmsr(X2APIC_MSR(reg)) : apic_regs[reg / 4];
}

static void apic_write(unsigned int reg, uint32_t v)
{
    if (x2apic)
        wrmsr(X2APIC_MSR(reg), v);
    else
        apic_regs[reg / 4] = v;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return x2apic ? id : id >> 24;
}

/* ---- interprocessor interrupts ---- */

static void wait_for_icr(void)
{
    for (unsigned int i = 0; i < ICR_SPIN_LIMIT && (apic_read(APIC_ICR) & ICR_BUSY); i++)
        cpu_relax();
}

void apic_send(uint32_t id, uint32_t command)
{
    unsigned long flags = local_irq_save();

    command |= ICR_ASSERT;
    if (x2apic) {
        /* WRMSR to an x2APIC register orders nothing: what we wrote for the
         * other CPU must be there first. */
        __asm__ volatile("mfence" ::: "memory");
        wrmsr(X2APIC_MSR(APIC_ICR), (uint64_t)id << 32 | command);
    } else {
        wait_for_icr();
        apic_write(APIC_ICR_HIGH, id << 24);
        apic_write(APIC_ICR, command);
    }
    local_irq_restore(flags);
}

void apic_send_ipi(unsigned int cpu, uint32_t command)
{
    apic_send(cpu_apic_id[cpu], command);
}

void apic_set_cpu_id(unsigned int cpu, uint32_t id)
{
    cpu_apic_id[cpu] = id;
}

bool apic_can_address(uint32_t id)
{
    return x2apic || id < 0xff;
}

/* ---- timer ---- */

static void timer_interrupt(void)
{
    softirq_raise(TIMER_SOFTIRQ);
}

void apic_timer_arm(uint64_t deadline)
{
    uint64_t now, ticks;

    if (tsc_deadline) {
        wrmsr(MSR_IA32_TSC_DEADLINE, deadline);
        return;
    }
    if (!deadline) {
        apic_write(APIC_TIMER_INITIAL, 0);
        return;
    }
    now = rdtsc();
    ticks = deadline > now ? deadline - now : 0;
    ticks = ((unsigned __int128)ticks * timer_ticks_per_tsc) >> 32;
    /* Firing early is harmless: the softirq arms it again. */
    apic_write(APIC_TIMER_INITIAL, ticks < 1 ? 1 : ticks > UINT32_MAX ? UINT32_MAX : ticks);
}

void apic_timer_calibrate_start(void)
{
    if (!tsc_deadline)
        apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
}

void apic_timer_calibrate_end(uint64_t tsc_ticks)
{
    uint64_t count;

    if (tsc_deadline)
        return;
    count = UINT32_MAX - apic_read(APIC_TIMER_CURRENT);
    apic_write(APIC_TIMER_INITIAL, 0);
    timer_ticks_per_tsc = (count << 32) / (tsc_ticks ? tsc_ticks : 1);
    if (!timer_ticks_per_tsc)
        panic("APIC timer does not count: %lu ticks in %lu of the TSC", count, tsc_ticks);
}

void apic_init(void)
{
    uint64_t base = rdmsr(MSR_IA32_APIC_BASE);

    if (!(host_cpu.leaf1.d >> 9 & 1))
        panic("no local APIC (CPUID 1 EDX bit 9)");
    x2apic = host_cpu.has_x2apic && opt_x2apic;
    if (base & APIC_BASE_X2APIC)
        x2apic = true; /* firmware's choice cannot be undone without a reset */
    if (!x2apic)
        apic_regs = ioremap(_maddr(base & PTE_ADDR_MASK), PAGE_SIZE);
    tsc_deadline = host_cpu.has_tsc_deadline;
    irq_register(LOCAL_TIMER_VECTOR, timer_interrupt);
    smp_ipi_init();
    apic_cpu_init();
    apic_set_cpu_id(0, apic_id());
    printk(XENLOG_INFO "APIC: id %u version %#x, %s, timer %s\n", apic_id(),
           apic_read(APIC_VERSION), x2apic ? "x2APIC" : "xAPIC",
           tsc_deadline ? "TSC deadline" : "one-shot");
}

void apic_cpu_init(void)
{
    uint64_t base = rdmsr(MSR_IA32_APIC_BASE);

    wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_ENABLE);
    if (x2apic)
        wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_MASKED);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    apic_write(APIC_SPIV, SPIV_ENABLE | SPURIOUS_VECTOR);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, LOCAL_TIMER_VECTOR | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
    __asm__ volatile("mfence" ::: "memory"); /* before the first deadline, says the SDM */
}
