/* SPDX-License-Identifier: MIT */
/*
 * program.h - programs are functions of this image; exit() in one of them
 * unwinds to whoever ran it.
 */
#ifndef LIBC_PROGRAM_H
#define LIBC_PROGRAM_H

/* Runs @main, flushes stdio, and returns its status or that of exit(). */
int program_run(int (*main)(int argc, char **argv), int argc, char **argv);

/* Ends the running program; returns only if there is none. */
void program_exit(int status);

#endif
