/* SPDX-License-Identifier: MIT */
/*
 * A guest that loops for ever with interrupts off and without an exit of its
 * own.  The hypervisor must get the processor back all the same: the control
 * domain goes on, lists the guest as running, and can destroy it.
 */
#include <guest/test.h>

const char test_title[] = "Endless loop with interrupts off";

void test_main(void)
{
    printk("spin-cli: looping\n");
    console_flush();
    asm volatile("cli; 1: jmp 1b");
}
