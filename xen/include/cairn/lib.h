/* SPDX-License-Identifier: MIT */
/*
 * lib.h - printing, assertions, strings: what any hypervisor file may use.
 *
 * Who reports what (docs/design.md "Errors"): return -errno where the caller
 * can handle it; domain_crash() for a guest beyond help; BUG_ON() where going
 * on could leak or corrupt; ASSERT() states a belief about our own code, in
 * debug builds only and never instead of handling; panic() before dom0 runs.
 */
#ifndef CAIRN_LIB_H
#define CAIRN_LIB_H

#include <cairn/errno.h>
#include <cairn/types.h>
#include <stdarg.h>

#define XENLOG_ERR     "<0>"
#define XENLOG_WARNING "<1>"
#define XENLOG_INFO    "<2>"
#define XENLOG_GUEST   "<G>" /* before one of the above: guest_loglvl, rate-limited */

/* printk - one line (or part of one) to the console ring and the console.
 * Lines begin with "(XEN) ".  Safe in any context. */
void printk(const char *fmt, ...) __printf(1, 2);

/* panic - say what, found, wanted; dump; then reboot or halt (noreboot). */
noreturn void panic(const char *fmt, ...) __printf(1, 2);
noreturn void bug(const char *file, int line, const char *what);

#define BUG() bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(p)                        \
    do {                                 \
        if (unlikely(p))                 \
            bug(__FILE__, __LINE__, #p); \
    } while (0)
#ifdef CAIRN_DEBUG
#define ASSERT(p) BUG_ON(!(p))
#else
#define ASSERT(p)        \
    do {                 \
        if (0 && (p)) {} \
    } while (0)
#endif

int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);

void *memcpy(void *d, const void *s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
/* strlcpy - copy and always terminate; returns strlen(@s). */
size_t strlcpy(char *d, const char *s, size_t size);
unsigned long strtoul(const char *s, char **end, unsigned int base);

/* Boot parameters: name, kind and place, collected by the linker (param.c). */
struct boot_param {
    const char *name;
    enum { PARAM_BOOL, PARAM_UINT, PARAM_SIZE, PARAM_STR, PARAM_FN } kind;
    void *var;
    unsigned int len; /* size of *var in bytes */
};
#define BOOT_PARAM(nm, id, k, v, l)                                                \
    static const struct boot_param param_##id                                      \
        __attribute__((__used__, __section__(".init.params"), __aligned__(8))) = { \
            .name = nm, .kind = k, .var = v, .len = l}
#define boolean_param(nm, v) BOOT_PARAM(nm, v, PARAM_BOOL, &v, sizeof(v))
#define integer_param(nm, v) BOOT_PARAM(nm, v, PARAM_UINT, &v, sizeof(v))
#define size_param(nm, v)    BOOT_PARAM(nm, v, PARAM_SIZE, &v, sizeof(v))
#define string_param(nm, v)  BOOT_PARAM(nm, v, PARAM_STR, v, sizeof(v))
/* int fn(const char *value): value never NULL; returns 0 or -EINVAL. */
#define custom_param(nm, fn) BOOT_PARAM(nm, fn, PARAM_FN, fn, 0)
/* params_parse - every word of @cmdline, pure over @table; @report gets those that
 * failed.  Returns how many. */
int params_parse(const struct boot_param *table, unsigned int nr, const char *cmdline,
                 void (*report)(const char *word, int rc));

/* A word at any address. */
static inline uint32_t get32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}
static inline uint64_t get64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

#endif
