/* SPDX-License-Identifier: MIT */
/*
 * attach.h - somebody at the keyboard of a guest's console.
 */
#ifndef TOOLS_XL_ATTACH_H
#define TOOLS_XL_ATTACH_H

#include <stdbool.h>

#include "libxl/console.h"

#define ATTACH_ESCAPE 0x1d /* Ctrl-] */

/*
 * attach_console - print a console's output and feed it what is typed, until
 * its domain has ended and all output is printed, or @escape is typed.
 * Returns true if the domain ended.  Switches threads.
 */
bool attach_console(struct pvcon *console, char escape);

/* attach_wait_end - the same without printing, until Ctrl-C is typed. */
bool attach_wait_end(const struct pvcon *console);

/* attach_print_end - the line that says how a domain ended. */
void attach_print_end(const struct pvcon *console);

#endif
