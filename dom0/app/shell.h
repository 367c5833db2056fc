/* SPDX-License-Identifier: MIT */
/* shell.h - the command line.  One shell: its state is in shell.c. */
#ifndef APP_SHELL_H
#define APP_SHELL_H

/* $? after ctrl-C */
#define SHELL_INTERRUPTED 130

/* Runs a line; messages begin with @where if it is not NULL.  Returns $?. */
int shell_run_line(const char *line, const char *where);

/*
 * Runs a file line by line, going on after failures but not after ctrl-C.
 * Returns the last $?.
 */
int shell_run_file(const char *path);

/* The prompt, for ever. */
void shell_run_console(void) __attribute__((noreturn));

#endif
