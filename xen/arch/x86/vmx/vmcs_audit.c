/* SPDX-License-Identifier: MIT */
/*
 * vmcs_audit.c - what must hold before every VM entry (debug builds look at
 * a sample of them).  The names are those of docs/design.md "EFER".
 */
#include <asm/processor.h>
#include <cairn/lib.h>

#include "vmx.h"

void vmcs_audit(struct vcpu *v)
{
    const struct x86_ctrl *g = &v->arch.hvm.ctrl;
    uint64_t efer = g->efer;
    bool lme = efer & EFER_LME, lma = efer & EFER_LMA, pg = g->cr0 & X86_CR0_PG;
    uint64_t hw_efer = vmread64(GUEST_EFER);
    uint64_t hw_cr0 = vmreadnw(GUEST_CR0);
    uint32_t entry = vmread32(VM_ENTRY_CONTROLS);
    bool ia32e = entry & ENTRY_IA32E_GUEST;
    bool hw_lma = hw_efer & EFER_LMA, hw_lme = hw_efer & EFER_LME;

    ASSERT(lma == (lme && pg));                                                           /* I1 */
    ASSERT(ia32e == lma);                                                                 /* I2 */
    ASSERT(hw_lma == ia32e);                                                              /* I3 */
    ASSERT(!(hw_cr0 & X86_CR0_PG) || hw_lme == hw_lma);                                   /* I4 */
    ASSERT(!(hw_efer & EFER_NXE) == !(efer & EFER_NXE));                                  /* I6 */
    ASSERT(!(entry & ENTRY_LOAD_EFER) == !(vmread32(VM_EXIT_CONTROLS) & EXIT_LOAD_EFER)); /* I7 */
    ASSERT(hw_efer == efer);                        /* I8: its reads do not exit */
    ASSERT(vmread64(HOST_EFER_FIELD) == HOST_EFER); /* I10 */
    ASSERT(entry == v->arch.hvm.vmx.entry_controls);
    ASSERT(vmread32(PROC_BASED_CONTROLS) == v->arch.hvm.vmx.proc_controls);
}
