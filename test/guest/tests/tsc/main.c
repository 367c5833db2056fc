/* SPDX-License-Identifier: MIT */
/*
 * The TSC, whatever its frequency is, agrees with what else tells the time:
 * the frequency in Xen's CPUID leaf, the clock of vcpu_time_info, the deadline
 * timer; judged by the local APIC's timer, which counts at 100 MHz under Xen.
 * That holds too after the TSC was written.
 *
 * With `wait' on the command line the domain may be saved and restored before
 * the second time that all of it is looked at.
 */
#include <guest/apic.h>
#include <guest/test.h>
#include <guest/xenstore.h>

const char test_title[] = "The TSC and who relies on it";

#define VECTOR    0x81
#define APIC_KHZ  100000u
#define MSR_TSC   0x10
#define SPAN_MS   50u
#define NS(ms)    ((ms)*1000000ull)
#define TICKS(ms) ((uint64_t)(ms)*khz)

static struct shared_info shared PAGE_BSS;
static uint32_t khz;

static uint64_t system_time(void)
{
    return xen_system_time(&shared.vcpu_info[0]);
}

static bool near(uint64_t value, uint64_t wanted, uint64_t allowed)
{
    bool ok = value + allowed >= wanted && value <= wanted + allowed;

    if (!ok)
        printk("  %lu, not %lu\n", (ulong)value, (ulong)wanted);
    return ok;
}

/* The three clocks at one moment: nobody else ran meanwhile. */
struct clocks {
    uint64_t tsc, ns;
    uint32_t count;
};

static struct clocks look(void)
{
    struct clocks c;

    do {
        c.tsc = rdtsc();
        c.count = apic_read(APIC_TMCCT);
        c.ns = system_time();
    } while (rdtsc() - c.tsc > TICKS(1));
    return c;
}

/* SPAN_MS by the local APIC. */
static void check_rates(void)
{
    apic_write(APIC_TDCR, 0xb); /* by 1 */
    apic_write(APIC_LVTT, LVT_MASKED | VECTOR);
    apic_write(APIC_TMICT, ~0u);
    struct clocks begin = look(), end;
    do {
        end = look();
    } while (begin.count - end.count < SPAN_MS * APIC_KHZ);
    uint32_t us = (begin.count - end.count) / (APIC_KHZ / 1000);
    check_true("the TSC's frequency",
               near((end.tsc - begin.tsc) * 1000, (uint64_t)us * khz, TICKS(1000)));
    check_true("the clock of vcpu_time_info", near(end.ns - begin.ns, us * 1000ull, NS(1)));
}

static void arm(uint64_t ticks)
{
    irq_reset();
    apic_write(APIC_LVTT, LVT_DEADLINE | VECTOR);
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + ticks);
}

static void check_deadline(void)
{
    if (!(cpuid(1, 0).c & (1u << 24))) {
        report_part_skipped("TSC deadline: CPUID lacks it");
        return;
    }
    uint64_t ns = system_time();
    arm(TICKS(SPAN_MS));
    uint64_t deadline = rdmsr(MSR_TSC_DEADLINE);
    asm volatile("sti; hlt; cli" : : : "memory");
    check_true("not before the deadline", rdtsc() >= deadline);
    check_equal("its interrupt", irq_log.count[VECTOR], 1);
    check_true("the time it took", near(system_time() - ns, NS(SPAN_MS), NS(30)));

    arm(TICKS(100000));
    wrmsr(MSR_TSC, rdmsr(MSR_TSC_DEADLINE) + 1);
    irq_on();
    check_true("the TSC set past the deadline", irq_wait(1, 1));
    irq_off();
}

/* Others may run in between. */
static void check_write(void)
{
    static const uint64_t values[] = {0, 1ull << 40, 1ull << 63, 12345};

    for (unsigned int i = 0; i < ARRAY_SIZE(values); i++) {
        uint64_t ns = system_time();
        wrmsr(MSR_TSC, values[i]);
        uint64_t by_msr = rdmsr(MSR_TSC), by_insn = rdtsc();
        check_true("a written TSC",
                   by_msr - values[i] < TICKS(100) && by_insn - by_msr < TICKS(100));
        check_true("the clock does not mind", near(system_time(), ns, NS(100)));
    }
}

static void check_all(const char *when)
{
    khz = cpuid(xen_cpuid_base + 3, 0).c;
    printk("  %s: TSC %u kHz, the host's %u kHz\n", when, khz, cpuid(xen_cpuid_base + 3, 2).a);
    check_rates();
    check_deadline();
    check_write();
    check_rates();
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("needs Xen");
        return;
    }
    irq_init();
    if (!apic_init() || xen_map_page(XENMAPSPACE_shared_info, 0, &shared)) {
        report_error("cannot set up");
        return;
    }
    check_all("before");
    if (cmdline_has("wait")) {
        uint64_t tsc = rdtsc();
        check_true("ready, and let go", xenstore_await_go());
        check_true("the TSC went on", rdtsc() - tsc < TICKS(60000));
        check_true("its page again", !xen_map_page(XENMAPSPACE_shared_info, 0, &shared));
        check_all("after");
    }
    report_success(NULL);
}
