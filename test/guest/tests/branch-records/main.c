/* SPDX-License-Identifier: MIT */
/*
 * Last branch records: DEBUGCTL.LBR stays set over branches and VM exits, a
 * #DB clears it, the records can be read, and what DEBUGCTL does not offer
 * stays off.
 *
 * Bochs has neither the register nor records: bare the test is a SKIP, and as
 * a guest it shows the switch alone.
 * Source: SDM vol. 3B, "Last Branch, Interrupt, and Exception Recording".
 */
#include <guest/test.h>

const char test_title[] = "Last branch records";

#define MSR_DEBUGCTL 0x1d9
#define DEBUGCTL_LBR 1u
#define DEBUGCTL_BTS (1u << 7)
#define MSR_LBR_TOS  0x1c9
#define GP0          FAULT(VEC_GP, 0)

static void step(ulong arg)
{
#ifdef __x86_64__
    asm volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" : : : "memory", "cc");
#else
    asm volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop" : : : "memory", "cc");
#endif
}

void test_main(void)
{
    uint64_t value;

    if (rdmsr_safe(MSR_DEBUGCTL, &value))
        return report_skip("no DEBUGCTL");
    check_equal("DEBUGCTL at start", value, 0);
    if (wrmsr_safe(MSR_DEBUGCTL, DEBUGCTL_LBR))
        return report_skip("no branch records on this processor");
    if (rdmsr(MSR_DEBUGCTL) != DEBUGCTL_LBR)
        return report_skip("DEBUGCTL does not keep what is written");

    printk("a line, and so branches and VM exits, with LBR set\n");
    check_equal("LBR stays", rdmsr(MSR_DEBUGCTL), DEBUGCTL_LBR);
    if (rdmsr_safe(MSR_LBR_TOS, &value))
        report_allowed("no LBR_TOS", "Branch records");
    if (on_xen()) {
        check_fault("BTS", wrmsr_safe(MSR_DEBUGCTL, DEBUGCTL_LBR | DEBUGCTL_BTS), GP0);
        check_equal("BTS stays off", rdmsr(MSR_DEBUGCTL), DEBUGCTL_LBR);
    }
    check_fault("single step", guarded(step, 0), FAULT(VEC_DB, 0));
    check_equal("#DB clears LBR", rdmsr(MSR_DEBUGCTL), 0);
    report_success(NULL);
}
