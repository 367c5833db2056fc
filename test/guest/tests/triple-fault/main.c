/* SPDX-License-Identifier: MIT */
/*
 * A guest that triple-faults: an exception with an IDT of no entries.  On a PC
 * that resets the machine, so the domain ends with the reason `reboot`; the
 * configuration's on_reboot="destroy" keeps it from coming back.  If the code
 * after it ever runs, that is a FAILURE.
 */
#include <guest/test.h>

const char test_title[] = "Triple fault";

void test_main(void)
{
    struct {
        uint16_t limit;
        ulong base;
    } __attribute__((packed)) no_idt = {0, 0};

    printk("triple-fault: about to raise #UD with an empty IDT\n");
    console_flush();
    asm volatile("lidt %0; ud2" : : "m"(no_idt));
    report_failure("still running after a triple fault");
}
