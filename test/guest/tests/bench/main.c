/* SPDX-License-Identifier: MIT */
/*
 * How long is the path through the hypervisor?  The median of many rounds of
 * each operation; the rows are those of the project's performance table.
 *
 * The verdict only says that the run was complete.  Operations that need a
 * hypervisor are left out when bare.  OUT writes a NUL to port 0xe9, Xen's debug
 * console, which ignores it; IN reads port 0x2f0, which nobody owns.
 */
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
    report_success(NULL);
}
