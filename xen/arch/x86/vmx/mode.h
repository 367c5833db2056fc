/* SPDX-License-Identifier: MIT */
/*
 * mode.h - from the guest's control registers and EFER to what the hardware
 * must hold while the guest runs.  Pure plan; vmcs.c applies it.
 *
 * Invariants (docs/design.md "EFER"): LMA == LME && PG; the IA-32e entry
 * control == LMA; EFER writes always exit; the EFER read exits exactly if
 * hardware's value differs from the guest's.
 */
#ifndef X86_VMX_MODE_H
#define X86_VMX_MODE_H

#include <asm/hvm.h>
#include <cairn/types.h>

/* What of the machine and of the domain the plan depends on. */
struct vmx_mode_env {
    uint64_t cr0_fixed0, cr4_fixed0; /* bits that VMX operation demands */
    uint64_t cr4_legal;              /* bits that the guest may set */
    bool shadow; /* the processor walks our tables, not the guest's, and is never without paging */
};

struct vmx_mode_plan {
    uint64_t cr0, cr0_mask, cr0_shadow;
    uint64_t cr4, cr4_mask, cr4_shadow;
    uint64_t efer;
    bool ia32e;
    bool efer_read_exits;
};

/*
 * vmx_plan_mode - with EPT and unrestricted guest the guest's PE and PG are
 * the hardware's; under shadow paging PE, PG, WP and NXE are always 1, PAE too,
 * and LME follows LMA.
 * @g must obey the rules of hvm/cr.c.
 */
void vmx_plan_mode(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                   struct vmx_mode_plan *plan);

/* Bits that the guest changes without an exit. */
uint64_t vmx_cr0_guest_owned(bool shadow);
uint64_t vmx_cr4_guest_owned(uint64_t cr4_legal, bool shadow);

#endif
