/* SPDX-License-Identifier: MIT */
/*
 * Formatting.  Pure.  Division is done by hand because 32-bit builds have no
 * libgcc to divide 64-bit numbers.
 */
#include <guest/lib.h>

struct out {
    char *buf;
    size_t size, len;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

/* *n /= base, answering the remainder; base is 10 or 16. */
static unsigned int divide(uint64_t *n, unsigned int base)
{
#ifdef __x86_64__
    unsigned int rest = *n % base;

    *n /= base;
    return rest;
#else
    uint32_t high = *n >> 32, low = *n, rest = high % base;

    high /= base;
    asm("divl %4" : "=a"(low), "=d"(rest) : "0"(low), "1"(rest), "r"(base));
    *n = (uint64_t)high << 32 | low;
    return rest;
#endif
}

static void put_padded(struct out *o, const char *s, size_t n, unsigned int width, bool left)
{
    for (size_t i = n; !left && i < width; i++)
        put(o, ' ');
    for (size_t i = 0; i < n; i++)
        put(o, s[i]);
    for (size_t i = n; left && i < width; i++)
        put(o, ' ');
}

struct spec {
    bool left, zero, negative;
    unsigned int width, base;
};

static void put_number(struct out *o, uint64_t n, struct spec s)
{
    char digits[68];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[divide(&n, s.base)];
    } while (n);
    while (s.zero && !s.left && sizeof(digits) - at + s.negative < s.width && at > 1)
        digits[--at] = '0';
    if (s.negative)
        digits[--at] = '-';
    put_padded(o, digits + at, sizeof(digits) - at, s.width, s.left);
}

static int64_t fetch_signed(va_list *args, unsigned int longs)
{
    return longs == 0   ? va_arg(*args, int)
           : longs == 1 ? va_arg(*args, long)
                        : va_arg(*args, long long);
}

static uint64_t fetch_unsigned(va_list *args, unsigned int longs)
{
    return longs == 0   ? va_arg(*args, unsigned int)
           : longs == 1 ? va_arg(*args, unsigned long)
                        : va_arg(*args, unsigned long long);
}

static void convert(struct out *o, char c, struct spec s, unsigned int longs, va_list *args)
{
    const char *text;
    int64_t n;

    s.base = 16;
    switch (c) {
    case 'd':
        n = fetch_signed(args, longs);
        s.base = 10;
        s.negative = n < 0;
        put_number(o, n < 0 ? -(uint64_t)n : (uint64_t)n, s);
        break;
    case 'u':
        s.base = 10;
        put_number(o, fetch_unsigned(args, longs), s);
        break;
    case 'x':
        put_number(o, fetch_unsigned(args, longs), s);
        break;
    case 'p':
        put_number(o, (ulong)va_arg(*args, void *), s);
        break;
    case 's':
        text = va_arg(*args, const char *);
        put_padded(o, text, strlen(text), s.width, s.left);
        break;
    case 'c':
        put(o, va_arg(*args, int));
        break;
    default:
        put(o, c);
    }
}

static void format(struct out *o, const char *fmt, va_list *args)
{
    while (*fmt) {
        struct spec s = {0};
        unsigned int longs = 0;

        if (*fmt != '%') {
            put(o, *fmt++);
            continue;
        }
        for (fmt++; *fmt == '-' || *fmt == '0'; fmt++) {
            s.left |= *fmt == '-';
            s.zero |= *fmt == '0';
        }
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            s.width = s.width * 10 + (*fmt - '0');
        for (; *fmt == 'l' || *fmt == 'z'; fmt++)
            longs++;
        if (*fmt)
            convert(o, *fmt++, s, longs, args);
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = {buf, size, 0};
    va_list copy;

    va_copy(copy, args);
    format(&o, fmt, &copy);
    va_end(copy);
    if (size)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}
