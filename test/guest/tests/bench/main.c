/* SPDX-License-Identifier: MIT */
/*
 * How long is the path through the hypervisor?  The median of many rounds of
 * each operation; the rows are those of the project's performance table.
 *
 * The verdict only says that the run was complete.  Operations that need a
 * hypervisor are left out when bare.  OUT writes a NUL to port 0xe9, Xen's debug
 * console, which ignores it; IN reads port 0x2f0, which nobody owns.
 * event_wake: from before EVTCHNOP_send to behind the SCHEDOP_poll of another
 * vCPU, which slept in it; both share a CPU.
 */
#include <guest/ap.h>
#include <guest/apic.h>
#include <guest/bench.h>
#include <guest/test.h>

const char test_title[] = "Microbenchmarks";

#define MSR_APIC_BASE 0x1b

#ifdef __x86_64__
#define ARG1    "%%edi"
#define ARG2    "%%esi"
#define ARGS    , "rdi", "rsi"
#define SKIP_UD "addq $2, (%rsp); iretq"
#else
#define ARG1 "%%ebx"
#define ARG2 "%%ecx"
#define ARGS
#define SKIP_UD "addl $2, (%esp); iretl"
#endif

/* Steps over UD2 in two instructions. */
void bench_skip_ud(void);
asm(".text; bench_skip_ud: " SKIP_UD);

/* As TIMED(), but the operation may destroy more. */
#define BENCH(name, op)                                               \
    static uint32_t run_##name(ulong value, ulong cx)                 \
    {                                                                 \
        uint32_t before, after;                                       \
                                                                      \
        asm volatile("rdtsc; mov %%eax, %[before]; " op " rdtsc"      \
                     : "=&a"(after), [before] "=&r"(before), "+c"(cx) \
                     : [value] "r"(value)                             \
                     : "ebx", "edx", "memory", "cc" ARGS);            \
        return after - before;                                        \
    }

BENCH(empty, "")
BENCH(cpuid_0, "xor %%eax, %%eax; cpuid;")
BENCH(cpuid_xen, "mov $0x40000000, %%eax; cpuid;")
BENCH(version, "mov $17, %%eax; xor " ARG1 ", " ARG1 "; xor " ARG2 ", " ARG2 "; vmcall;")
BENCH(yield, "mov $29, %%eax; xor " ARG1 ", " ARG1 "; xor " ARG2 ", " ARG2 "; vmcall;")
BENCH(out, "xor %%eax, %%eax; out %%al, $0xe9;")
BENCH(in, "mov $0x2f0, %%edx; in %%dx, %%al;")
BENCH(rdmsr, "rdmsr;")
BENCH(wrmsr, "mov %k[value], %%eax; xor %%edx, %%edx; wrmsr;")
BENCH(cr0, "mov %[value], %%cr0;")
BENCH(ud2, "ud2;")

static void bench(const char *name, uint32_t (*run)(ulong, ulong), ulong value, ulong toggle,
                  ulong cx)
{
    for (unsigned int i = 0; i < BENCH_WARM_UP + BENCH_ROUNDS; i++)
        SAMPLE(run(value ^ (i & 1 ? toggle : 0), cx));
    bench_median(name, 1);
}

#ifdef __x86_64__
static struct shared_info shared PAGE_BSS;
static evtchn_port_t port[2]; /* wakes vCPU 0, 1 */
static volatile uint32_t woken;
#define WAKES (BENCH_WARM_UP + BENCH_ROUNDS)

/* Until an event arrives for this vCPU, which is then taken. */
static void sleep_on(unsigned int vcpu)
{
    volatile ulong *word = &shared.evtchn_pending[port[vcpu] / 64];
    ulong bit = 1ul << port[vcpu] % 64;
    struct sched_poll poll = {.nr_ports = 1};

    poll.ports.p = &port[vcpu];
    while (!(*word & bit))
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}

static void answer(ulong unused)
{
    for (unsigned int i = 0; i < WAKES; i++) {
        sleep_on(1);
        woken = rdtsc();
        xen_evtchn_send(port[0]);
    }
}

static uint32_t wake_other(void)
{
    /* It may have been interrupted on its way to sleep. */
    for (unsigned int i = 0; i < 4; i++)
        xen_yield();
    uint32_t before = rdtsc();
    xen_evtchn_send(port[1]);
    sleep_on(0);
    return woken - before;
}

static void bench_wake(void)
{
    check_equal("shared_info", xen_map_page(XENMAPSPACE_shared_info, 0, &shared), 0);
    for (unsigned int i = 0; i < 2; i++) {
        struct evtchn_bind_ipi ipi = {.vcpu = i};

        check_equal("bind_ipi", hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi),
                    0);
        port[i] = ipi.port;
        shared.evtchn_mask[ipi.port / 64] |= 1ul << ipi.port % 64;
    }
    irq_init();
    ap_init();
    if (!ap_startup()) {
        report_failure("the second vCPU does not start");
        return;
    }
    ap_run_nowait(answer, 0);
    for (unsigned int i = 0; i < WAKES; i++)
        SAMPLE(wake_other());
    bench_median("event_wake", 1);
}
#else
static void bench_wake(void) {}
#endif

/* Another domain that does the same is what `yield` then switches to. */
static void yield_for_ever(void)
{
    printk("bench: yielding\n");
    for (;;)
        xen_yield();
}

void test_main(void)
{
    ulong cr0 = read_cr0(), efer = rdmsr(MSR_EFER);

    if (cmdline_has("yield"))
        yield_for_ever();
    bench_init();
    bench("empty", run_empty, 0, 0, 0);
    bench("cpuid_0", run_cpuid_0, 0, 0, 0);
    bench("cpuid_xen", run_cpuid_xen, 0, 0, 0);
    if (on_xen()) {
        bench("hypercall", run_version, 0, 0, 0);
        bench("yield", run_yield, 0, 0, 0);
    } else {
        report_part_skipped("hypercall, yield");
    }
    bench("out", run_out, 0, 0, 0);
    bench("in_unhandled", run_in, 0, 0, 0);
    bench("rdmsr_apicbase", run_rdmsr, 0, 0, MSR_APIC_BASE);
    bench("rdmsr_efer", run_rdmsr, 0, 0, MSR_EFER);
    bench("wrmsr_efer_same", run_wrmsr, efer, 0, MSR_EFER);
    bench("wrmsr_efer_toggle", run_wrmsr, efer, EFER_SCE, MSR_EFER);
    wrmsr(MSR_EFER, efer);
    bench("cr0_toggle_ts", run_cr0, cr0, CR0_TS, 0);
    write_cr0(cr0);
    bench("cr0_toggle_wp", run_cr0, cr0, CR0_WP, 0);
    write_cr0(cr0);
    idt_set_gate(VEC_UD, bench_skip_ud, 0);
    bench("ud2", run_ud2, 0, 0, 0);
    idt_restore_gate(VEC_UD);
    if (on_xen())
        bench_wake();
    report_success(NULL);
}
