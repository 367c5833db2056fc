/* SPDX-License-Identifier: MIT */
/* processor.h - control registers, MSRs, CPUID and small instructions. */
#ifndef ASM_PROCESSOR_H
#define ASM_PROCESSOR_H

#include <cairn/types.h>

#define X86_CR0_PE 0x00000001ul
#define X86_CR0_MP 0x00000002ul
#define X86_CR0_EM 0x00000004ul
#define X86_CR0_TS 0x00000008ul
#define X86_CR0_ET 0x00000010ul
#define X86_CR0_NE 0x00000020ul
#define X86_CR0_WP 0x00010000ul
#define X86_CR0_AM 0x00040000ul
#define X86_CR0_NW 0x20000000ul
#define X86_CR0_CD 0x40000000ul
#define X86_CR0_PG 0x80000000ul

#define X86_CR4_VME        0x00000001ul
#define X86_CR4_PVI        0x00000002ul
#define X86_CR4_TSD        0x00000004ul
#define X86_CR4_DE         0x00000008ul
#define X86_CR4_PSE        0x00000010ul
#define X86_CR4_PAE        0x00000020ul
#define X86_CR4_MCE        0x00000040ul
#define X86_CR4_PGE        0x00000080ul
#define X86_CR4_PCE        0x00000100ul
#define X86_CR4_OSFXSR     0x00000200ul
#define X86_CR4_OSXMMEXCPT 0x00000400ul
#define X86_CR4_UMIP       0x00000800ul
#define X86_CR4_LA57       0x00001000ul
#define X86_CR4_VMXE       0x00002000ul
#define X86_CR4_FSGSBASE   0x00010000ul
#define X86_CR4_PCIDE      0x00020000ul
#define X86_CR4_SMEP       0x00100000ul
#define X86_CR4_SMAP       0x00200000ul
#define X86_CR4_PKE        0x00400000ul
#define X86_CR4_CET        0x00800000ul
#define X86_CR4_PKS        0x01000000ul

#define X86_EFLAGS_CF   0x00000001ul
#define X86_EFLAGS_MBS  0x00000002ul
#define X86_EFLAGS_TF   0x00000100ul
#define X86_EFLAGS_IF   0x00000200ul
#define X86_EFLAGS_DF   0x00000400ul
#define X86_EFLAGS_IOPL 0x00003000ul
#define X86_EFLAGS_NT   0x00004000ul
#define X86_EFLAGS_RF   0x00010000ul
#define X86_EFLAGS_VM   0x00020000ul
#define X86_EFLAGS_AC   0x00040000ul
#define X86_EFLAGS_VIF  0x00080000ul
#define X86_EFLAGS_VIP  0x00100000ul
#define X86_EFLAGS_ID   0x00200000ul

#define EFER_SCE 0x0001ul
#define EFER_LME 0x0100ul
#define EFER_LMA 0x0400ul
#define EFER_NXE 0x0800ul

enum {
    X86_EXC_DE,
    X86_EXC_DB,
    X86_EXC_NMI,
    X86_EXC_BP,
    X86_EXC_OF,
    X86_EXC_BR,
    X86_EXC_UD,
    X86_EXC_NM,
    X86_EXC_DF,
    X86_EXC_CSO,
    X86_EXC_TS,
    X86_EXC_NP,
    X86_EXC_SS,
    X86_EXC_GP,
    X86_EXC_PF,
    X86_EXC_SPV,
    X86_EXC_MF,
    X86_EXC_AC,
    X86_EXC_MC,
    X86_EXC_XM,
    X86_EXC_VE,
    X86_EXC_CP
};
/* Exceptions that push an error code: DF TS NP SS GP PF AC CP. */
#define X86_EXC_HAS_EC 0x00227d00u

#define MSR_IA32_TSC             0x10
#define MSR_IA32_APIC_BASE       0x1b
#define MSR_IA32_FEATURE_CONTROL 0x3a
#define MSR_PLATFORM_INFO        0xce
#define MSR_MISC_FEATURES        0x140 /* MISC_FEATURES_ENABLES */
#define MSR_IA32_SYSENTER_CS     0x174
#define MSR_IA32_SYSENTER_ESP    0x175
#define MSR_IA32_SYSENTER_EIP    0x176
#define MSR_IA32_MISC_ENABLE     0x1a0
#define MSR_IA32_DEBUGCTL        0x1d9
#define MSR_IA32_PAT             0x277
#define MSR_IA32_TSC_DEADLINE    0x6e0
#define MSR_EFER                 0xc0000080
#define MSR_STAR                 0xc0000081
#define MSR_LSTAR                0xc0000082
#define MSR_CSTAR                0xc0000083
#define MSR_SYSCALL_MASK         0xc0000084
#define MSR_FS_BASE              0xc0000100
#define MSR_GS_BASE              0xc0000101
#define MSR_KERNEL_GS_BASE       0xc0000102
#define MSR_TSC_AUX              0xc0000103

struct cpuid_leaf {
    uint32_t a, b, c, d;
};

static inline struct cpuid_leaf cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid_leaf r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
    return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}
static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}
/* With fault fixup: 0 or -EFAULT (cpu/extable.c). */
int rdmsr_safe(uint32_t msr, uint64_t *v);
int wrmsr_safe(uint32_t msr, uint64_t v);

#define X86_READ_REG(name, insn)                    \
    static inline unsigned long name(void)          \
    {                                               \
        unsigned long v;                            \
        __asm__ volatile(insn : "=r"(v)::"memory"); \
        return v;                                   \
    }
#define X86_WRITE_REG(name, insn)                   \
    static inline void name(unsigned long v)        \
    {                                               \
        __asm__ volatile(insn ::"r"(v) : "memory"); \
    }
X86_READ_REG(read_cr0, "mov %%cr0, %0")
X86_READ_REG(read_cr2, "mov %%cr2, %0")
X86_READ_REG(read_cr3, "mov %%cr3, %0")
X86_READ_REG(read_cr4, "mov %%cr4, %0")
X86_WRITE_REG(write_cr0, "mov %0, %%cr0")
X86_WRITE_REG(write_cr2, "mov %0, %%cr2")
X86_WRITE_REG(write_cr3, "mov %0, %%cr3")
X86_WRITE_REG(write_cr4, "mov %0, %%cr4")

static inline unsigned long read_flags(void)
{
    unsigned long f;
    __asm__ volatile("pushfq; popq %0" : "=r"(f)::"memory");
    return f;
}
static inline void local_irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}
static inline void local_irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}
static inline unsigned long local_irq_save(void)
{
    unsigned long f = read_flags();
    local_irq_disable();
    return f;
}
static inline void local_irq_restore(unsigned long f)
{
    if (f & X86_EFLAGS_IF)
        local_irq_enable();
}
static inline void cpu_relax(void)
{
    __asm__ volatile("pause" ::: "memory");
}
static inline void invlpg(unsigned long va)
{
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}
static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}
#define X86_PORT_IO(suffix, type)                                        \
    static inline void out##suffix(uint16_t port, type v)                \
    {                                                                    \
        __asm__ volatile("out" #suffix " %0, %1" ::"a"(v), "Nd"(port));  \
    }                                                                    \
    static inline type in##suffix(uint16_t port)                         \
    {                                                                    \
        type v;                                                          \
        __asm__ volatile("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port)); \
        return v;                                                        \
    }
X86_PORT_IO(b, uint8_t)
X86_PORT_IO(w, uint16_t)
X86_PORT_IO(l, uint32_t)

static inline bool is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)va >> 47) + 1 < 2;
}

#define PLATFORM_INFO_CPUID_FAULTING (1ull << 31)
#define MISC_FEATURES_CPUID_FAULTING 1ull

/* The host processor, read once at boot by cpu/cpuid.c. */
struct host_cpu {
    char vendor[13];
    char brand[49];
    uint32_t family, model, stepping;
    uint32_t max_leaf, max_ext_leaf;
    struct cpuid_leaf leaf1, leaf7, ext1, ext8; /* raw 1, 7.0, 80000001, 80000008 */
    unsigned int paddr_bits;
    bool has_vmx, has_smep, has_smap, has_umip, has_x2apic, has_tsc_deadline, has_1gb, has_nx,
        has_cpuid_faulting;
};
extern struct host_cpu host_cpu;
/* SMAP is in force: guest memory is reached between stac() and clac() only. */
extern bool cpu_smap_on;
static inline void stac(void)
{
    if (cpu_smap_on)
        __asm__ volatile("stac" ::: "memory");
}
static inline void clac(void)
{
    if (cpu_smap_on)
        __asm__ volatile("clac" ::: "memory");
}
/* The one EFER of the hypervisor: LME|LMA|SCE|NXE, constant on every CPU. */
#define HOST_EFER (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

#endif
