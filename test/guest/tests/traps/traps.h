/* SPDX-License-Identifier: MIT */
#ifndef TEST_TRAPS_H
#define TEST_TRAPS_H

void check_tasks(void);

#endif
