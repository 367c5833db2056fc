/* SPDX-License-Identifier: MIT */
/*
 * save.h - a vCPU's state as records of Xen's stream (xen/hvm/save.h).
 *
 * Each kind of record is one struct hvm_record; save.c goes through them.
 */
#ifndef X86_HVM_SAVE_H
#define X86_HVM_SAVE_H

#include <asm/hvm.h>
#include <cairn/types.h>
#include <xen/hvm/save.h>

struct hvm_record {
    uint16_t type, length;
    /* Why @record cannot be @v's, or NULL.  Changes nothing. */
    const char *(*bad)(const struct vcpu *v, const void *record);
    /* Cannot fail after bad().  @tsc: the host's, one for all vCPUs. */
    void (*load)(struct vcpu *v, const void *record, uint64_t tsc);
    /* @record is zero. */
    void (*save)(struct vcpu *v, void *record, uint64_t tsc);
};

extern const struct hvm_record hvm_cpu_record;                          /* vcpu.c */
extern const struct hvm_record hvm_lapic_record, hvm_lapic_regs_record; /* vlapic.c */

/* What Xen's records have no place for.  The type is ours: Xen's are small. */
#define HVM_SAVE_OWN     0x0c01
#define HVM_OWN_HLT      1u  /* waits in HLT */
#define HVM_OWN_HALTED   2u  /* the same with interrupts off */
#define HVM_OWN_DOWN     4u  /* VCPUOP_down */
#define HVM_OWN_NMI      8u  /* one waits */
#define HVM_OWN_PAE      16u /* pdpte holds what PAE paging has loaded */
#define HVM_OWN_FAULTING 32u /* CPUID faulting */
#define HVM_OWN_BLOCKING 8   /* from this bit on: hvm_get_blocking() */
#define HVM_OWN_ALL      (63u | HVM_BLOCKING_ALL << HVM_OWN_BLOCKING)
struct hvm_own {
    uint64_t pdpte[4];
    uint32_t flags; /* HVM_OWN_* */
    uint32_t upcall_vector;
};

#endif
