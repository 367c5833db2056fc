/* SPDX-License-Identifier: MIT */
/*
 * One-instruction wrappers.  Those named _safe answer with the fault they met
 * (see fault.h) and are therefore usable to provoke one.
 */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <guest/asm.h>
#include <guest/fault.h>
#include <guest/lib.h>

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;

    asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(subleaf));
    return r;
}

/* What CPUID says; see its leaves in SDM vol. 2A. */
static inline bool cpu_is_intel(void)
{
    return cpuid(0, 0).b == 0x756e6547; /* "Genu" */
}

static inline bool cpu_has_pcid(void)
{
    return cpuid(1, 0).c & 1u << 17;
}

static inline bool cpu_has_smep(void)
{
    return cpuid(0, 0).a >= 7 && cpuid(7, 0).b & 1u << 7;
}

static inline bool cpu_has_smap(void)
{
    return cpuid(0, 0).a >= 7 && cpuid(7, 0).b & 1u << 20;
}

static inline bool cpu_has_nx(void)
{
    return cpuid(0x80000001, 0).d & 1u << 20;
}

static inline bool cpu_has_1g_pages(void)
{
    return cpuid(0x80000001, 0).d & 1u << 26;
}

static inline bool cpu_has_long_mode(void)
{
    return cpuid(0x80000001, 0).d & 1u << 29;
}

static inline unsigned int cpu_maxphysaddr(void)
{
    return cpuid(0x80000000, 0).a >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
    asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)val), "d"((uint32_t)(val >> 32)) : "memory");
}

/* 0 and *val filled, or the fault and *val zero. */
static inline fault_t rdmsr_safe(uint32_t msr, uint64_t *val)
{
    uint32_t lo = 0, hi = 0;

    fault_clear();
    asm volatile("1: rdmsr; 2:" ASM_FIXUP(1b, 2b) : "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
    *val = fault_last() ? 0 : (uint64_t)hi << 32 | lo;
    return fault_last();
}

static inline fault_t wrmsr_safe(uint32_t msr, uint64_t val)
{
    fault_clear();
    asm volatile("1: wrmsr; 2:" ASM_FIXUP(1b, 2b)
                 :
                 : "c"(msr), "a"((uint32_t)val), "d"((uint32_t)(val >> 32))
                 : "memory");
    return fault_last();
}

/* read_crN(), write_crN() and write_crN_safe() for N = 0, 3, 4; read_cr2(). */
#define CR_READ(n)                                                 \
    static inline ulong read_cr##n(void)                           \
    {                                                              \
        ulong v;                                                   \
        asm volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory"); \
        return v;                                                  \
    }
#define CR_WRITE(n)                                                                        \
    static inline void write_cr##n(ulong v)                                                \
    {                                                                                      \
        asm volatile("mov %0, %%cr" #n : : "r"(v) : "memory");                             \
    }                                                                                      \
    static inline fault_t write_cr##n##_safe(ulong v)                                      \
    {                                                                                      \
        fault_clear();                                                                     \
        asm volatile("1: mov %0, %%cr" #n "; 2:" ASM_FIXUP(1b, 2b) : : "r"(v) : "memory"); \
        return fault_last();                                                               \
    }
CR_READ(0)
CR_WRITE(0)
CR_READ(2)
CR_READ(3)
CR_WRITE(3)
CR_READ(4)
CR_WRITE(4)

static inline void invlpg(const void *va)
{
    asm volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline uint16_t read_cs(void)
{
    uint16_t cs;

    asm volatile("mov %%cs, %0" : "=r"(cs));
    return cs;
}

#define PORT_IO(type, letter)                                         \
    static inline type in##letter(uint16_t port)                      \
    {                                                                 \
        type v;                                                       \
        asm volatile("in" #letter " %1, %0" : "=a"(v) : "Nd"(port));  \
        return v;                                                     \
    }                                                                 \
    static inline void out##letter(type v, uint16_t port)             \
    {                                                                 \
        asm volatile("out" #letter " %0, %1" : : "a"(v), "Nd"(port)); \
    }
PORT_IO(uint8_t, b)
PORT_IO(uint16_t, w)
PORT_IO(uint32_t, l)

#endif /* GUEST_CPU_H */
