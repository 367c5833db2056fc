/* SPDX-License-Identifier: MIT */
/*
 * A guest that halts with interrupts disabled.  Nothing can wake its only vCPU
 * again, so a Xen-compatible hypervisor ends the domain as powered off instead
 * of keeping it for ever.  Bare, the machine just stays there: a runner has to
 * bound the time.
 */
#include <guest/test.h>

const char test_title[] = "HLT with interrupts disabled";

void test_main(void)
{
    printk("hlt-cli: about to halt for good\n");
    console_flush();
    asm volatile("cli; hlt");
    report_failure("woken up with interrupts disabled");
}
