/* SPDX-License-Identifier: MIT */
/*
 * mode_check.c - the invariants of EFER and of the mode controls, checked on
 * what a VMCS holds.  Pure; vmcs_audit.c calls it before entries of a debug
 * build, test_xen_vmx_mode.c over every state.
 */
#include <asm/processor.h>

#include "mode.h"

const char *vmx_mode_broken(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                            const struct vmx_mode_seen *hw)
{
    bool g_pg = g->cr0 & X86_CR0_PG, g_lme = g->efer & EFER_LME, g_lma = g->efer & EFER_LMA;
    bool g_nxe = g->efer & EFER_NXE;
    bool hw_lme = hw->efer & EFER_LME, hw_lma = hw->efer & EFER_LMA;
    bool hw_nxe = hw->efer & EFER_NXE, hw_pg = hw->cr0 & X86_CR0_PG;

    if (g_lma != (g_lme && g_pg))
        return "I1: guest LMA is not LME and PG";
    if (hw->ia32e != g_lma)
        return "I2: the IA-32e control is not the guest's LMA";
    if (hw_lma != hw->ia32e)
        return "I3: hardware LMA is not the IA-32e control";
    if (hw_pg && hw_lme != hw_lma)
        return "I4: hardware LME is not LMA while paging";
    if (!env->ept && !hw_nxe)
        return "I5: shadow tables without NXE";
    if (env->ept && hw_nxe != g_nxe)
        return "I6: hardware NXE is not the guest's";
    if (hw->entry_switches_efer != hw->exit_switches_efer)
        return "I7: EFER is switched on one side only";
    if (!hw->efer_read_exits && hw->efer != g->efer)
        return "I8: EFER is read without an exit and is not the guest's";
    if (!hw->efer_write_exits)
        return "I9: EFER is written without an exit";
    if (hw->host_efer != HOST_EFER)
        return "I10: the host's EFER differs from its constant";
    /* What VM entry would refuse, or take to mean something else. */
    if (!env->unrestricted && !(hw_pg && (hw->cr0 & X86_CR0_PE)))
        return "PE and PG must be 1 without unrestricted guest";
    if (hw_pg && !(hw->cr0 & X86_CR0_PE))
        return "PG without PE";
    if (hw->ia32e && !(hw_pg && (hw->cr4 & X86_CR4_PAE)))
        return "IA-32e mode without PG and PAE";
    if (!hw->ia32e && (hw->cr4 & X86_CR4_PCIDE))
        return "PCIDE outside IA-32e mode";
    if (hw_pg && !g_pg && (hw->cr4 & (X86_CR4_SMEP | X86_CR4_SMAP)))
        return "SMEP or SMAP over an identity map of user pages";
    if ((hw->efer ^ g->efer) & EFER_SCE)
        return "hardware SCE is not the guest's";
    return NULL;
}
