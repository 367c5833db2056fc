/* SPDX-License-Identifier: MIT */
/*
 * A guest that reports its own crash.  The reason must arrive as `crash`, and
 * the text before it must not be lost although nobody waits for its reader.
 */
#include <guest/test.h>

const char test_title[] = "SHUTDOWN_crash";

void test_main(void)
{
    printk("crash: about to call SCHEDOP_shutdown(SHUTDOWN_crash)\n");
    if (!on_xen())
        report_part_skipped("no hypervisor to tell");
    else
        report_failure("SHUTDOWN_crash returned %ld", xen_shutdown(SHUTDOWN_crash));
    report_success(NULL);
}
