/* SPDX-License-Identifier: MIT */
#ifndef TEST_AP_START_H
#define TEST_AP_START_H

/* Before the AP ran for the first time; and at the end, which leaves it down. */
void check_vcpuop_before(void);
void check_vcpuop(void);

#endif
