/* SPDX-License-Identifier: MIT */
/*
 * What page tables cost: the rows of the project's performance table about
 * shadow paging, which are of interest under EPT and bare as well.
 *
 * 512 pages at BENCH_WINDOW are mapped by a table of their own to 512 frames.  Each
 * line `bench: op ticks` is a mean over 512 pages where each is touched once,
 * a median of 501 otherwise; the cost of two RDTSC included.  What is read is
 * checked, so a stale translation fails the test.
 */
#include <guest/test.h>

const char test_title[] = "Microbenchmarks of paging";

#define ROUNDS       501
#define WARM_UP      8
#define PAGES        512u
#define BENCH_WINDOW 0x40000000ul
#define FRAMES       0x800000ul /* 2 MiB of RAM that nobody uses */
#define RW           (PTE_P | PTE_RW)

static pte_t table[PAGES] PAGE_BSS;
static uint8_t second_root[PAGE_SIZE] PAGE_BSS;
static uint32_t samples[ROUNDS];

volatile pte_t *fault_slot;
pte_t fault_value;
void bench_skip_load(void);
void bench_make_present(void);

/* The load is of two bytes in both modes: mov (%reg), %eax. */
#ifdef __x86_64__
asm(".text; bench_skip_load: addq $8, %rsp; addq $2, (%rsp); iretq;"
    "bench_make_present: push %rax; push %rcx; mov fault_slot(%rip), %rcx;"
    "mov fault_value(%rip), %rax; mov %rax, (%rcx); pop %rcx; pop %rax; addq $8, %rsp; iretq");
#else
asm(".text; bench_skip_load: addl $4, %esp; addl $2, (%esp); iretl;"
    "bench_make_present: push %eax; push %ecx; mov fault_slot, %ecx;"
    "mov fault_value, %eax; mov %eax, (%ecx); pop %ecx; pop %eax; addl $4, %esp; iretl");
#endif

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

#define TIMED(op, ...)                                           \
    ({                                                           \
        uint32_t before_, after_;                                \
        asm volatile("rdtsc; mov %%eax, %[before]; " op " rdtsc" \
                     : "=&a"(after_), [before] "=&r"(before_)    \
                     : __VA_ARGS__                               \
                     : "edx", "memory", "cc");                   \
        after_ - before_;                                        \
    })

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

static void fill(pte_t flags)
{
    for (unsigned int i = 0; i < PAGES; i++)
        table[i] = (FRAMES + i * PAGE_SIZE) | flags;
    flush();
}

/* The same, with nothing left that anybody cached before. */
static void refill(pte_t flags)
{
    for (unsigned int i = 0; i < PAGES; i++)
        table[i] = 0;
    flush();
    fill(flags);
}

static void check(unsigned int i, unsigned int frame)
{
    if (*(volatile uint32_t *)va_of(i) != frame)
        report_failure("page %u shows frame %u, not %u", i, *(volatile uint32_t *)va_of(i), frame);
}

static void mean(const char *name, uint32_t (*op)(ulong), bool downwards)
{
    uint64_t sum = 0;
    for (unsigned int i = 0; i < PAGES; i++)
        sum += op(va_of(downwards ? PAGES - 1 - i : i));
    printk("bench: %s %u\n", name, (uint32_t)(sum >> 9));
    for (unsigned int i = 0; i < PAGES; i++)
        check(i, i);
}

static void bench_roots(void)
{
    ulong cr3[2] = {read_cr3(), (ulong)second_root}, cr4 = read_cr4();

    memcpy(second_root, (void *)(cr3[0] & ~0xffful), PAGE_SIZE);
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++)
        samples[i % ROUNDS] = time_cr3(cr3[0]);
    printk("bench: mov_cr3_same %u\n", median());
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++)
        samples[i % ROUNDS] = time_cr3(cr3[i & 1]);
    write_cr3(cr3[0]);
    printk("bench: cr3_switch %u\n", median());
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++) {
        uint32_t ticks = time_cr3(cr3[i & 1]);
        for (unsigned int page = 0; page < 8; page++)
            ticks += time_read(va_of(page));
        samples[i % ROUNDS] = ticks;
    }
    write_cr3(cr3[0]);
    printk("bench: cr3_switch_touch8 %u\n", median());
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++)
        samples[i % ROUNDS] = time_cr4(cr4 ^ (i & 1 ? CR4_PGE : 0));
    write_cr4(cr4);
    printk("bench: cr4_toggle_pge %u\n", median());
}

static void bench_entries(void)
{
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++)
        samples[i % ROUNDS] = time_invlpg(va_of(0));
    printk("bench: invlpg_mapped %u\n", median());

    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++) {
        unsigned int frame = i & 1 ? 9 : 0;
        samples[i % ROUNDS] =
            time_remap(va_of(0), &table[0], (FRAMES + frame * PAGE_SIZE) | RW | PTE_A | PTE_D);
        check(0, frame);
    }
    printk("bench: kmap %u\n", median());

    /* As kmap, but the table is in sync each time. */
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++) {
        unsigned int frame = i & 1 ? 9 : 0;
        flush();
        samples[i % ROUNDS] =
            time_remap(va_of(0), &table[0], (FRAMES + frame * PAGE_SIZE) | RW | PTE_A | PTE_D);
        check(0, frame);
    }
    printk("bench: remap %u\n", median());
    table[0] = FRAMES | RW;
    flush();
}

static void bench_faults(void)
{
    idt_set_gate(VEC_PF, bench_skip_load, 0);
    table[1] = 0;
    flush();
    for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++)
        samples[i % ROUNDS] = time_read(va_of(1));
    printk("bench: pf_reflect %u\n", median());

    idt_set_gate(VEC_PF, bench_make_present, 0);
    for (unsigned int i = 0; i < PAGES; i++)
        table[i] = 0;
    flush();
    uint64_t sum = 0;
    for (unsigned int i = 0; i < PAGES; i++) {
        fault_slot = &table[i];
        fault_value = (FRAMES + i * PAGE_SIZE) | RW;
        sum += time_read(va_of(i));
    }
    printk("bench: demand_fault %u\n", (uint32_t)(sum >> 9));
    idt_restore_gate(VEC_PF);
    for (unsigned int i = 0; i < PAGES; i++)
        check(i, i);
}

void test_main(void)
{
    page_l2[BENCH_WINDOW / LARGE_SIZE] = (ulong)table | RW | PTE_US;
    fill(RW);
    for (unsigned int i = 0; i < PAGES; i++)
        *(volatile uint32_t *)va_of(i) = i;

    bench_roots();
    bench_entries();
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
    bench_faults();
    report_success(NULL);
}
