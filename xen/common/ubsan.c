/* SPDX-License-Identifier: MIT */
/*
 * ubsan.c - what the compiler calls in the variant `ubsan` when the hypervisor
 * does what C leaves undefined.  In the other variants nothing refers to it.
 *
 * One line a place, "(XEN) UBSan: FILE:LINE:COLUMN: KIND (A, B)", for which the
 * runner fails the run; the hypervisor goes on as if nothing had been.  What
 * printk() itself is made of has no checks, see xen/Makefile.  The names, and
 * that each description begins with a place, are libubsan's.
 */
#include <cairn/errno.h>
#include <cairn/lib.h>

struct place {
    const char *file;
    uint32_t line, column;
};

static void report(struct place *at, const char *kind, unsigned long a, unsigned long b)
{
    uint32_t column = __atomic_exchange_n(&at->column, 0, __ATOMIC_RELAXED);

    if (column) /* else it has been reported */
        printk(XENLOG_ERR "UBSan: %s:%u:%u: %s (%#lx, %#lx)\n", at->file, at->line, column, kind, a,
               b);
}

/* Two values, which not every kind has: the rest is what the registers held. */
#define HANDLER(name, kind)                                                         \
    void __ubsan_handle_##name(struct place *at, unsigned long a, unsigned long b); \
    void __ubsan_handle_##name(struct place *at, unsigned long a, unsigned long b)  \
    {                                                                               \
        report(at, kind, a, b);                                                     \
    }
HANDLER(builtin_unreachable, "end of code that cannot end")
HANDLER(divrem_overflow, "division")
HANDLER(invalid_builtin, "bit count of zero")
HANDLER(load_invalid_value, "value outside its type")
HANDLER(nonnull_arg, "null argument")
HANDLER(out_of_bounds, "index")
HANDLER(pointer_overflow, "address wraps")
HANDLER(shift_out_of_bounds, "shift")
HANDLER(type_mismatch_v1, "size or null")

/* ubsan=64: four kinds, two by one index.  Parameters are read twice, first without a console. */
static __init int plant(const char *s)
{
    static unsigned int times;
    unsigned long n = strtoul(s, NULL, 0);
    uint32_t words[4] = {1, 2, 3, 4};
    union {
        uint8_t byte;
        bool truth;
    } choice = {.byte = n};

    if (times++)
        printk("planted: %u %u %u\n", 1 << n, words[n / 16], choice.truth);
    return n == 64 ? 0 : -EINVAL;
}
custom_param("ubsan", plant);
