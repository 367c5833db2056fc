/* SPDX-License-Identifier: MIT */
/*
 * tools.h - the toolstack as the shell sees it: tools_on.c has libtools.a
 * behind it, tools_off.c (make TOOLS=n) nothing.
 */
#ifndef APP_TOOLS_H
#define APP_TOOLS_H

/* Starts the console daemon. */
void tools_start(void);

/* The command xl. */
int tools_xl(int argc, char **argv);

#endif
