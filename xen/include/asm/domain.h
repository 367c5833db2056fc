/* SPDX-License-Identifier: MIT */
/* domain.h - the x86 part of a domain and of a vCPU. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <asm/pv.h>
#include <asm/pvclock.h>
#include <cairn/boot_info.h>

struct domain;
struct paging_ops;
struct shadow_domain;

struct arch_domain {
    struct cpu_policy policy;
    struct p2m p2m;                  /* HVM */
    const struct paging_ops *paging; /* HVM */
    struct shadow_domain *shadow;    /* shadow paging */
    spinlock_t paging_lock;
    bool paging_resizing; /* paused until the pool has its new size */
    uint32_t emulation_flags;
    uint32_t tsc_mode, tsc_khz; /* pvclock.h */
    uint64_t tsc_ratio;
    struct pvclock_scale tsc_scale;
    struct pv_domain pv; /* exactly one of the two is in use */
    struct hvm_domain hvm;
    /* XENMEM_set_memory_map, for XENMEM_memory_map */
    uint32_t nr_e820;
    struct e820_entry e820[16];
};

/* domain.c: fill a page of the domain's with hypercall stubs.  -EACCES: there is
 * none; -EPERM: it is in use as something that is not written to. */
int arch_write_hypercall_page(struct domain *d, gfn_t gfn);

struct arch_vcpu {
    struct cpu_user_regs user_regs; /* while not running */
    uint8_t fpu[512] __aligned(16);
    unsigned long dr[4], dr6, dr7;
    struct pv_vcpu pv;
    struct hvm_vcpu hvm;
};

#endif
