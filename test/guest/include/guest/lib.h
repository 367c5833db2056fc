/* SPDX-License-Identifier: MIT */
/*
 * What every file of a guest kernel needs: words, printing, panic.
 */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned long ulong;

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define NORETURN         __attribute__((noreturn))

/* Code and data that ring 3 may reach: see exec_user() in fault.h. */
#define USER_TEXT __attribute__((section(".user_text"), noinline, used))
#define USER_DATA __attribute__((section(".user_data")))

/* A page of its own, zeroed at start. */
#define PAGE_BSS __attribute__((section(".bss.page"), aligned(4096)))

/*
 * Understands %d %u %x %c %s %p %%, widths, '0' and '-', and l, ll, z.  Returns
 * the length that the whole text has, without the NUL, as C's vsnprintf does.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF(3, 4);

/* Print to the console; "\n" becomes "\r\n".  At most 512 characters a call. */
void vprintk(const char *fmt, va_list args);
void printk(const char *fmt, ...) PRINTF(1, 2);

/* The environment is broken: say why, then end with SHUTDOWN_crash. */
NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
/* First place where needle stands in hay, or NULL. */
const char *strstr(const char *hay, const char *needle);

#endif /* GUEST_LIB_H */
