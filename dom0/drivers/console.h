/* SPDX-License-Identifier: MIT */
/*
 * console.h - the hypervisor's console.  plat_console_read() of
 * tools/include/plat.h is in console.c.
 */
#ifndef DRIVERS_CONSOLE_H
#define DRIVERS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* Binds console input.  0 or -errno. */
int console_init(void);

/* Writes all of it; works from the first instruction on. */
void console_write(const char *buf, size_t len);

/* What programs write: to who asked for it by console_divert(), or the console. */
void console_print(const char *buf, size_t len);
void console_divert(void (*divert)(const char *buf, size_t len));

/*
 * Looks for ctrl-C in what was typed.  If it is there, it and everything before
 * it is dropped; otherwise all stays for the next reader.
 */
bool console_take_interrupt(void);

/* Waits until there is something to read.  Switches. */
size_t console_read_wait(char *buf, size_t len);

#endif
