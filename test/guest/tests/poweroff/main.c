/* SPDX-License-Identifier: MIT */
/*
 * A guest that only powers off: its one line comes from the framework, and
 * nothing waits for a reader of it.  The toolstack must see the reason, and
 * must not lose the text of a guest that is gone before anyone looked.
 */
#include <guest/test.h>

const char test_title[] = "Power off without a word";

void test_main(void)
{
    if (on_xen())
        xen_shutdown(SHUTDOWN_poweroff);
    machine_exit(SHUTDOWN_poweroff, 0);
}
