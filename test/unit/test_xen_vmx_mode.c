/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/vmx/mode.c xen/arch/x86/vmx/mode_check.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/vmx */
/*
 * vmx_plan_mode() over every legal guest state, for each of SH1, SH2, E1, E,
 * U1 and U: against the truth table of the design (docs/efer.md), written down
 * here row by row and independently of the plan; against what VM entry
 * accepts; and against the invariants.  Then the checker of the invariants
 * itself: each wrong value that it exists for is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mode.h"

/* Bits by number, so that a wrong name in a header shows. */
#define B(n) (1ull << (n))
enum { PE = 0, MP, EM, TS, ET, NE, WP = 16, AM = 18, NW = 29, CD, PG };
enum { VME = 0, PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP };
enum { VMXE = 13, FSGSBASE = 16, PCIDE = 17, SMEP = 20, SMAP = 21 };
enum { SCE = 0, LME = 8, LMA = 10, NXE = 11 };
#define HOST_EFER_VALUE 0xd01ull

static unsigned long parts_checked;

#define CR4_LEGAL                                                                       \
    (B(VME) | B(PVI) | B(TSD) | B(DE) | B(PSE) | B(PAE) | B(PGE) | B(PCE) | B(OSFXSR) | \
     B(OSXMMEXCPT) | B(UMIP) | B(FSGSBASE) | B(PCIDE) | B(SMEP) | B(SMAP))

static const struct mode_row {
    const char *name;
    bool ept, unrestricted, gen2;
} modes[] = {
    {"SH1", false, false, false}, {"SH2", false, false, true}, {"E1", true, false, false},
    {"E", true, false, true},     {"U1", true, true, false},   {"U", true, true, true},
};
#define NR_MODES (sizeof(modes) / sizeof(modes[0]))

static struct vmx_mode_env env_of(const struct mode_row *m)
{
    /* FIXED0 as every processor has it: PE NE PG, VMXE. */
    return (struct vmx_mode_env){0x80000021, 0x2000, CR4_LEGAL, m->ept, m->unrestricted, m->gen2};
}

static bool bit(uint64_t word, unsigned int n)
{
    return word >> n & 1;
}

/* ---- the truth table ---- */

enum state { S1, S2, S3, S4, S5, UNREACHABLE };

static enum state state_of(const struct x86_ctrl *g)
{
    bool pe = bit(g->cr0, PE), pg = bit(g->cr0, PG), pae = bit(g->cr4, PAE);
    bool lme = bit(g->efer, LME);

    if (!pe && !pg)
        return S1;
    if (pe && !pg)
        return S2;
    if (pe && pg && !pae && !lme)
        return S3;
    if (pe && pg && pae && !lme)
        return S4;
    if (pe && pg && pae && lme)
        return S5;
    return UNREACHABLE;
}

struct want {
    uint64_t cr0_set, cr0_clear; /* else the guest's; CD, NW never */
    uint64_t cr4_set, cr4_clear;
    bool ia32e, lme, lma, nxe;
    enum vmx_tables tables;
    bool read_exits, cr3_exits, vm86, pdptes;
};

/* Rows "SH1, SH2". */
static struct want want_shadow(enum state s, const struct x86_ctrl *g)
{
    struct want w = {.nxe = true, .cr3_exits = true};
    bool gnxe = bit(g->efer, NXE), glme = bit(g->efer, LME);

    switch (s) {
    case S1:
    case S2:
        w.cr0_set = B(PE) | B(PG) | B(NE) | B(WP);
        w.cr4_set = B(PAE);
        w.cr4_clear = B(SMEP) | B(SMAP);
        w.tables = VMX_TABLES_SHADOW_IDENT;
        w.read_exits = !gnxe || glme;
        break;
    case S3:
        w.cr0_set = B(NE) | B(WP);
        w.cr4_set = B(PAE);
        w.tables = VMX_TABLES_SHADOW_PAE;
        w.read_exits = !gnxe;
        break;
    case S4:
        w.cr0_set = B(NE) | B(WP);
        w.tables = VMX_TABLES_SHADOW_PAE;
        w.read_exits = !gnxe;
        break;
    default:
        w.cr0_set = B(NE) | B(WP);
        w.cr4_clear = B(PCIDE);
        w.ia32e = w.lme = w.lma = true;
        w.tables = VMX_TABLES_SHADOW_4;
        w.read_exits = !gnxe;
        break;
    }
    return w;
}

/* Rows "E". */
static struct want want_ept(enum state s, const struct x86_ctrl *g)
{
    struct want w = {.nxe = bit(g->efer, NXE), .cr0_set = B(NE), .tables = VMX_TABLES_GUEST};

    switch (s) {
    case S1:
    case S2:
        w.cr0_set = B(PE) | B(PG) | B(NE);
        w.cr4_set = B(PSE);
        w.cr4_clear = B(PAE) | B(SMEP) | B(SMAP);
        w.tables = VMX_TABLES_IDENT;
        w.cr3_exits = true;
        w.read_exits = bit(g->efer, LME);
        break;
    case S4:
        w.pdptes = true;
        break;
    case S5:
        w.ia32e = w.lme = w.lma = true;
        break;
    default:
        break;
    }
    return w;
}

/* Rows "U". */
static struct want want_unrestricted(enum state s, const struct x86_ctrl *g)
{
    struct want w = {.nxe = bit(g->efer, NXE), .cr0_set = B(NE)};

    if (s == S1 || s == S2) {
        w.lme = bit(g->efer, LME);
        w.tables = VMX_TABLES_NONE;
        return w;
    }
    return want_ept(s, g);
}

static struct want want_of(const struct mode_row *m, enum state s, const struct x86_ctrl *g)
{
    struct want w = !m->ept            ? want_shadow(s, g)
                    : !m->unrestricted ? want_ept(s, g)
                                       : want_unrestricted(s, g);
    if (s == S1 && !m->unrestricted) {
        /* vm86: VME on; nothing that shows or faults at CPL 3 but not in real mode. */
        w.vm86 = true;
        w.cr0_clear |= B(AM);
        w.cr4_set |= B(VME);
        w.cr4_clear |= B(TSD) | B(UMIP);
    }
    w.cr4_set |= B(VMXE) | B(MCE);
    return w;
}

static void check_table(const struct mode_row *m, const struct x86_ctrl *g,
                        const struct vmx_mode_plan *p)
{
    struct want w = want_of(m, state_of(g), g);
    uint64_t cr0 = ((g->cr0 & ~(B(CD) | B(NW))) & ~w.cr0_clear) | w.cr0_set;
    uint64_t cr4 = (g->cr4 & ~w.cr4_clear) | w.cr4_set;
    uint64_t efer = (bit(g->efer, SCE) ? B(SCE) : 0) | (w.lme ? B(LME) : 0) | (w.lma ? B(LMA) : 0) |
                    (w.nxe ? B(NXE) : 0);

    assert_int_equal(p->cr0, cr0);
    assert_int_equal(p->cr4, cr4);
    assert_int_equal(p->efer, efer);
    assert_int_equal(p->ia32e, w.ia32e);
    assert_int_equal(p->efer_read_exits, w.read_exits);
    assert_int_equal(p->efer_by_list, !m->gen2 && efer != HOST_EFER_VALUE);
    assert_int_equal(p->tables, w.tables);
    assert_int_equal(p->cr3_exits, w.cr3_exits);
    assert_int_equal(p->vm86, w.vm86);
    assert_int_equal(p->guest_pdptes, w.pdptes);
}

/* ---- what the guest reads, and may change by itself ---- */

static void check_masks(const struct mode_row *m, const struct x86_ctrl *g,
                        const struct vmx_mode_plan *p)
{
    const uint64_t cr0_ours = B(PE) | B(NE) | B(ET) | B(NW) | B(CD) | B(PG);
    const uint64_t cr4_ours = B(PAE) | B(PCIDE) | B(VMXE) | B(MCE) | B(12) | ~CR4_LEGAL;

    assert_int_equal((p->cr0 & ~p->cr0_mask) | (p->cr0_shadow & p->cr0_mask), g->cr0);
    assert_int_equal((p->cr4 & ~p->cr4_mask) | (p->cr4_shadow & p->cr4_mask), g->cr4);
    assert_int_equal(p->cr0_mask & cr0_ours, cr0_ours);
    assert_int_equal(p->cr4_mask & cr4_ours, cr4_ours);
    /* What the hardware is given otherwise than the guest has it is ours. */
    assert_int_equal((p->cr0 ^ g->cr0) & ~p->cr0_mask, 0);
    assert_int_equal((p->cr4 ^ g->cr4) & ~p->cr4_mask, 0);
    if (!m->ept) {
        /* These are in the role of shadow pages: a change must be seen. */
        const uint64_t role = B(PSE) | B(PGE) | B(SMEP) | B(SMAP);
        assert_int_equal(p->cr4_mask & role, role);
        assert_true(bit(p->cr0_mask, WP));
    }
    if (bit(p->cr0, PG) && !bit(g->cr0, PG)) {
        /* Our identity map stays what it is, whatever the guest writes. */
        const uint64_t ident = B(PSE) | B(SMEP) | B(SMAP);
        assert_int_equal(p->cr4_mask & ident, ident);
    }
}

/* ---- what VM entry accepts (SDM "Checks on Guest Control Registers") ---- */

static void check_entry(const struct mode_row *m, const struct x86_ctrl *g,
                        const struct vmx_mode_plan *p)
{
    uint64_t fixed = 0x80000021 & (m->unrestricted ? ~(B(PE) | B(PG)) : ~0ull);

    assert_int_equal(~p->cr0 & fixed, 0);
    assert_true(bit(p->cr4, VMXE));
    assert_true(!bit(p->cr0, PG) || bit(p->cr0, PE));
    assert_true(!p->ia32e || (bit(p->cr0, PG) && bit(p->cr4, PAE)));
    assert_true(p->ia32e || !bit(p->cr4, PCIDE));
    assert_int_equal(bit(p->efer, LMA), p->ia32e);
    assert_true(!bit(p->cr0, PG) || bit(p->efer, LMA) == bit(p->efer, LME));
}

static struct vmx_mode_seen seen_of(const struct vmx_mode_plan *p, bool gen2)
{
    return (struct vmx_mode_seen){
        .cr0 = p->cr0,
        .cr4 = p->cr4,
        .efer = p->efer,
        .host_efer = HOST_EFER_VALUE,
        .ia32e = p->ia32e,
        .entry_switches_efer = gen2 || p->efer_by_list,
        .exit_switches_efer = gen2 || p->efer_by_list,
        .efer_read_exits = p->efer_read_exits,
        .efer_write_exits = true,
    };
}

/* ---- all states ---- */

static bool legal(const struct x86_ctrl *g)
{
    if (state_of(g) == UNREACHABLE)
        return false;
    if (bit(g->cr0, NW) && !bit(g->cr0, CD))
        return false;
    return !bit(g->cr4, PCIDE) || state_of(g) == S5;
}

static uint64_t pick(const uint8_t *bits, unsigned int n, unsigned int which)
{
    uint64_t v = 0;
    for (unsigned int i = 0; i < n; i++)
        if (which >> i & 1)
            v |= B(bits[i]);
    return v;
}

/* The bits that any rule names, and one of each kind that none does. */
static const uint8_t cr0_bits[] = {PE, PG, WP, AM, TS, NE, CD, NW};
static const uint8_t cr4_bits[] = {PAE, PCIDE, PGE, PSE, SMEP, SMAP, VME, TSD, UMIP, OSFXSR};
static const uint8_t efer_bits[] = {SCE, LME, NXE};
#define NR_STATES (1u << (8 + 10 + 3))

static bool nth_state(unsigned int i, struct x86_ctrl *g)
{
    *g = (struct x86_ctrl){.cr0 = pick(cr0_bits, 8, i & 255) | B(ET),
                           .cr4 = pick(cr4_bits, 10, i >> 8 & 1023),
                           .efer = pick(efer_bits, 3, i >> 18)};
    if (bit(g->efer, LME) && bit(g->cr0, PG))
        g->efer |= B(LMA);
    return legal(g);
}

/* The plan for EFER alone is that of all; and a change of CR0 that is said to
 * change only the read shadow changes nothing else. */
static void check_parts(const struct vmx_mode_env *env, const struct x86_ctrl *g,
                        const struct vmx_mode_plan *p)
{
    struct vmx_mode_plan part = *p, other;
    part.efer = ~p->efer;
    part.efer_by_list = !p->efer_by_list;
    part.efer_read_exits = !p->efer_read_exits;
    vmx_plan_efer(env, g, &part);
    assert_memory_equal(&part, p, sizeof(part));

    for (unsigned int n = 0; n < 32; n++) {
        struct x86_ctrl changed = *g;
        changed.cr0 ^= B(n);
        if (!vmx_cr0_only_shadow(env, B(n)) || !legal(&changed))
            continue;
        memset(&other, 0xff, sizeof(other));
        vmx_plan_mode(env, &changed, &other);
        assert_int_equal(other.cr0_shadow, p->cr0_shadow ^ B(n));
        other.cr0_shadow = p->cr0_shadow;
        assert_memory_equal(&other, p, sizeof(other));
        parts_checked++;
    }
}

static void test_all_states(void **state)
{
    unsigned long cases = 0;
    for (unsigned int m = 0; m < NR_MODES; m++) {
        struct vmx_mode_env env = env_of(&modes[m]);
        for (unsigned int i = 0; i < NR_STATES; i++) {
            struct x86_ctrl g;
            struct vmx_mode_plan p;
            if (!nth_state(i, &g))
                continue;
            memset(&p, 0xff, sizeof(p));
            vmx_plan_mode(&env, &g, &p);
            check_table(&modes[m], &g, &p);
            check_masks(&modes[m], &g, &p);
            check_entry(&modes[m], &g, &p);
            check_parts(&env, &g, &p);
            struct vmx_mode_seen hw = seen_of(&p, modes[m].gen2);
            const char *broken = vmx_mode_broken(&env, &g, &hw);
            if (broken)
                print_error("%s: %s\n", modes[m].name, broken);
            assert_null(broken);
            cases++;
        }
    }
    assert_true(parts_checked > 0);
    printf("mode plan: %lu cases of generation, paging and state, %lu changes of WP\n", cases,
           parts_checked);
}

/* ---- the checker finds what it is for ---- */

/* Literal transcription of I1-I10 and of what VM entry needs. */
static bool oracle_ok(const struct mode_row *m, const struct x86_ctrl *g,
                      const struct vmx_mode_seen *hw)
{
    bool ok = bit(g->efer, LMA) == (bit(g->efer, LME) && bit(g->cr0, PG)); /* I1 */
    ok &= hw->ia32e == bit(g->efer, LMA);                                  /* I2 */
    ok &= bit(hw->efer, LMA) == hw->ia32e;                                 /* I3 */
    ok &= !(bit(hw->cr0, PG) && bit(hw->efer, LME) != bit(hw->efer, LMA)); /* I4 */
    ok &= m->ept || bit(hw->efer, NXE);                                    /* I5 */
    ok &= !m->ept || bit(hw->efer, NXE) == bit(g->efer, NXE);              /* I6 */
    ok &= hw->entry_switches_efer == hw->exit_switches_efer;               /* I7 */
    ok &= hw->efer_read_exits || hw->efer == g->efer;                      /* I8 */
    ok &= hw->efer_write_exits;                                            /* I9 */
    ok &= hw->host_efer == HOST_EFER_VALUE;                                /* I10 */
    ok &= m->unrestricted || (bit(hw->cr0, PE) && bit(hw->cr0, PG));
    ok &= bit(hw->cr0, PE) || !bit(hw->cr0, PG);
    ok &= !hw->ia32e || (bit(hw->cr0, PG) && bit(hw->cr4, PAE));
    ok &= hw->ia32e || !bit(hw->cr4, PCIDE);
    ok &= !(bit(hw->cr0, PG) && !bit(g->cr0, PG) && (bit(hw->cr4, SMEP) || bit(hw->cr4, SMAP)));
    ok &= bit(hw->efer, SCE) == bit(g->efer, SCE);
    return ok;
}

/* Every combination of the hardware's bits for every guest mode. */
static void test_checker(void **state)
{
    static const uint8_t hw_efer[] = {SCE, LME, LMA, NXE};
    unsigned long cases = 0, good = 0;
    for (unsigned int m = 0; m < NR_MODES; m++) {
        struct vmx_mode_env env = env_of(&modes[m]);
        for (unsigned int i = 0; i < 1u << 21; i++) {
            struct x86_ctrl g = {.cr0 = (i & 1 ? B(PE) : 0) | (i & 2 ? B(PG) : 0),
                                 .cr4 = i & 4 ? B(PAE) : 0,
                                 .efer = pick(hw_efer, 4, i >> 3 & 15)};
            struct vmx_mode_seen hw = {
                .cr0 = (i >> 7 & 1 ? B(PE) : 0) | (i >> 8 & 1 ? B(PG) : 0),
                .cr4 = (i >> 9 & 1 ? B(PAE) : 0) | (i >> 10 & 1 ? B(PCIDE) : 0) |
                       (i >> 11 & 1 ? B(SMEP) : 0),
                .efer = pick(hw_efer, 4, i >> 12 & 15),
                .ia32e = i >> 16 & 1,
                .entry_switches_efer = i >> 17 & 1,
                .exit_switches_efer = i >> 18 & 1,
                .efer_read_exits = i >> 19 & 1,
                .efer_write_exits = true,
                .host_efer = i >> 20 & 1 ? HOST_EFER_VALUE : HOST_EFER_VALUE & ~B(NXE),
            };
            bool ok = oracle_ok(&modes[m], &g, &hw);
            assert_int_equal(vmx_mode_broken(&env, &g, &hw) == NULL, ok);
            cases++;
            good += ok;
            if (!ok)
                continue;
            hw.efer_write_exits = false;
            assert_non_null(vmx_mode_broken(&env, &g, &hw));
        }
    }
    printf("invariants: %lu cases, %lu of them good\n", cases, good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_states),
        cmocka_unit_test(test_checker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
