/* SPDX-License-Identifier: MIT */
/*
 * tools.h - the toolstack as the shell sees it: tools_on.c has libtools.a
 * behind it, tools_off.c (make TOOLS=n) nothing.
 */
#ifndef APP_TOOLS_H
#define APP_TOOLS_H

/* Starts the daemons of consoles and of xenstore. */
void tools_start(void);

/* The command xl. */
int tools_xl(int argc, char **argv);

/* The commands xenstore-ls and so on; @argv[0] says which. */
int tools_xenstore(int argc, char **argv);

#endif
