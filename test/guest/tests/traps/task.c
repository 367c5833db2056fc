/* SPDX-License-Identifier: MIT */
/* Task switches; 64-bit mode has none. */
#include <guest/test.h>

#include "traps.h"

#ifdef __x86_64__

void check_tasks(void)
{
    report_part_skipped("task switches: not in 64-bit mode");
}

#else

#define TASK_SEL (GDT_SPARE * 8)
#define TASK     0x89 /* an available 32-bit TSS */

struct tss32 {
    uint32_t link, stack[6], cr3, eip, eflags, gpr[8], seg[6], ldt;
    uint16_t trap, iopb;
} __attribute__((packed));
enum { ES, CS, SS, DS, FS, GS };

static struct tss32 task;
static uint8_t task_stack[512] __attribute__((aligned(16)));
extern uint32_t tss[26]; /* the framework's; a switch away does not save CR3 */
extern char task_back[], task_step[];
extern char ts_entry[];
extern uint32_t ts_error, ts_cs, back_sp, back_ip;
uint32_t ts_error, ts_cs, back_sp, back_ip;

/*
 * task_back: a task that only goes back.  ts_entry: the handler of a fault in a
 * task that has no segments yet; leaves it for where back_* point to.
 */
asm("task_step: nop\n"
    "task_back: ljmp $6 * 8, $0\n"
    "ts_entry: mov $2 * 8, %eax; mov %eax, %ds; mov %eax, %es; mov %eax, %ss\n"
    "pop ts_error; add $4, %esp; pop ts_cs\n"
    "mov back_sp, %esp; jmp *back_ip");
_Static_assert(GDT_TSS == 6 && GDT_KERNEL_DS == 2, "as the code above has them");

static void task_make(void (*entry)(void), uint32_t eflags)
{
    task = (struct tss32){.cr3 = read_cr3(), .eip = (ulong)entry, .eflags = eflags};
    task.gpr[4] = (ulong)task_stack + sizeof(task_stack);
    for (unsigned int i = ES; i <= GS; i++)
        task.seg[i] = KERNEL_DS;
    task.seg[CS] = KERNEL_CS;
    gdt[GDT_SPARE] = desc_make((ulong)&task, sizeof(task) - 1, TASK, 0);
}

static void clear_tf(struct regs *regs) __attribute__((used));
static void clear_tf(struct regs *regs)
{
    regs->flags &= ~(ulong)EFLAGS_TF;
}

static void check_shadows(void)
{
    task_make((void (*)(void))task_back, EFLAGS_MBS);
    asm volatile("sti; ljmp %0, $0; cli" : : "i"(TASK_SEL) : "memory");
    check_true("out of the shadow of STI and back", true);

    fault_clear();
    task_make((void (*)(void))task_step, EFLAGS_MBS | EFLAGS_TF);
    asm volatile("mov %%ss, %%eax; mov %%eax, %%ss; ljmp %0, $0" ASM_FIXUP_CALL(task_back,
                                                                                task_back, clear_tf)
                 :
                 : "i"(TASK_SEL)
                 : "eax", "memory");
    check_fault("a task that single-steps, from the shadow of MOV SS", fault_last(),
                FAULT(VEC_DB, 0));
}

/* Switch to the task, which faults with #TS. */
static void switch_and_fault(void)
{
    asm volatile("pusha; mov %%esp, back_sp; movl $1f, back_ip; ljmp %0, $0; 1: popa"
                 :
                 : "i"(TASK_SEL)
                 : "memory");
    gdt[GDT_TSS] &= ~(2ull << 40);
    asm volatile("ltr %w0" : : "r"(TSS_SEL));
}

static void check_bad_segments(void)
{
    struct {
        uint16_t limit;
        ulong base;
    } __attribute__((packed)) idtr;

    asm volatile("sidt %0" : "=m"(idtr));
    uint64_t *gate = &((uint64_t *)idtr.base)[VEC_TS], old = *gate;
    ulong to = (ulong)ts_entry;
    *gate = (to & 0xffff) | KERNEL_CS << 16 | 0x8e00ull << 32 | (uint64_t)(to >> 16) << 48;

    ts_error = ts_cs = ~0u;
    task_make((void (*)(void))task_back, EFLAGS_MBS);
    task.seg[CS] = 0;
    switch_and_fault();
    check_equal("null CS: error code", ts_error, 0);
    check_equal("null CS: what was pushed", ts_cs & 0xffff, 0);

    ts_error = ~0u;
    task_make((void (*)(void))task_back, EFLAGS_MBS);
    task.seg[SS] = USER_DS;
    switch_and_fault();
    check_equal("SS of ring 3: error code", ts_error, USER_DS & ~3);

    ts_error = ~0u;
    task_make((void (*)(void))task_back, EFLAGS_MBS);
    task.seg[SS] = 0;
    switch_and_fault();
    check_equal("null SS: error code", ts_error, 0);
    *gate = old;
}

#if PAGING_LEVELS > 0
/* #PF by a task gate whose TSS is not there: a page fault on the way to one. */
static void check_double_fault(void)
{
    struct {
        uint16_t limit;
        ulong base;
    } __attribute__((packed)) idtr;

    asm volatile("sidt %0" : "=m"(idtr));
    uint64_t *gate = &((uint64_t *)idtr.base)[VEC_PF], old = *gate;
    window_map(0);
    gdt[GDT_SPARE] = desc_make(WINDOW_VA, sizeof(task) - 1, TASK, 0);
    *gate = TASK_SEL << 16 | 0x8500ull << 32;
    fault_clear();
    asm volatile("1: mov %0, %%eax; 2:" ASM_FIXUP(1b, 2b) : : "m"(WINDOW[16]) : "eax");
    *gate = old;
    check_fault("#PF by a task gate without a TSS", fault_last(), FAULT(VEC_DF, 0));
}
#endif

void check_tasks(void)
{
    tss[offsetof(struct tss32, cr3) / 4] = read_cr3();
    check_shadows();
    if (on_xen())
        check_bad_segments();
    else
        report_part_skipped("#TS of CS and SS: by a gate it needs segments, which no task has yet");
#if PAGING_LEVELS > 0
    check_double_fault();
#endif
}

#endif
