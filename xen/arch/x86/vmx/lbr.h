/* SPDX-License-Identifier: MIT */
/*
 * lbr.h - last branch records of HVM guests: which MSRs hold them on which
 * processor, and their switching.
 *
 * VM exits clear DEBUGCTL, so the host records nothing and the MSRs keep what
 * the guest's branches left there; they change hands with the CPU, for vCPUs
 * that have ever used them.  They are not in the lists of VM entry, which
 * fails when it does not like a value.
 *
 * lbr_layout.c is pure: test/unit/test_xen_vmx_lbr.c.
 * Source: SDM vol. 3B "Last Branch, Interrupt, and Exception Recording".
 */
#ifndef X86_VMX_LBR_H
#define X86_VMX_LBR_H

#include <cairn/types.h>

struct vcpu;

#define DEBUGCTL_LBR 1ull

struct lbr_layout {
    uint32_t from, to; /* the first of each stack */
    unsigned int depth;
    bool select;   /* LBR_SELECT exists */
    bool sign_ext; /* bits 62:61 of a source must repeat 60:59 where there is no TSX */
};

/* Of an Intel processor; NULL: no records, or not known. */
const struct lbr_layout *lbr_layout(unsigned int family, unsigned int model);
/* The @i-th MSR of @l, i < lbr_count(@l). */
unsigned int lbr_count(const struct lbr_layout *l);
uint32_t lbr_msr(const struct lbr_layout *l, unsigned int i);
/* What to write for a value that was read from @msr, so that WRMSR takes it. */
uint64_t lbr_writable(const struct lbr_layout *l, bool tsx, uint32_t msr, uint64_t value);

/* Nothing happens for a vCPU that has never used them. */
void vmx_lbr_load(struct vcpu *v);
void vmx_lbr_save(struct vcpu *v);

#endif
