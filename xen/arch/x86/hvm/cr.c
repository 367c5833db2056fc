/* SPDX-License-Identifier: MIT */
/* cr.c - see cr.h.  Pure: host-tested by test/unit/test_xen_hvm_cr.c. */
#include "cr.h"

#include <asm/processor.h>
#include <cairn/errno.h>

#define CR0_DEFINED                                                                             \
    (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | \
     X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)
/* Changes that make PAE paging load its PDPTEs again. */
#define CR0_PDPTE_BITS (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)
#define CR4_PDPTE_BITS (X86_CR4_PAE | X86_CR4_PSE | X86_CR4_PGE | X86_CR4_SMEP)

static bool has(uint64_t word, uint64_t bits)
{
    return (word & bits) != 0;
}

bool x86_pae_paging(const struct x86_ctrl *s)
{
    return has(s->cr0, X86_CR0_PG) && has(s->cr4, X86_CR4_PAE) && !has(s->efer, EFER_LMA);
}

bool x86_pdptes_valid(const uint64_t pdpte[4], unsigned int maxphysaddr)
{
    /* Bits 2:1 and 8:5, and all from MAXPHYADDR up: bit 63 too. */
    uint64_t reserved = 0x1e6 | ~((1ull << maxphysaddr) - 1);
    for (unsigned int i = 0; i < 4; i++)
        if ((pdpte[i] & 1) && (pdpte[i] & reserved))
            return false;
    return true;
}

static bool cr0_allowed(const struct x86_ctrl *s, const struct x86_ctrl_env *env, uint64_t v)
{
    if (v >> 32)
        return false;
    if (has(v, X86_CR0_PG) && !has(v, X86_CR0_PE))
        return false;
    if (has(v, X86_CR0_NW) && !has(v, X86_CR0_CD))
        return false;
    if (!has(v, X86_CR0_WP) && has(s->cr4, X86_CR4_CET))
        return false;

    bool was_on = has(s->cr0, X86_CR0_PG), on = has(v, X86_CR0_PG);
    if (!was_on && on && has(s->efer, EFER_LME))
        return has(s->cr4, X86_CR4_PAE) && !env->cs_l && !env->tss_16;
    if (was_on && !on)
        return !(has(s->efer, EFER_LMA) && env->cs_l) && !has(s->cr4, X86_CR4_PCIDE);
    return true;
}

int x86_set_cr0(const struct x86_ctrl *s, const struct x86_ctrl_env *env, uint64_t value,
                struct x86_ctrl *out, unsigned int *owed)
{
    if (!cr0_allowed(s, env, value))
        return -EPERM;
    *out = *s;
    out->cr0 = (value & CR0_DEFINED) | X86_CR0_ET;
    out->efer &= ~EFER_LMA;
    if (has(out->cr0, X86_CR0_PG) && has(s->efer, EFER_LME))
        out->efer |= EFER_LMA;

    uint64_t changed = out->cr0 ^ s->cr0;
    *owed = 0;
    if (has(changed, X86_CR0_PG))
        *owed |= X86_MODE_CHANGED | X86_FLUSH_TLB;
    if (x86_pae_paging(out) && has(changed, CR0_PDPTE_BITS))
        *owed |= X86_LOAD_PDPTES;
    return 0;
}

int x86_set_cr4(const struct x86_ctrl *s, const struct x86_ctrl_env *env, uint64_t value,
                struct x86_ctrl *out, unsigned int *owed)
{
    uint64_t changed = value ^ s->cr4;

    if (value & ~env->cr4_legal)
        return -EPERM;
    if (has(s->efer, EFER_LMA) && (!has(value, X86_CR4_PAE) || has(changed, X86_CR4_LA57)))
        return -EPERM;
    if (has(value, X86_CR4_CET) && !has(s->cr0, X86_CR0_WP))
        return -EPERM;
    if (has(changed & value, X86_CR4_PCIDE) && (!has(s->efer, EFER_LMA) || (s->cr3 & 0xfff)))
        return -EPERM;

    *out = *s;
    out->cr4 = value;
    *owed = 0;
    if (has(changed, X86_CR4_PAE) && has(s->cr0, X86_CR0_PG))
        *owed |= X86_MODE_CHANGED;
    if (has(changed, X86_CR4_PGE | X86_CR4_PAE) || has(changed & ~value, X86_CR4_PCIDE) ||
        has(changed & value, X86_CR4_SMEP))
        *owed |= X86_FLUSH_TLB;
    if (x86_pae_paging(out) && has(changed, CR4_PDPTE_BITS))
        *owed |= X86_LOAD_PDPTES;
    return 0;
}

int x86_set_cr3(const struct x86_ctrl *s, unsigned int maxphysaddr, uint64_t value, uint64_t *cr3,
                unsigned int *owed)
{
    *owed = X86_FLUSH_TLB;
    if (has(s->efer, EFER_LMA)) {
        if (has(s->cr4, X86_CR4_PCIDE)) {
            *owed = value >> 63 ? 0 : X86_FLUSH_TLB;
            value &= ~(1ull << 63);
        }
        if (value >> maxphysaddr)
            return -EPERM;
    } else {
        value = (uint32_t)value;
        if (x86_pae_paging(s))
            *owed |= X86_LOAD_PDPTES;
    }
    *cr3 = value;
    return 0;
}

int x86_set_efer(const struct x86_ctrl *s, uint64_t legal, uint64_t value, uint64_t *efer,
                 unsigned int *owed)
{
    if (value & ~legal)
        return -EPERM;
    if (has(value ^ s->efer, EFER_LME) && has(s->cr0, X86_CR0_PG))
        return -EPERM;
    /* LMA in the written value is ignored: it follows LME and PG. */
    *efer = (value & ~EFER_LMA) | (s->efer & EFER_LMA);
    *owed = 0;
    if (has(value ^ s->efer, EFER_NXE) && has(s->cr0, X86_CR0_PG))
        *owed = X86_FLUSH_TLB;
    return 0;
}

uint64_t x86_lmsw(uint64_t cr0, uint16_t source)
{
    const uint64_t bits = X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS;
    return (cr0 & ~(bits & ~X86_CR0_PE)) | (source & bits);
}

bool x86_ctrl_valid(const struct x86_ctrl *s, const struct x86_ctrl_env *env)
{
    bool pg = has(s->cr0, X86_CR0_PG), lme = has(s->efer, EFER_LME);

    if ((s->cr0 & ~CR0_DEFINED) || (s->cr4 & ~env->cr4_legal) || (s->efer & ~env->efer_legal))
        return false;
    if (pg && !has(s->cr0, X86_CR0_PE))
        return false;
    if (has(s->cr0, X86_CR0_NW) && !has(s->cr0, X86_CR0_CD))
        return false;
    if (has(s->efer, EFER_LMA) != (lme && pg))
        return false;
    if (pg && lme && !has(s->cr4, X86_CR4_PAE))
        return false;
    if (has(s->cr4, X86_CR4_PCIDE) && !(pg && lme))
        return false;
    if (has(s->cr4, X86_CR4_CET) && !has(s->cr0, X86_CR0_WP))
        return false;
    if (has(s->efer, EFER_LMA) && env->tss_16)
        return false;
    return !(s->cr3 >> env->maxphysaddr);
}
