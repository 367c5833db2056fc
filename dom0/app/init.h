/* SPDX-License-Identifier: MIT */
/* init.h - from a running kernel to the prompt. */
#ifndef APP_INIT_H
#define APP_INIT_H

/*
 * Unpacks the ramdisk, starts the console daemon, runs the start script and
 * then the shell.  Words of @cmdline: nostart (no start script), init=FILE
 * (instead of /etc/rc).
 */
void init_main(const char *cmdline) __attribute__((noreturn));

#endif
