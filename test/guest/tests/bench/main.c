/* SPDX-License-Identifier: MIT */
/*
 * How long is the path through the hypervisor?  Each operation is done ROUNDS
 * times between two RDTSC after a warm-up; the line `bench: op ticks` gives the
 * median, the two RDTSC's own cost included (`bench: empty`).  On Bochs, whose
 * counter counts instructions, the figures are exact and repeatable; elsewhere
 * they are cycles of a machine that does other things too.
 *
 * The verdict only says that the run was complete.  Operations that need a
 * hypervisor are left out when bare.  OUT writes a NUL to port 0xe9, Xen's debug
 * console, which ignores it; IN reads port 0x2f0, which nobody owns.  The rows are
 * those of the project's performance table.
 */
#include <guest/test.h>

const char test_title[] = "Microbenchmarks";

#define ROUNDS        501
#define WARM_UP       16
#define MSR_APIC_BASE 0x1b

static uint32_t samples[ROUNDS];

/* Shell sort: small, and good enough for 500. */
static uint32_t median(void)
{
    for (unsigned int gap = ROUNDS / 2; gap; gap /= 2)
        for (unsigned int i = gap; i < ROUNDS; i++)
            for (unsigned int j = i; j >= gap && samples[j - gap] > samples[j]; j -= gap) {
                uint32_t swap = samples[j];

                samples[j] = samples[j - gap];
                samples[j - gap] = swap;
            }
    return samples[ROUNDS / 2];
}

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

struct operands {
    ulong value;  /* in a register of the compiler's choice */
    ulong toggle; /* inverted in it every other round */
    ulong cx;
};

/*
 * A function per operation.  Everything between the two RDTSC is one asm
 * statement, so that the compiler adds nothing; what RDTSC does not destroy is
 * loaded before it.  Saving the first reading costs one MOV, which is in every
 * figure, `empty` too.
 */
#define BENCH(name, op)                                                   \
    static void run_##name(const struct operands *o)                      \
    {                                                                     \
        for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++) {             \
            ulong value = o->value ^ (i & 1 ? o->toggle : 0), cx = o->cx; \
            uint32_t before, after;                                       \
                                                                          \
            asm volatile("rdtsc; mov %%eax, %[before]; " op " rdtsc"      \
                         : "=&a"(after), [before] "=&r"(before), "+c"(cx) \
                         : [value] "r"(value)                             \
                         : "ebx", "edx", "memory", "cc" ARGS);            \
            samples[i % ROUNDS] = after - before;                         \
        }                                                                 \
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

static void bench(const char *name, void (*run)(const struct operands *), ulong value, ulong toggle,
                  ulong cx)
{
    struct operands o = {value, toggle, cx};

    run(&o);
    printk("bench: %s %u\n", name, median());
}

void test_main(void)
{
    ulong cr0 = read_cr0();

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
    bench("wrmsr_efer_same", run_wrmsr, rdmsr(MSR_EFER), 0, MSR_EFER);
    bench("cr0_toggle_ts", run_cr0, cr0, CR0_TS, 0);
    write_cr0(cr0);
    bench("cr0_toggle_wp", run_cr0, cr0, CR0_WP, 0);
    write_cr0(cr0);
    idt_set_gate(VEC_UD, bench_skip_ud, 0);
    bench("ud2", run_ud2, 0, 0, 0);
    idt_restore_gate(VEC_UD);
    report_success(NULL);
}
