/* SPDX-License-Identifier: MIT */
/*
 * Everything that a test's main.c wants, and the two names that it must give.
 */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include <guest/access.h>
#include <guest/asm.h>
#include <guest/cpu.h>
#include <guest/desc.h>
#include <guest/fault.h>
#include <guest/lib.h>
#include <guest/paging.h>
#include <guest/platform.h>
#include <guest/report.h>
#include <guest/window.h>
#include <guest/xen.h>

extern const char test_title[];
void test_main(void);

#endif /* GUEST_TEST_H */
