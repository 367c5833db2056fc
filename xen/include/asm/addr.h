/* SPDX-License-Identifier: MIT */
/*
 * addr.h - the kinds of address, each a type of its own, in release too.
 *
 *   mfn_t    machine frame          maddr_t  machine byte address
 *   gfn_t    guest physical frame   gaddr_t  guest physical byte address
 *   gva_t    guest linear address (plain number: arithmetic is its use)
 */
#ifndef ASM_ADDR_H
#define ASM_ADDR_H

#include <cairn/types.h>

#define PAGE_SHIFT     12
#define PAGE_SIZE      (1ul << PAGE_SHIFT)
#define PAGE_MASK      (~(PAGE_SIZE - 1))
#define PAGE_OFFSET(x) ((unsigned long)(x) & (PAGE_SIZE - 1))
#define PFN_UP(x)      (((uint64_t)(x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)    ((uint64_t)(x) >> PAGE_SHIFT)

#define ADDR_KIND(kind)                                       \
    typedef struct {                                          \
        uint64_t kind;                                        \
    } kind##_t;                                               \
    static inline kind##_t _##kind(uint64_t n)                \
    {                                                         \
        return (kind##_t){n};                                 \
    }                                                         \
    static inline uint64_t kind##_x(kind##_t a)               \
    {                                                         \
        return a.kind;                                        \
    }                                                         \
    static inline kind##_t kind##_add(kind##_t a, uint64_t n) \
    {                                                         \
        return _##kind(a.kind + n);                           \
    }                                                         \
    static inline bool kind##_eq(kind##_t a, kind##_t b)      \
    {                                                         \
        return a.kind == b.kind;                              \
    }

ADDR_KIND(mfn)
ADDR_KIND(gfn)
ADDR_KIND(maddr)
ADDR_KIND(gaddr)

typedef uint64_t gva_t;

#define INVALID_MFN _mfn(~0ull)
#define INVALID_GFN _gfn(~0ull)

static inline maddr_t mfn_to_maddr(mfn_t m)
{
    return _maddr(m.mfn << PAGE_SHIFT);
}
static inline mfn_t maddr_to_mfn(maddr_t a)
{
    return _mfn(a.maddr >> PAGE_SHIFT);
}
static inline gfn_t gaddr_to_gfn(gaddr_t a)
{
    return _gfn(a.gaddr >> PAGE_SHIFT);
}

#endif
