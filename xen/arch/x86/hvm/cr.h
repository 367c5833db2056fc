/* SPDX-License-Identifier: MIT */
/*
 * cr.h - the rules of control registers and EFER as the guest sees them.
 * x86_*: pure (cr.c, host-tested).  hvm_set_*: mechanism around it (ctrl.c).
 */
#ifndef X86_HVM_CR_H
#define X86_HVM_CR_H

#include <asm/cpu_policy.h>
#include <asm/hvm.h>
#include <cairn/types.h>

/* What besides the registers a rule looks at. */
struct x86_ctrl_env {
    uint64_t efer_legal; /* of the policy, LMA included */
    uint64_t cr4_legal;
    uint8_t maxphysaddr;
    bool cs_l;   /* CS.L: with LMA, 64-bit mode */
    bool tss_16; /* TR holds a 16-bit TSS */
};
static inline struct x86_ctrl_env x86_ctrl_env_of(const struct cpu_policy *p)
{
    return (struct x86_ctrl_env){
        .efer_legal = p->efer_legal, .cr4_legal = p->cr4_legal, .maxphysaddr = p->maxphysaddr};
}

/* What the caller owes after a change. */
#define X86_LOAD_PDPTES  1u /* before committing: load and check; #GP if bad */
#define X86_FLUSH_TLB    2u /* this vCPU's translations */
#define X86_MODE_CHANGED 4u /* LMA, PG or PAE: paging mode */

/*
 * Each takes the state @s and the value written, and returns 0 with the new
 * state in *@out and what is owed in *@owed; or -EPERM: #GP(0), no change.
 * Checks of the CPL and of the PDPTEs are the caller's.
 * Sources: SDM "Paging-Mode Enabling", "Control Registers", "PDPTE
 * Registers", "Extended Feature Enable Register".
 */
typedef int (*x86_ctrl_rule)(const struct x86_ctrl *s, const struct x86_ctrl_env *env,
                             uint64_t value, struct x86_ctrl *out, unsigned int *owed);
int x86_set_cr0(const struct x86_ctrl *s, const struct x86_ctrl_env *env, uint64_t value,
                struct x86_ctrl *out, unsigned int *owed);
int x86_set_cr4(const struct x86_ctrl *s, const struct x86_ctrl_env *env, uint64_t value,
                struct x86_ctrl *out, unsigned int *owed);
/* The same for CR3 and EFER (@legal: as env's): no other register changes. */
int x86_set_efer(const struct x86_ctrl *s, uint64_t legal, uint64_t value, uint64_t *efer,
                 unsigned int *owed);
int x86_set_cr3(const struct x86_ctrl *s, unsigned int maxphysaddr, uint64_t value, uint64_t *cr3,
                unsigned int *owed);
/* The CR0 that LMSW makes: PE can be set but not cleared. */
uint64_t x86_lmsw(uint64_t cr0, uint16_t source);
bool x86_pae_paging(const struct x86_ctrl *s);
/* May these four be loaded?  Reserved bits count only in present ones. */
bool x86_pdptes_valid(const uint64_t pdpte[4], unsigned int maxphysaddr);
/* A state that no sequence of the above reaches is false (restore). */
bool x86_ctrl_valid(const struct x86_ctrl *s, const struct x86_ctrl_env *env);

/* ctrl.c: for the current vCPU; 0, or -EPERM: inject #GP(0). */
struct vcpu;
int hvm_set_cr0(struct vcpu *v, uint64_t value);
int hvm_set_cr3(struct vcpu *v, uint64_t value);
int hvm_set_cr4(struct vcpu *v, uint64_t value);
/* CR0, CR3, CR4 or CR8; -EINVAL: another. */
int hvm_set_cr(struct vcpu *v, unsigned int cr, uint64_t value);
int hvm_set_efer(struct vcpu *v, uint64_t value);
/* The PDPTEs that @cr3 names; -EPERM: not there, or bad. */
int hvm_read_pdptes(const struct vcpu *v, uint64_t cr3, uint64_t pdpte[4]);

#endif
