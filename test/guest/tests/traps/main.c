/* SPDX-License-Identifier: MIT */
/*
 * Order and place of events: the trap of a single step comes before an
 * interrupt or NMI that the same instruction caused; task switches end the
 * shadow of STI and MOV SS, and their faults belong to the right task; a fault
 * on the way through a task gate makes a double fault.
 * Source: SDM vol. 3A, "Priority Among Concurrent Events", "Task Switching",
 * "Interrupt 8 - Double Fault Exception".
 */
#include <guest/apic.h>
#include <guest/test.h>

#include "traps.h"

const char test_title[] = "Order of traps and interrupts";

static uint32_t irqs_before;

static void stop_stepping(struct regs *regs) __attribute__((used));
static void stop_stepping(struct regs *regs)
{
    irqs_before = irq_log.nr;
    regs->flags &= ~(ulong)EFLAGS_TF;
}

/* Write @low to the ICR while single-stepping with interrupts on. */
static void step_into(const char *what, uint32_t low)
{
    ulong after, flags = EFLAGS_MBS | EFLAGS_TF | EFLAGS_IF;

    irq_reset();
    fault_clear();
    irqs_before = ~0u;
    mmio_write32(APIC_MMIO + APIC_ICR2, apic_id() << 24);
    asm volatile("mov $1f, %[after]\n\t"
                 "push %[flags]\n\tpopf\n\t"
                 "movl %[low], (%[icr])\n"
                 "1:\tnop\n"
                 "2:\tnop\n"
                 "3:\tcli" ASM_FIXUP_CALL(1b, 1b, stop_stepping)
                     ASM_FIXUP_CALL(2b, 2b, stop_stepping) ASM_FIXUP_CALL(3b, 3b, stop_stepping)
                 : [after] "=&r"(after)
                 : [flags] "r"(flags), [low] "r"(low), [icr] "r"((ulong)APIC_MMIO + APIC_ICR)
                 : "memory");
    printk("%s\n", what);
    check_fault("a single step", fault_last(), FAULT(VEC_DB, 0));
    check_equal("right behind the instruction", fault_record.ip, after);
    check_equal("no interrupt was before it", irqs_before, 0);
    check_equal("it came", low & ICR_NMI ? nmi_count : irq_log.nr, 1);
}

void test_main(void)
{
    irq_init();
    if (apic_init()) {
        step_into("interrupt", ICR_FIXED | 0x55);
        step_into("NMI", ICR_NMI);
    } else {
        report_part_skipped("single steps: no local APIC");
    }
    check_tasks();
    report_success(NULL);
}
