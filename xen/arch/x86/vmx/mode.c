/* SPDX-License-Identifier: MIT */
/* mode.c - see mode.h.  Pure: host-tested by test/unit/test_xen_vmx_mode.c. */
#include "mode.h"

#include <asm/processor.h>

/*
 * CR0 bits that the guest changes without an exit.  PE and PG decide the
 * mode, CD and NW are the host's, NE must be 1.  The others mean nothing to
 * us unless we walk the guest's tables, and then we read them from the VMCS.
 */
#define CR0_OWNED (X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_WP | X86_CR0_AM)

/*
 * CR4: PAE and LA57 decide the mode, PCIDE has rules that we check, VMXE and
 * MCE are the host's.  In PAE paging under EPT the processor itself reloads
 * the PDPTEs when the guest changes PGE, PSE or SMEP.
 */
#define CR4_OWNED_ALWAYS                                                                   \
    (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PCE | X86_CR4_OSFXSR | \
     X86_CR4_OSXMMEXCPT | X86_CR4_UMIP | X86_CR4_FSGSBASE)
#define CR4_OWNED_PAGING (X86_CR4_PSE | X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP)

/* Bits that would show a real-mode guest that it runs at CPL 3. */
#define CR0_NOT_VM86 X86_CR0_AM
#define CR4_NOT_VM86 (X86_CR4_TSD | X86_CR4_UMIP)

struct mode {
    bool pg, pae, lma;
    bool forced;  /* the hardware pages although the guest does not */
    bool virtual; /* real mode by virtual-8086 mode */
    bool shadow;
};

static struct mode mode_of(const struct vmx_mode_env *env, const struct x86_ctrl *g)
{
    struct mode m = {
        .pg = g->cr0 & X86_CR0_PG,
        .pae = g->cr4 & X86_CR4_PAE,
        .lma = g->efer & EFER_LMA,
        .shadow = !env->ept,
    };
    m.forced = !env->unrestricted && !m.pg;
    m.virtual = !env->unrestricted && !(g->cr0 & X86_CR0_PE);
    return m;
}

static void plan_cr0(const struct vmx_mode_env *env, const struct x86_ctrl *g, struct mode m,
                     struct vmx_mode_plan *plan)
{
    uint64_t forced = env->cr0_fixed0 | X86_CR0_NE;
    uint64_t owned = CR0_OWNED;

    /* Unrestricted guest lifts the fixed PE and PG. */
    if (env->unrestricted)
        forced &= ~(uint64_t)(X86_CR0_PE | X86_CR0_PG);
    if (m.forced)
        forced |= X86_CR0_PE | X86_CR0_PG;
    if (m.shadow) {
        /* Read-only shadows protect the guest's page tables. */
        forced |= X86_CR0_WP;
        owned &= ~(uint64_t)X86_CR0_WP;
    }
    plan->cr0 = (g->cr0 & ~(X86_CR0_CD | X86_CR0_NW)) | forced;
    if (m.virtual) {
        plan->cr0 &= ~(uint64_t)CR0_NOT_VM86;
        owned &= ~(uint64_t)CR0_NOT_VM86;
    }
    plan->cr0_mask = ~owned;
    plan->cr0_shadow = g->cr0;
}

static void plan_cr4(const struct vmx_mode_env *env, const struct x86_ctrl *g, struct mode m,
                     struct vmx_mode_plan *plan)
{
    /* MCE: a machine check must reach the host, not shut the processor down. */
    uint64_t forced = env->cr4_fixed0 | X86_CR4_VMXE | X86_CR4_MCE;
    uint64_t stripped = 0;
    uint64_t owned = CR4_OWNED_ALWAYS | CR4_OWNED_PAGING;

    if (m.forced) {
        /* Every page of the identity map is a user page: supervisor code
         * would fault on it without end. */
        stripped |= X86_CR4_SMEP | X86_CR4_SMAP;
        owned &= ~(uint64_t)(X86_CR4_SMEP | X86_CR4_SMAP);
    }
    if (m.shadow) {
        /* Tables are PAE at least; what changes their meaning exits. */
        forced |= m.lma ? 0 : X86_CR4_PAE;
        stripped |= X86_CR4_PCIDE | X86_CR4_PKE | X86_CR4_PKS;
        owned &= ~(uint64_t)CR4_OWNED_PAGING;
    } else if (m.forced) {
        /* The identity map is one 32-bit directory of 4 MiB pages. */
        forced |= X86_CR4_PSE;
        stripped |= X86_CR4_PAE;
        owned &= ~(uint64_t)X86_CR4_PSE;
    }
    if (m.virtual) {
        /* Software interrupts through the guest's own vectors. */
        forced |= X86_CR4_VME;
        stripped |= CR4_NOT_VM86;
        owned &= ~(uint64_t)(X86_CR4_VME | CR4_NOT_VM86);
    }
    plan->cr4 = (g->cr4 & ~stripped) | forced;
    plan->cr4_mask = ~(owned & env->cr4_legal);
    plan->cr4_shadow = g->cr4;
}

/* The sole place that decides the hardware's EFER. */
static void plan_efer(const struct vmx_mode_env *env, const struct x86_ctrl *g, struct mode m,
                      struct vmx_mode_plan *plan)
{
    plan->efer = g->efer;
    if (m.shadow)
        plan->efer |= EFER_NXE; /* our tables hold execute-disable bits */
    if (m.forced)
        plan->efer &= ~(uint64_t)EFER_LME; /* LME with PG would be long mode */
    plan->efer_read_exits = plan->efer != g->efer;
    plan->efer_by_list = !env->efer_switch && plan->efer != HOST_EFER;
}

static enum vmx_tables tables_of(struct mode m)
{
    if (m.shadow)
        return m.lma ? VMX_TABLES_SHADOW_4 : m.pg ? VMX_TABLES_SHADOW_PAE : VMX_TABLES_SHADOW_IDENT;
    if (m.pg)
        return VMX_TABLES_GUEST;
    return m.forced ? VMX_TABLES_IDENT : VMX_TABLES_NONE;
}

void vmx_plan_mode(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                   struct vmx_mode_plan *plan)
{
    struct mode m = mode_of(env, g);

    plan_cr0(env, g, m, plan);
    plan_cr4(env, g, m, plan);
    plan_efer(env, g, m, plan);
    plan->ia32e = m.lma;
    plan->vm86 = m.virtual;
    plan->tables = tables_of(m);
    plan->cr3_exits = m.shadow || m.forced;
    plan->guest_pdptes = env->ept && m.pg && m.pae && !m.lma;
}

void vmx_plan_efer(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                   struct vmx_mode_plan *plan)
{
    plan_efer(env, g, mode_of(env, g), plan);
}

bool vmx_cr0_only_shadow(const struct vmx_mode_env *env, uint64_t changed)
{
    return !env->ept && !(changed & ~X86_CR0_WP); /* it is forced there */
}
