/* SPDX-License-Identifier: MIT */
/*
 * watch.h - what happens when a domain ends: on_poweroff, on_reboot, ...
 */
#ifndef TOOLS_LIBXL_WATCH_H
#define TOOLS_LIBXL_WATCH_H

/*
 * watch_check_all - handle every domain that has shut down since the last
 * call: take its last output, tell its console's reader, then destroy,
 * restart or preserve it.  Called after VIRQ_DOM_EXC.  Does not switch.
 */
void watch_check_all(void);

#endif
