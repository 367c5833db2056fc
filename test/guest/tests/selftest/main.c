/* SPDX-License-Identifier: MIT */
/*
 * Does the machine behave as the manual says, in the things every other test
 * leans on?  Exceptions with their error codes, ring 3 and back, page tables
 * with every kind of page fault, the legal and illegal values of CR0, CR3, CR4
 * and EFER, leaving paging and coming back, the console with more text than its
 * ring holds, and (as a guest) the Xen CPUID leaves and the hypercall page.
 *
 * Bare on Bochs this checks the test itself: whatever fails there is wrong
 * here.  What needs a hypervisor is left out then, and said so; the verdict is
 * about the rest.  QEMU TCG leaves out much of what silicon checks (reserved
 * bits, alignment, some error codes): there a difference is noted, not judged.
 */
#include "selftest.h"

#include <guest/test.h>

const char test_title[] = "Self-test of machine and framework";

static void selftest_text(void)
{
    char text[64];

    snprintf(text, sizeof(text), "%d|%5u|%-4x|%04x|%s|%c|%llx|%%", -7, 42u, 0xabu, 0xcdu, "hi", 'Z',
             0x123456789abcdefull);
    if (strcmp(text, "-7|   42|ab  |00cd|hi|Z|123456789abcdef|%"))
        report_error("snprintf wrote %s", text);
    snprintf(text, sizeof(text), "%llu %lld", 18446744073709551615ull, -9000000000ll);
    if (strcmp(text, "18446744073709551615 -9000000000"))
        report_error("snprintf wrote %s", text);
    if (snprintf(text, 4, "abcdef") != 6 || strcmp(text, "abc"))
        report_error("snprintf does not truncate");
}

/* 40 lines of 64 characters: more than the 2048 bytes that the ring has. */
static void selftest_console(void)
{
    for (unsigned int i = 0; i < 40; i++)
        printk("console line %02u of 40: abcdefghijklmnopqrstuvwxyz 0123456789 .\n", i + 1);
}

void test_main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"text", selftest_text},       {"exceptions", selftest_exceptions},
        {"user mode", selftest_user},  {"paging", selftest_paging},
        {"control", selftest_control}, {"efer", selftest_efer},
        {"hypervisor", selftest_xen},  {"console", selftest_console},
    };

    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
        printk("Test: %s\n", parts[i].name);
        parts[i].run();
    }
    report_success(NULL);
}
