/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/vmx/mode.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/vmx */
/*
 * vmx_plan_mode() for EPT with unrestricted guest, over every legal guest
 * state: the guest reads back what it wrote, VM entry accepts the hardware's
 * values, and the invariants of EFER hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <asm/processor.h>

#include "mode.h"

#define CR4_LEGAL                                                                         \
    (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE |   \
     X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE | \
     X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_UMIP)

static const uint64_t cr0_bits[] = {X86_CR0_PE, X86_CR0_MP, X86_CR0_EM, X86_CR0_TS, X86_CR0_NE,
                                    X86_CR0_WP, X86_CR0_AM, X86_CR0_NW, X86_CR0_CD, X86_CR0_PG};
static const uint64_t cr4_bits[] = {X86_CR4_PAE, X86_CR4_PCIDE, X86_CR4_PGE, X86_CR4_SMEP,
                                    X86_CR4_OSFXSR};

static uint64_t pick(const uint64_t *bits, unsigned int n, unsigned int which)
{
    uint64_t v = 0;
    for (unsigned int i = 0; i < n; i++)
        if (which >> i & 1)
            v |= bits[i];
    return v;
}

static bool legal(const struct x86_ctrl *g)
{
    bool pe = g->cr0 & 1, pg = g->cr0 >> 31 & 1, lme = g->efer >> 8 & 1, pae = g->cr4 >> 5 & 1;
    bool nw = g->cr0 >> 29 & 1, cd = g->cr0 >> 30 & 1, pcide = g->cr4 >> 17 & 1;
    return !(pg && !pe) && !(nw && !cd) && !(pg && lme && !pae) && !(pcide && !(pg && lme));
}

static void check(const struct vmx_mode_env *env, const struct x86_ctrl *g)
{
    struct vmx_mode_plan p;
    vmx_plan_mode(env, g, &p);

    bool pg = g->cr0 >> 31 & 1, lme = g->efer >> 8 & 1;
    /* The guest sees its own registers. */
    assert_int_equal((p.cr0 & ~p.cr0_mask) | (p.cr0_shadow & p.cr0_mask), g->cr0);
    assert_int_equal((p.cr4 & ~p.cr4_mask) | (p.cr4_shadow & p.cr4_mask), g->cr4);
    /* PE and PG are the guest's; the mode bits are never the guest's to change. */
    assert_int_equal(p.cr0 & (X86_CR0_PE | X86_CR0_PG), g->cr0 & (X86_CR0_PE | X86_CR0_PG));
    assert_int_equal(p.cr0_mask & 0xe0000021u, 0xe0000021u);
    assert_int_equal(
        p.cr4_mask &
            (X86_CR4_PAE | X86_CR4_PCIDE | X86_CR4_VMXE | X86_CR4_MCE | X86_CR4_LA57 | ~CR4_LEGAL),
        X86_CR4_PAE | X86_CR4_PCIDE | X86_CR4_VMXE | X86_CR4_MCE | X86_CR4_LA57 | ~CR4_LEGAL);
    /* VM entry: fixed bits (PE and PG lifted), PG with PE, IA-32e with PG and PAE. */
    assert_int_equal(~p.cr0 & env->cr0_fixed0 & ~0x80000001u, 0);
    assert_int_equal(~p.cr4 & env->cr4_fixed0, 0);
    assert_true(p.cr4 & X86_CR4_VMXE);
    assert_true(!(p.cr0 & X86_CR0_PG) || (p.cr0 & X86_CR0_PE));
    assert_true(!p.ia32e || ((p.cr0 & X86_CR0_PG) && (p.cr4 & X86_CR4_PAE)));
    assert_true(p.ia32e || !(p.cr4 & X86_CR4_PCIDE));
    /* I1 to I4, I6, I8 */
    assert_int_equal(!!(g->efer & EFER_LMA), lme && pg);
    assert_int_equal(p.ia32e, lme && pg);
    assert_int_equal(!!(p.efer & EFER_LMA), p.ia32e);
    if (pg)
        assert_int_equal(!!(p.efer & EFER_LME), !!(p.efer & EFER_LMA));
    assert_int_equal(p.efer & EFER_NXE, g->efer & EFER_NXE);
    assert_int_equal(p.efer_read_exits, p.efer != g->efer);
    assert_false(p.efer_read_exits);
}

static void test_all_states(void **state)
{
    const struct vmx_mode_env env = {0x80000021, 0x2000, CR4_LEGAL};
    unsigned long cases = 0;
    for (unsigned int i = 0; i < 1024u * 32 * 8; i++) {
        struct x86_ctrl g = {.cr0 = pick(cr0_bits, 10, i & 1023) | X86_CR0_ET,
                             .cr4 = pick(cr4_bits, 5, i >> 10 & 31)};
        unsigned int e = i >> 15;
        g.efer = (e & 1 ? EFER_SCE : 0) | (e & 2 ? EFER_LME : 0) | (e & 4 ? EFER_NXE : 0);
        if ((e & 2) && (g.cr0 & X86_CR0_PG))
            g.efer |= EFER_LMA;
        if (!legal(&g))
            continue;
        check(&env, &g);
        cases++;
    }
    printf("mode plan: %lu states\n", cases);
}

/* Only bits that nobody checks may be the guest's own. */
static void test_owned_bits(void **state)
{
    assert_int_equal(vmx_cr0_guest_owned() & ~0x5000eul, 0);
    assert_int_equal(vmx_cr4_guest_owned(0), 0);
    assert_int_equal(vmx_cr4_guest_owned(~0ull) &
                         (X86_CR4_PAE | X86_CR4_VMXE | X86_CR4_SMXE | X86_CR4_PCIDE |
                          X86_CR4_OSXSAVE | X86_CR4_LA57 | X86_CR4_PKE | X86_CR4_CET | X86_CR4_MCE),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_states),
        cmocka_unit_test(test_owned_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
