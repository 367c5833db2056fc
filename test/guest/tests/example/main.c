/* SPDX-License-Identifier: MIT */
/*
 * The smallest test: if its verdict arrives, then loading, entry, paging (where
 * the environment has it), printing and ending work.
 */
#include <guest/test.h>

const char test_title[] = "Hello World";

void test_main(void)
{
    printk("Hello World\n");
    report_success(NULL);
}
