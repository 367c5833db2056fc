/* SPDX-License-Identifier: MIT */
/*
 * Order and place of events: the trap of a single step comes before an
 * interrupt or NMI that the same instruction caused; task switches end the
 * shadow of STI and MOV SS, and their faults belong to the right task; a fault
 * on the way through a task gate makes a double fault; and forced emulation
 * knows the MSRs that the processor reads without exits.
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

/* The trap of a stepped HLT ends it.  Bochs sleeps on. */
static void step_over_hlt(void)
{
    ulong after, flags = EFLAGS_MBS | EFLAGS_TF;

    if (!on_xen()) {
        report_part_skipped("HLT in a single step: Bochs waits for an interrupt");
        return;
    }
    fault_clear();
    asm volatile("mov $1f, %[after]\n\t"
                 "push %[flags]\n\tpopf\n\t"
                 "hlt\n"
                 "1:\tcli" ASM_FIXUP_CALL(1b, 1b, stop_stepping)
                 : [after] "=&r"(after)
                 : [flags] "r"(flags)
                 : "memory");
    check_fault("HLT in a single step", fault_last(), FAULT(VEC_DB, 0));
    check_equal("right behind it", fault_record.ip, after);
}

/* RDMSR and WRMSR with the prefix. */
static fault_t forced_wrmsr(uint32_t msr, uint64_t value)
{
    fault_clear();
    asm volatile(".byte 0x0f, 0x0b, 'x', 'e', 'n'\n1:\twrmsr\n2:" ASM_FIXUP(1b, 2b)
                 :
                 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                 : "memory");
    return fault_last();
}

static fault_t forced_rdmsr(uint32_t msr, uint64_t *value)
{
    uint32_t lo = 0, hi = 0;

    fault_clear();
    asm volatile(".byte 0x0f, 0x0b, 'x', 'e', 'n'\n1:\trdmsr\n2:" ASM_FIXUP(1b, 2b)
                 : "+a"(lo), "+d"(hi)
                 : "c"(msr)
                 : "memory");
    *value = (uint64_t)hi << 32 | lo;
    return fault_last();
}

static void check_forced_msrs(void)
{
    static const uint32_t msrs[] = {0x174, 0x175, 0x176}; /* SYSENTER_CS, ESP, EIP */

    for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
        uint64_t value = 0;

        check_fault("WRMSR of SYSENTER, emulated", forced_wrmsr(msrs[i], 0x1238 + i), 0);
        check_equal("what it wrote", rdmsr(msrs[i]), 0x1238 + i);
        wrmsr(msrs[i], 0x4560);
        check_fault("RDMSR of SYSENTER, emulated", forced_rdmsr(msrs[i], &value), 0);
        check_equal("what it read", value, 0x4560);
        if (i > 0)
            check_fault("WRMSR of SYSENTER, not canonical", forced_wrmsr(msrs[i], 1ull << 60),
                        FAULT(VEC_GP, 0));
    }
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
    step_over_hlt();
    check_tasks();
    if (access_can_force())
        check_forced_msrs();
    else
        report_part_skipped("forced emulation: by a hypervisor with hvm_fep only");
    report_success(NULL);
}
