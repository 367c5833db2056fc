/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/hvm/reset_state.c xen/arch/x86/mm/guest_walk.c xen/lib/string.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/hvm */
/*
 * RESET and INIT from every state of control registers and EFER: the values
 * of the manual's table, and one rebuild of paging exactly if it was on.
 * Then the key of paging itself: what matters in a mode changes it, what does
 * not leaves it alone, and without paging nothing is in it (I11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "reset.h"

#define B(n) (1ull << (n))
enum { PE = 0, TS = 3, ET = 4, NE = 5, WP = 16, AM = 18, NW = 29, CD, PG };
enum { PSE = 4, PAE, PGE = 7, PCIDE = 17, SMEP = 20, SMAP, PKE };
enum { SCE = 0, LME = 8, LMA = 10, NXE };

static const uint8_t cr0_bits[] = {PE, PG, WP, CD, NW, TS, NE};
static const uint8_t cr4_bits[] = {PAE, PSE, PGE, SMEP, SMAP, PKE, PCIDE};
static const uint8_t efer_bits[] = {SCE, LME, NXE};
#define NR_STATES (1u << 17)

static bool bit(uint64_t word, unsigned int n)
{
    return word >> n & 1;
}

static uint64_t pick(const uint8_t *bits, unsigned int n, unsigned int which)
{
    uint64_t v = 0;
    for (unsigned int i = 0; i < n; i++)
        if (which >> i & 1)
            v |= B(bits[i]);
    return v;
}

static bool nth_state(unsigned int i, struct x86_ctrl *g)
{
    *g = (struct x86_ctrl){.cr0 = pick(cr0_bits, 7, i & 127) | B(ET),
                           .cr2 = 0x1234,
                           .cr3 = 0x5000,
                           .cr4 = pick(cr4_bits, 7, i >> 7 & 127),
                           .efer = pick(efer_bits, 3, i >> 14)};
    bool pg = bit(g->cr0, PG), lme = bit(g->efer, LME);
    if (pg && lme)
        g->efer |= B(LMA);
    return !(pg && !bit(g->cr0, PE)) && !(pg && lme && !bit(g->cr4, PAE));
}

static void test_values(void **state)
{
    unsigned long cases = 0, rebuilds = 0;
    for (unsigned int i = 0; i < NR_STATES; i++) {
        struct x86_ctrl old, new;
        if (!nth_state(i, &old))
            continue;
        memset(&new, 0xff, sizeof(new));
        x86_reset_ctrl(HVM_RESET, &old, &new);
        assert_int_equal(new.cr0, 0x60000010);
        assert_int_equal(new.cr2 | new.cr3 | new.cr4 | new.efer, 0);
        assert_int_equal(x86_paging_changed(&old, &new), bit(old.cr0, PG));

        memset(&new, 0xff, sizeof(new));
        x86_reset_ctrl(HVM_INIT, &old, &new);
        assert_int_equal(new.cr0, 0x10 | (old.cr0 & 0x60000000));
        assert_int_equal(new.cr2 | new.cr3 | new.cr4 | new.efer, 0);
        /* T54, T55: whatever NXE, WP, SMEP were. */
        assert_int_equal(x86_paging_changed(&old, &new), bit(old.cr0, PG));
        rebuilds += x86_paging_changed(&old, &new);

        /* A second INIT changes nothing any more. */
        struct x86_ctrl again;
        x86_reset_ctrl(HVM_INIT, &new, &again);
        assert_memory_equal(&again, &new, sizeof(new));
        assert_false(x86_paging_changed(&new, &again));
        cases++;
    }
    printf("INIT: %lu states, %lu rebuilds\n", cases, rebuilds);
}

/* The table of the design, section 7.1, in words. */
static bool in_key(const struct x86_ctrl *g, char reg, unsigned int n)
{
    bool pg = bit(g->cr0, PG), pae = bit(g->cr4, PAE), lma = bit(g->efer, LMA);

    if (!pg)
        return reg == '0' && n == PG;
    if (reg == '0')
        return n == PG || n == WP;
    if (reg == '4' && (n == SMEP || n == SMAP || n == PAE))
        return true;
    if (reg == '4' && n == PSE)
        return !pae && !lma;
    return reg == 'e' && n == NXE && (pae || lma);
}

static void flip(const struct x86_ctrl *g, char reg, unsigned int n)
{
    struct x86_ctrl other = *g;
    uint64_t *word = reg == '0' ? &other.cr0 : reg == '4' ? &other.cr4 : &other.efer;

    *word ^= B(n);
    /* The mode as a whole follows PG, LME and PAE: only states that exist. */
    other.efer &= ~B(LMA);
    if (bit(other.cr0, PG) && bit(other.efer, LME))
        other.efer |= B(LMA);
    if (bit(other.cr0, PG) &&
        (!bit(other.cr0, PE) || (bit(other.efer, LME) && !bit(other.cr4, PAE))))
        return;
    if (bit(g->cr0, PG) && reg == 'e' && n == LME)
        return;
    assert_int_equal(x86_paging_changed(g, &other), in_key(g, reg, n) || in_key(&other, reg, n));
}

static void test_key(void **state)
{
    for (unsigned int i = 0; i < NR_STATES; i++) {
        struct x86_ctrl g;
        if (!nth_state(i, &g))
            continue;
        for (unsigned int n = 0; n < 7; n++) {
            flip(&g, '0', cr0_bits[n]);
            flip(&g, '4', cr4_bits[n]);
        }
        for (unsigned int n = 0; n < 3; n++)
            flip(&g, 'e', efer_bits[n]);
    }
}

/* The rest of the table "Processor State After Reset". */
static void test_cpu_state(void **state)
{
    struct hvm_cpu_state s;
    memset(&s, 0xff, sizeof(s));
    hvm_reset_cpu_state(&s);
    assert_int_equal(s.rip, 0xfff0);
    assert_int_equal(s.rflags, 2);
    assert_int_equal(s.dr7, 0x400);
    assert_int_equal(s.seg[SEG_CS].sel, 0xf000);
    assert_int_equal(s.seg[SEG_CS].base, 0xffff0000);
    for (unsigned int i = SEG_ES; i <= SEG_TR; i++) {
        assert_int_equal(s.seg[i].limit, 0xffff);
        assert_true(s.seg[i].attr & 0x80);
        if (i != SEG_CS)
            assert_int_equal(s.seg[i].sel | s.seg[i].base, 0);
    }
    assert_int_equal(s.seg[SEG_GDTR].limit, 0xffff);
    assert_int_equal(s.seg[SEG_IDTR].base, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_cpu_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
