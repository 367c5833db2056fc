/* SPDX-License-Identifier: MIT */
/*
 * vsnprintf.c - formatted printing without floating point: flags - 0 # + and
 * space, width and precision (also *), h hh l ll z t, conversions
 * d i u x X o c s p %.  Pure; compiles for host tests too.
 */
#include <cairn/lib.h>

struct out {
    char *buf;
    size_t size, len; /* len may pass size: what it would have been */
};

struct spec {
    bool left, zero, alt, plus, space, upper;
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
    const char *set = f->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24], prefix[3];
    int n = 0, np = 0, zeros, total;
    bool prefix_hex = f->alt && v && f->base == 16;

    for (; v; v /= f->base)
        digits[n++] = set[v % f->base];
    if (negative)
        prefix[np++] = '-';
    else if (f->plus)
        prefix[np++] = '+';
    else if (f->space)
        prefix[np++] = ' ';
    if (prefix_hex) {
        prefix[np++] = '0';
        prefix[np++] = f->upper ? 'X' : 'x';
    }
    if (f->precision >= 0)
        zeros = f->precision - n;
    else if (f->zero && !f->left)
        zeros = f->width - np - n;
    else
        zeros = n ? 0 : 1;
    if (f->precision < 0 && zeros < 1 && !n)
        zeros = 1;
    if (zeros < 0)
        zeros = 0;
    total = np + zeros + n;
    if (!f->left)
        pad(o, ' ', f->width - total);
    for (int i = 0; i < np; i++)
        put(o, prefix[i]);
    pad(o, '0', zeros);
    while (n)
        put(o, digits[--n]);
    if (f->left)
        pad(o, ' ', f->width - total);
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
        else if (*p == '+')
            f->plus = true;
        else if (*p == ' ')
            f->space = true;
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

/* Size of the argument in bytes from h, hh, l, ll, z, t. */
static const char *parse_length(const char *p, unsigned int *bytes)
{
    *bytes = 4;
    if (*p == 'h') {
        *bytes = 2;
        if (*++p == 'h') {
            *bytes = 1;
            p++;
        }
    } else if (*p == 'l') {
        *bytes = 8;
        if (*++p == 'l')
            p++;
    } else if (*p == 'z' || *p == 't' || *p == 'j') {
        *bytes = 8;
        p++;
    }
    return p;
}

static void put_signed(struct out *o, long v, unsigned int bytes, const struct spec *f)
{
    if (bytes == 1)
        v = (int8_t)v;
    else if (bytes == 2)
        v = (int16_t)v;
    put_number(o, v < 0 ? -(unsigned long)v : (unsigned long)v, v < 0, f);
}

static void put_unsigned(struct out *o, unsigned long v, unsigned int bytes, struct spec *f)
{
    if (bytes < 8)
        v &= (1ul << bytes * 8) - 1;
    f->plus = f->space = false;
    put_number(o, v, false, f);
}

/* One conversion; returns behind it.  va_list is passed on by pointer. */
static const char *convert(struct out *o, const char *p, va_list *args)
{
    struct spec f = {.precision = -1, .base = 10};
    unsigned int bytes;

    p = parse_flags(p, &f);
    if (*p == '*') {
        f.width = va_arg(*args, int);
        if (f.width < 0) {
            f.left = true;
            f.width = -f.width;
        }
        p++;
    } else
        p = parse_int(p, &f.width);
    if (*p == '.' && p[1] == '*') {
        f.precision = va_arg(*args, int);
        p += 2;
    } else if (*p == '.')
        p = parse_int(p + 1, &f.precision);
    p = parse_length(p, &bytes);

    switch (*p) {
    case 'd':
    case 'i':
        put_signed(o, bytes == 8 ? va_arg(*args, long) : va_arg(*args, int), bytes, &f);
        break;
    case 'X':
        f.upper = true;
        /* fall through */
    case 'x':
    case 'o':
    case 'u':
        f.base = *p == 'u' ? 10 : *p == 'o' ? 8 : 16;
        put_unsigned(o, bytes == 8 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int),
                     bytes, &f);
        break;
    case 'p':
        f.base = 16;
        f.zero = true;
        f.width = f.width ? f.width : 16;
        put_unsigned(o, (uintptr_t)va_arg(*args, void *), 8, &f);
        break;
    case 's':
        put_string(o, va_arg(*args, const char *), &f);
        break;
    case 'c': {
        char c[2] = {va_arg(*args, int), '\0'};
        f.precision = -1;
        put_string(o, c, &f);
        break;
    }
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
