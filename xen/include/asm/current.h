/* SPDX-License-Identifier: MIT */
/*
 * current.h - what belongs to the CPU that runs this: found from the stack
 * pointer, since GS belongs to the PV guest.
 */
#ifndef ASM_CURRENT_H
#define ASM_CURRENT_H

#include <asm/config.h>
#include <cairn/perfc.h>
#include <xen/xen.h>

struct vcpu;

/* At the top of the main stack.  TSS.RSP0 points at guest_regs.es. */
struct cpu_info {
    struct cpu_user_regs guest_regs;
    unsigned int processor_id;
    unsigned int softirq_pending; /* bit per softirq */
    struct vcpu *current_vcpu;
    unsigned long percpu_offset;
    unsigned long cr4; /* shadow of the register: host part of CR4 */
    unsigned long scratch[2];
    uint64_t perfc[(NR_PERFC + 1) & ~1]; /* here: counting costs no look-up */
};
_Static_assert(sizeof(struct cpu_info) % 16 == 8, "trap frames end 16-byte aligned + 8");

static inline struct cpu_info *get_cpu_info(void)
{
    unsigned long sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu_info *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}

/* Another CPU's, also while it is not running. */
static inline struct cpu_info *cpu_info_of(unsigned int cpu)
{
    return (struct cpu_info *)(STACKS_VA_START + (cpu + 1ul) * STACK_SIZE) - 1;
}

#define current               (get_cpu_info()->current_vcpu)
#define set_current(v)        (get_cpu_info()->current_vcpu = (v))
#define smp_processor_id()    (get_cpu_info()->processor_id)
#define guest_cpu_user_regs() (&get_cpu_info()->guest_regs)

/* Per-CPU variables: DEFINE_PER_CPU(int, x); this_cpu(x)++.  They begin as
 * zero; an initialiser is an error. */
#define DEFINE_PER_CPU(type, name) \
    __attribute__((__section__(".bss.percpu"))) __typeof__(type) percpu_##name
/* The compiler must not know whose address it was: it would be free to take a
 * distance to another object for none. */
#define PER_CPU(name, info)                                       \
    (*(__typeof__(percpu_##name) *)({                             \
        unsigned long first_;                                     \
        __asm__("" : "=r"(first_) : "0"((void *)&percpu_##name)); \
        first_ + (info)->percpu_offset;                           \
    }))
#define this_cpu(name)     PER_CPU(name, get_cpu_info())
#define per_cpu(name, cpu) PER_CPU(name, cpu_info_of(cpu))
extern char __percpu_start[], __percpu_end[]; /* xen.lds.S */

#define perfc_incr(name)     (get_cpu_info()->perfc[PERFC_##name]++)
#define perfc_add(name, n)   (get_cpu_info()->perfc[PERFC_##name] += (n))
#define perfc_incra(name, i) (get_cpu_info()->perfc[PERFC_##name + (i)]++)

/* A PV guest's frame runs at ring 3 (both its kernel and its user mode). */
static inline bool guest_mode(const struct cpu_user_regs *regs)
{
    return (regs->cs & 3) != 0;
}

/* General register @n as instructions number them; RSP is the frame's. */
static inline unsigned long *regs_gpr(struct cpu_user_regs *regs, unsigned int n)
{
#define OFFSET(r) offsetof(struct cpu_user_regs, r)
    static const uint8_t offset[16] = {OFFSET(rax), OFFSET(rcx), OFFSET(rdx), OFFSET(rbx),
                                       OFFSET(rsp), OFFSET(rbp), OFFSET(rsi), OFFSET(rdi),
                                       OFFSET(r8),  OFFSET(r9),  OFFSET(r10), OFFSET(r11),
                                       OFFSET(r12), OFFSET(r13), OFFSET(r14), OFFSET(r15)};
#undef OFFSET
    return (unsigned long *)((char *)regs + offset[n & 15]);
}

/* Arguments of a hypercall, 64-bit ABI. */
static inline void regs_set_hypercall_args(struct cpu_user_regs *regs, const unsigned long arg[6])
{
    regs->rdi = arg[0];
    regs->rsi = arg[1];
    regs->rdx = arg[2];
    regs->r10 = arg[3];
    regs->r8 = arg[4];
    regs->r9 = arg[5];
}

static inline void regs_set_edx_eax(struct cpu_user_regs *regs, uint64_t v)
{
    regs->rax = (uint32_t)v;
    regs->rdx = v >> 32;
}

#endif
