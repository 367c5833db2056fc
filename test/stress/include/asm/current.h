/* SPDX-License-Identifier: MIT */
/*
 * current.h - in place of the hypervisor's: a CPU is a thread here, and what
 * belongs to one is found by a thread-local number.
 */
#ifndef ASM_CURRENT_H
#define ASM_CURRENT_H

#include <asm/config.h>
#include <cairn/perfc.h>
#include <cairn/types.h>
#include <xen/xen.h>

struct vcpu;

struct cpu_info {
    struct cpu_user_regs guest_regs;
    unsigned int softirq_pending;
    struct vcpu *current_vcpu;
    uint64_t perfc[NR_PERFC];
};

extern __thread unsigned int stress_cpu;
extern struct cpu_info stress_cpu_info[NR_CPUS];

#define get_cpu_info()        (&stress_cpu_info[stress_cpu])
#define cpu_info_of(cpu)      (&stress_cpu_info[cpu])
#define current               (get_cpu_info()->current_vcpu)
#define set_current(v)        (get_cpu_info()->current_vcpu = (v))
#define smp_processor_id()    (stress_cpu)
#define guest_cpu_user_regs() (&get_cpu_info()->guest_regs)

#define DEFINE_PER_CPU(type, name)  __typeof__(type) percpu_##name[NR_CPUS]
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name[NR_CPUS]
#define this_cpu(name)              (percpu_##name[stress_cpu])
#define per_cpu(name, cpu)          (percpu_##name[cpu])

#define perfc_incr(name)     (get_cpu_info()->perfc[PERFC_##name]++)
#define perfc_add(name, n)   (get_cpu_info()->perfc[PERFC_##name] += (n))
#define perfc_incra(name, i) (get_cpu_info()->perfc[PERFC_##name + (i)]++)

#endif
