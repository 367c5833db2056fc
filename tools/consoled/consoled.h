/* SPDX-License-Identifier: MIT */
/*
 * consoled.h - the daemon thread: guests' consoles and guests' ends.
 */
#ifndef TOOLS_CONSOLED_CONSOLED_H
#define TOOLS_CONSOLED_CONSOLED_H

#include <stdbool.h>

/* consoled_main - never returns; @arg is not used. */
void consoled_main(void *arg);

/*
 * consoled_step - one bounded pass: move console bytes both ways, then handle
 * ended domains if VIRQ_DOM_EXC or @check says so.  Does not switch.
 * Returns true if there is more to do at once.
 */
bool consoled_step(bool check);

#endif
