/* SPDX-License-Identifier: MIT */
/*
 * What page tables cost: the rows of the project's performance table about
 * shadow paging, which are of interest under EPT and bare as well.
 *
 * 512 pages at BENCH_WINDOW are mapped by a table of their own to 512 frames.
 * A figure is a mean over 512 pages where each is touched once, a median
 * otherwise.  What is read is checked, so a stale translation fails the test.
 */
#include "bench.h"

#include <guest/bench.h>
#include <guest/test.h>

const char test_title[] = "Microbenchmarks of paging";

#define PAGES        512u
#define BENCH_WINDOW 0x40000000ul
#define FRAMES       0x800000ul /* 2 MiB of RAM that nobody uses */
#define FILL_ROUNDS  33u
#define RW           (PTE_P | PTE_RW)

static pte_t table[PAGES] PAGE_BSS;
static uint8_t second_root[PAGE_SIZE] PAGE_BSS;

volatile pte_t *fault_slot;
pte_t fault_value;
void bench_skip_load(void);
void bench_make_present(void);
void bench_make_writable(void);

/* The load is of two bytes in both modes: mov (%reg), %eax. */
#ifdef __x86_64__
asm(".text; bench_skip_load: addq $8, %rsp; addq $2, (%rsp); iretq;"
    "bench_make_present: push %rax; push %rcx; mov fault_slot(%rip), %rcx;"
    "mov fault_value(%rip), %rax; mov %rax, (%rcx); pop %rcx; pop %rax; addq $8, %rsp; iretq;"
    "bench_make_writable: push %rax; push %rdx; mov fault_slot(%rip), %rdx;"
    "mov fault_value(%rip), %rax; mov %rax, (%rdx); invlpg (%rcx); pop %rdx; pop %rax;"
    "addq $8, %rsp; iretq");
#else
asm(".text; bench_skip_load: addl $4, %esp; addl $2, (%esp); iretl;"
    "bench_make_present: push %eax; push %ecx; mov fault_slot, %ecx;"
    "mov fault_value, %eax; mov %eax, (%ecx); pop %ecx; pop %eax; addl $4, %esp; iretl;"
    "bench_make_writable: push %eax; push %edx; mov fault_slot, %edx;"
    "mov fault_value, %eax; mov %eax, (%edx); invlpg (%ecx); pop %edx; pop %eax;"
    "addl $4, %esp; iretl");
#endif

static uint32_t time_read(ulong va)
{
    return TIMED("mov (%[va]), %%eax;", [va] "c"(va));
}
static uint32_t time_write(ulong va)
{
    return TIMED("movl $7, 4(%[va]);", [va] "c"(va));
}
static uint32_t time_cr3(ulong cr3)
{
    return TIMED("mov %[cr3], %%cr3;", [cr3] "r"(cr3));
}
static uint32_t time_invlpg(ulong va)
{
    return TIMED("invlpg (%[va]);", [va] "r"(va));
}
static uint32_t time_cr4(ulong cr4)
{
    return TIMED("mov %[cr4], %%cr4;", [cr4] "r"(cr4));
}
static uint32_t time_remap(ulong va, volatile pte_t *slot, ulong value)
{
    return TIMED("mov %[value], (%[slot]); invlpg (%[va]); mov (%[va]), %%eax;", [va] "c"(va),
                 [slot] "r"(slot), [value] "r"(value));
}

static void flush(void)
{
    write_cr3(read_cr3());
}

static ulong va_of(unsigned int i)
{
    return BENCH_WINDOW + i * PAGE_SIZE;
}

static ulong frame_of(unsigned int i)
{
    return FRAMES + i * PAGE_SIZE;
}

/* 0: all absent. */
static void fill(pte_t flags)
{
    for (unsigned int i = 0; i < PAGES; i++)
        table[i] = flags ? frame_of(i) | flags : 0;
    flush();
}

/* The same, with nothing left that anybody cached before. */
static void refill(pte_t flags)
{
    fill(0);
    fill(flags);
}

/* 512 entries that were absent, then a read of each page. */
static uint32_t time_fill(void)
{
    uint64_t before = rdtsc();
    for (unsigned int i = 0; i < PAGES; i++)
        ((volatile pte_t *)table)[i] = frame_of(i) | RW | PTE_A | PTE_D;
    for (unsigned int i = 0; i < PAGES; i++)
        *(volatile uint32_t *)va_of(i);
    return rdtsc() - before;
}

static void check(unsigned int i, unsigned int frame)
{
    if (*(volatile uint32_t *)va_of(i) != frame)
        report_failure("page %u shows frame %u, not %u", i, *(volatile uint32_t *)va_of(i), frame);
}

static void check_all(void)
{
    for (unsigned int i = 0; i < PAGES; i++)
        check(i, i);
}

static void mean(const char *name, uint32_t (*op)(ulong), bool downwards)
{
    for (unsigned int i = 0; i < PAGES; i++)
        SAMPLE(op(va_of(downwards ? PAGES - 1 - i : i)));
    bench_mean(name);
    check_all();
}

#define FOR_EACH_ROUND(i) for (unsigned int i = 0; i < BENCH_WARM_UP + BENCH_ROUNDS; i++)

static void bench_roots(void)
{
    ulong cr3[2] = {read_cr3(), (ulong)second_root}, cr4 = read_cr4();

    memcpy(second_root, (void *)(cr3[0] & ~0xffful), PAGE_SIZE);
    FOR_EACH_ROUND(i)
    SAMPLE(time_cr3(cr3[0]));
    bench_median("mov_cr3_same", 1);
    FOR_EACH_ROUND(i)
    SAMPLE(time_cr3(cr3[i & 1]));
    write_cr3(cr3[0]);
    bench_median("cr3_switch", 1);
    FOR_EACH_ROUND(i)
    SAMPLE(time_cr4(cr4 ^ (i & 1 ? CR4_PGE : 0)));
    write_cr4(cr4);
    bench_median("cr4_toggle_pge", 1);
}

/* Between two frames, so that a stale translation shows. */
static void remap_page_0(const char *name, bool in_sync)
{
    FOR_EACH_ROUND(i)
    {
        unsigned int frame = i & 1 ? 9 : 0;
        if (in_sync)
            flush();
        SAMPLE(time_remap(va_of(0), &table[0], frame_of(frame) | RW | PTE_A | PTE_D));
        check(0, frame);
    }
    bench_median(name, 1);
}

static void bench_entries(void)
{
    FOR_EACH_ROUND(i)
    SAMPLE(time_invlpg(va_of(0)));
    bench_median("invlpg_mapped", 1);
    remap_page_0("kmap", false);
    remap_page_0("remap", true);
    table[0] = FRAMES | RW;
    flush();
    for (unsigned int round = 0; round < FILL_ROUNDS; round++) {
        fill(0);
        SAMPLE(time_fill());
        check_all();
    }
    bench_median("fill512", PAGES);
}

static void first_touches(void)
{
    refill(RW | PTE_A | PTE_D);
    mean("first_touch_ADset", time_read, false);
    refill(RW | PTE_A | PTE_D);
    mean("first_touch_reverse", time_read, true);
    refill(RW);
    mean("first_touch_Aclear", time_read, false);
    mean("first_write_Dclear", time_write, false);
    for (unsigned int i = 0; i < PAGES; i++)
        if (!(table[i] & PTE_A) || !(table[i] & PTE_D))
            report_failure("page %u: accessed or dirty bit missing", i);
}

/* Each page once, with a handler that makes it what the access wants. */
static void solve_faults(const char *name, uint32_t (*op)(ulong), pte_t flags)
{
    for (unsigned int i = 0; i < PAGES; i++) {
        fault_slot = &table[i];
        fault_value = frame_of(i) | flags;
        SAMPLE(op(va_of(i)));
    }
    bench_mean(name);
    idt_restore_gate(VEC_PF);
    check_all();
}

static void bench_faults(void)
{
    idt_set_gate(VEC_PF, bench_skip_load, 0);
    table[1] = 0;
    flush();
    FOR_EACH_ROUND(i)
    SAMPLE(time_read(va_of(1)));
    bench_median("pf_reflect", 1);

    fill(0);
    idt_set_gate(VEC_PF, bench_make_present, 0);
    solve_faults("demand_fault", time_read, RW);

    fill(PTE_P | PTE_A);
    check_all();
    idt_set_gate(VEC_PF, bench_make_writable, 0);
    solve_faults("cow_fault", time_write, RW | PTE_A | PTE_D);
}

void test_main(void)
{
    bench_init();
    page_l2[BENCH_WINDOW / LARGE_SIZE] = (ulong)table | RW | PTE_US;
    fill(RW);
    for (unsigned int i = 0; i < PAGES; i++)
        *(volatile uint32_t *)va_of(i) = i;

    bench_roots();
    bench_entries();
    first_touches();
    bench_faults();
    bench_spaces(FRAMES);
    report_success(NULL);
}
