/* SPDX-License-Identifier: MIT */
/*
 * A guest that only computes, for tests of how CPUs are shared: what it gets
 * is what the scheduler gives it.  With interrupts enabled: docs/emulators.md.
 */
#include <guest/test.h>

const char test_title[] = "Busy";

void test_main(void)
{
    printk("busy: computing\n");
    console_flush();
    asm volatile("sti; 1: jmp 1b");
}
