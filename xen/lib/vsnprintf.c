/* SPDX-License-Identifier: MIT */
/*
 * vsnprintf.c - formatted printing as far as the hypervisor's messages go: flags
 * - 0 #, width, l ll z, precision of strings (also *), conversions d u x c s p %.
 * Pure; compiles for host tests too.
 */
#include <cairn/lib.h>

struct out {
    char *buf;
    size_t size, len; /* len may pass size: what it would have been */
};

struct spec {
    bool left, zero, alt;
    int width, precision; /* precision -1: not given */
    unsigned int base;
};

static void put(struct out *o, char c)
{
    if (o->len < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

static void put_string(struct out *o, const char *s, const struct spec *f)
{
    int len;

    if (!s)
        s = "(null)";
    len = f->precision >= 0 ? strnlen(s, f->precision) : strlen(s);
    if (!f->left)
        pad(o, ' ', f->width - len);
    for (int i = 0; i < len; i++)
        put(o, s[i]);
    if (f->left)
        pad(o, ' ', f->width - len);
}

static void put_number(struct out *o, unsigned long v, bool negative, const struct spec *f)
{
    const char *prefix = negative ? "-" : f->alt && v && f->base == 16 ? "0x" : "";
    char digits[20];
    int n = 0, room;

    do
        digits[n++] = "0123456789abcdef"[v % f->base];
    while (v /= f->base);
    room = f->width - (int)strlen(prefix) - n;
    if (!f->left && !f->zero)
        pad(o, ' ', room);
    while (*prefix)
        put(o, *prefix++);
    if (!f->left && f->zero)
        pad(o, '0', room);
    while (n)
        put(o, digits[--n]);
    if (f->left)
        pad(o, ' ', room);
}

static const char *parse_flags(const char *p, struct spec *f)
{
    for (;; p++) {
        if (*p == '-')
            f->left = true;
        else if (*p == '0')
            f->zero = true;
        else if (*p == '#')
            f->alt = true;
        else
            return p;
    }
}

static const char *parse_int(const char *p, int *v)
{
    *v = 0;
    while (*p >= '0' && *p <= '9')
        *v = *v * 10 + (*p++ - '0');
    return p;
}

/* One conversion; returns behind it.  va_list is passed on by pointer. */
static const char *convert(struct out *o, const char *p, va_list *args)
{
    struct spec f = {.precision = -1, .base = 10};
    bool wide = false;
    unsigned long v;

    p = parse_int(parse_flags(p, &f), &f.width);
    if (*p == '.' && p[1] == '*') {
        f.precision = va_arg(*args, int);
        p += 2;
    } else if (*p == '.') {
        p = parse_int(p + 1, &f.precision);
    }
    for (; *p == 'l' || *p == 'z'; p++)
        wide = true;

    switch (*p) {
    case 'd':
        v = wide ? va_arg(*args, long) : va_arg(*args, int);
        put_number(o, (long)v < 0 ? -v : v, (long)v < 0, &f);
        break;
    case 'x':
    case 'u':
        f.base = *p == 'u' ? 10 : 16;
        v = wide ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);
        put_number(o, v, false, &f);
        break;
    case 'p':
        f = (struct spec){.base = 16, .zero = true, .width = 16};
        put_number(o, (uintptr_t)va_arg(*args, void *), false, &f);
        break;
    case 's':
        put_string(o, va_arg(*args, const char *), &f);
        break;
    case 'c':
        f.precision = -1;
        put_string(o, (char[2]){va_arg(*args, int)}, &f);
        break;
    case '%':
        put(o, '%');
        break;
    case '\0':
        return p;
    default: /* unknown: shown as it is */
        put(o, '%');
        put(o, *p);
        break;
    }
    return p + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {buf, size, 0};
    va_list args;

    va_copy(args, ap);
    while (*fmt) {
        if (*fmt != '%')
            put(&o, *fmt++);
        else
            fmt = convert(&o, fmt + 1, &args);
    }
    va_end(args);
    if (size)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return n;
}

/* As snprintf(), but returns what is really in @buf. */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return size ? min(n, (int)size - 1) : 0;
}
