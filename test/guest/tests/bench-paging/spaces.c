/* SPDX-License-Identifier: MIT */
/*
 * Address spaces as an operating system makes them: four tables of their own
 * each, and the kernel's part of the top level shared.
 */
#include "bench.h"

#include <guest/bench.h>
#include <guest/test.h>

#if PAGING_LEVELS == 4

#define SPACES    16u
#define ENTRIES   512u
#define TOP_SLOT  2u
#define SPACE_VA  ((ulong)TOP_SLOT << 39)
#define TABLE     (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define AVAILABLE (1ul << 9) /* a bit of an entry that is the guest's own */

static struct space {
    pte_t l4[ENTRIES], l3[ENTRIES], l2[ENTRIES], l1[ENTRIES];
} spaces[SPACES] PAGE_BSS;

/* All of the tables written, three instructions an entry. */
static void clear(struct space *s)
{
    ulong n = sizeof(*s) / sizeof(pte_t);
    asm volatile("1: movq $0, -8(%[s], %[n], 8); dec %[n]; jnz 1b"
                 : [n] "+r"(n)
                 : [s] "r"(s)
                 : "memory", "cc");
}

static void build(struct space *s, ulong frames, unsigned int pages)
{
    clear(s);
    s->l4[0] = *(pte_t *)page_root;
    s->l4[TOP_SLOT] = (ulong)s->l3 | TABLE;
    s->l3[0] = (ulong)s->l2 | TABLE;
    s->l2[0] = (ulong)s->l1 | TABLE;
    for (unsigned int i = 0; i < pages; i++)
        s->l1[i] = (frames + i * PAGE_SIZE) | TABLE;
}

static void touch(unsigned int pages)
{
    for (unsigned int i = 0; i < pages; i++) {
        uint32_t found = *(volatile uint32_t *)(SPACE_VA + i * PAGE_SIZE);
        if (found != i)
            report_failure("page %u of a new space shows frame %u", i, found);
    }
}

static uint32_t time_new(struct space *s, ulong frames, unsigned int pages)
{
    ulong old = read_cr3();
    uint64_t before = rdtsc();

    build(s, frames, pages);
    write_cr3((ulong)s->l4);
    touch(pages);
    write_cr3(old);
    return rdtsc() - before;
}

static uint32_t time_switch_touch8(ulong cr3)
{
#define TOUCH(i) "mov " #i "*4096(%[va]), %%eax;"
    return TIMED("mov %[cr3], %%cr3;" TOUCH(0) TOUCH(1) TOUCH(2) TOUCH(3) TOUCH(4) TOUCH(5) TOUCH(6)
                     TOUCH(7),
                 [cr3] "r"(cr3), [va] "r"(SPACE_VA));
}

static uint32_t time_store(volatile pte_t *slot, pte_t value)
{
    return TIMED("mov %[value], (%[slot]);", [value] "r"(value), [slot] "r"(slot));
}

void bench_spaces(ulong frames)
{
    ulong cr3 = read_cr3();
    volatile pte_t *top = (pte_t *)page_root;

    for (unsigned int i = 0; i < 4 * SPACES; i++)
        SAMPLE(time_new(&spaces[i % SPACES], frames, 8));
    bench_median("new_mm_touch8", 1);
    for (unsigned int i = 0; i < 4 * SPACES; i++)
        SAMPLE(time_new(&spaces[i % SPACES], frames, 64));
    bench_median("new_mm_touch64", 1);

    for (unsigned int i = 0; i < BENCH_WARM_UP + BENCH_ROUNDS; i++)
        SAMPLE(time_switch_touch8((ulong)spaces[i % 8].l4));
    write_cr3(cr3);
    bench_median("cr3_switch_touch8", 1);

    /* Whoever guards the table has it under guard again each time. */
    pte_t live = *top;
    for (unsigned int i = 0; i < BENCH_WARM_UP + BENCH_ROUNDS; i++) {
        write_cr3(cr3);
        SAMPLE(time_store(top, live ^ (i & 1 ? AVAILABLE : 0)));
    }
    *top = live;
    write_cr3(cr3);
    bench_median("pml4e_write", 1);
}
#else
void bench_spaces(ulong frames)
{
    report_part_skipped("address spaces of four levels");
}
#endif
