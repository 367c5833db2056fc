/* SPDX-License-Identifier: MIT */
/* mode.c - see mode.h.  Pure: host-tested by test/unit/test_xen_vmx_mode.c. */
#include "mode.h"

#include <asm/processor.h>

/*
 * CR0: PE and PG decide the mode, CD and NW are the host's, NE must be 1.
 * The others mean nothing to us unless we walk the guest's tables, and then
 * we read them from the VMCS.
 */
uint64_t vmx_cr0_guest_owned(void)
{
    return X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_WP | X86_CR0_AM;
}

/*
 * CR4: PAE and LA57 decide the mode, PCIDE has rules that we check, VMXE and
 * MCE are the host's.  In PAE paging the processor itself reloads the PDPTEs
 * when the guest changes PGE, PSE or SMEP.
 */
uint64_t vmx_cr4_guest_owned(uint64_t cr4_legal)
{
    return cr4_legal & (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE |
                        X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
                        X86_CR4_UMIP | X86_CR4_FSGSBASE | X86_CR4_SMEP | X86_CR4_SMAP);
}

void vmx_plan_mode(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                   struct vmx_mode_plan *plan)
{
    /* Unrestricted guest lifts the fixed PE and PG. */
    uint64_t cr0_forced = (env->cr0_fixed0 & ~(X86_CR0_PE | X86_CR0_PG)) | X86_CR0_NE;

    plan->cr0 = (g->cr0 & ~(X86_CR0_CD | X86_CR0_NW)) | cr0_forced;
    plan->cr0_mask = ~vmx_cr0_guest_owned();
    plan->cr0_shadow = g->cr0;

    /* MCE: a machine check must reach the host, not shut the processor down. */
    plan->cr4 = g->cr4 | env->cr4_fixed0 | X86_CR4_VMXE | X86_CR4_MCE;
    plan->cr4_mask = ~vmx_cr4_guest_owned(env->cr4_legal);
    plan->cr4_shadow = g->cr4;

    plan->efer = g->efer;
    plan->ia32e = g->efer & EFER_LMA;
    plan->efer_read_exits = plan->efer != g->efer;
}
