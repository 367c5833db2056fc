/* SPDX-License-Identifier: MIT */
/*
 * types.h - fixed-width types, NULL, offsetof and the few macros every file
 * uses.  Compiles for the hypervisor (freestanding) and for host tests.
 */
#ifndef CAIRN_TYPES_H
#define CAIRN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t s_time_t; /* nanoseconds since boot */

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __init         __attribute__((__section__(".init.text"), __cold__))
#define __cold         __attribute__((__cold__)) /* made small, not fast */
#define __initdata     __attribute__((__section__(".init.data")))
#define __must_check   __attribute__((__warn_unused_result__))
#define __packed       __attribute__((__packed__))
#define __aligned(n)   __attribute__((__aligned__(n)))
#define __printf(f, v) __attribute__((__format__(__printf__, f, v)))
#define noreturn       __attribute__((__noreturn__))
#define __cleanup(fn)  __attribute__((__cleanup__(fn), __unused__)) /* called where the block ends */
#define noinline       __attribute__((__noinline__))
#define always_inline  inline __attribute__((__always_inline__))

#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define barrier()      __asm__ __volatile__("" ::: "memory")

#define min(a, b)                          \
    ({                                     \
        __typeof__(a) min_a_ = (a);        \
        __typeof__(b) min_b_ = (b);        \
        min_a_ < min_b_ ? min_a_ : min_b_; \
    })
#define max(a, b)                          \
    ({                                     \
        __typeof__(a) max_a_ = (a);        \
        __typeof__(b) max_b_ = (b);        \
        max_a_ > max_b_ ? max_a_ : max_b_; \
    })
#define ROUNDUP(x, a)      (((x) + (a)-1) & ~((__typeof__(x))(a)-1))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define KB(n) ((unsigned long)(n) << 10)
#define MB(n) ((unsigned long)(n) << 20)
#define GB(n) ((unsigned long)(n) << 30)

#endif
