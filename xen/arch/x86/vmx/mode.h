/* SPDX-License-Identifier: MIT */
/*
 * mode.h - from the guest's control registers and EFER to what the hardware
 * must hold while the guest runs, on every generation of VT-x and for both
 * kinds of paging.  Pure plan; state.c applies it.
 *
 * Invariants (docs/efer.md): LMA == LME && PG; the IA-32e entry control ==
 * LMA; EFER writes always exit; EFER reads exit unless the hardware's value
 * is the guest's bit for bit.  mode_check.c checks them.
 */
#ifndef X86_VMX_MODE_H
#define X86_VMX_MODE_H

#include <asm/hvm.h>

/* What of the machine and of the domain the plan depends on. */
struct vmx_mode_env {
    uint64_t cr0_fixed0, cr4_fixed0; /* bits that VMX operation demands */
    uint64_t cr4_legal;              /* bits that the guest may set */
    bool ept;          /* this domain's addresses go through EPT, else shadow tables */
    bool unrestricted; /* PE and PG may be the guest's; only with ept */
    bool efer_switch;  /* by entry and exit controls, else by MSR lists */
};

/* Which page tables the processor walks while the guest runs. */
enum vmx_tables {
    VMX_TABLES_NONE,         /* paging is off */
    VMX_TABLES_GUEST,        /* the guest's own, GUEST_CR3 is its CR3 */
    VMX_TABLES_IDENT,        /* the guest's page at HVM_PARAM_IDENT_PT: 4 MiB pages */
    VMX_TABLES_SHADOW_PAE,   /* ours, PAE format: 2-level and PAE guests */
    VMX_TABLES_SHADOW_IDENT, /* ours, PAE format: the guest has no paging */
    VMX_TABLES_SHADOW_4,     /* ours, 4 levels */
};

struct vmx_mode_plan {
    uint64_t cr0, cr0_mask, cr0_shadow;
    uint64_t cr4, cr4_mask, cr4_shadow;
    uint64_t efer;
    bool ia32e;
    bool efer_read_exits;
    bool efer_by_list; /* MSR-list entries are needed: no controls, and not the host's value */
    bool vm86;         /* the guest is in real mode, the processor in virtual-8086 mode */
    bool cr3_exits;    /* loads and stores of CR3: GUEST_CR3 is not the guest's */
    bool guest_pdptes; /* the PDPTE fields are in use and the guest's */
    enum vmx_tables tables;
};

/* vmx_plan_mode - @g must obey the rules of hvm/cr.c. */
void vmx_plan_mode(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                   struct vmx_mode_plan *plan);

/* The part of it that depends on EFER: only efer and efer_* are set; of @env
 * only ept, unrestricted and efer_switch matter. */
void vmx_plan_efer(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                   struct vmx_mode_plan *plan);

/* May the guest's CR0 change in the bits @changed with no change to the plan but
 * in cr0_shadow? */
bool vmx_cr0_only_shadow(const struct vmx_mode_env *env, uint64_t changed);

/* What a VMCS holds, read back: of the guest's mode and of the EFER switch. */
struct vmx_mode_seen {
    uint64_t cr0, cr4;
    uint64_t efer;                                /* that VM entry gives the guest */
    uint64_t host_efer;                           /* that VM exit gives the host */
    bool ia32e;                                   /* entry control */
    bool entry_switches_efer, exit_switches_efer; /* by control or list */
    bool efer_read_exits, efer_write_exits;       /* MSR bitmap */
};

/*
 * vmx_mode_broken - the first invariant that does not hold, as "I4: text", or
 * NULL.  Written against the rules, not against vmx_plan_mode().
 */
const char *vmx_mode_broken(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                            const struct vmx_mode_seen *hw);

#endif
