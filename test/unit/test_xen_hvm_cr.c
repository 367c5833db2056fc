/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/hvm/cr.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/hvm */
/*
 * CR0, CR3, CR4 and EFER as the guest sees them: every reachable state times
 * every written value over the bits that any rule names, against an oracle
 * that spells out the manual's sentences one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <asm/processor.h>
#include <cairn/errno.h>

#include "cr.h"

#define GP   (-EPERM)
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const uint64_t cr0_bits[] = {X86_CR0_PE, X86_CR0_WP, X86_CR0_PG,
                                    X86_CR0_CD, X86_CR0_NW, X86_CR0_TS};
static const uint64_t cr4_bits[] = {X86_CR4_PAE, X86_CR4_PCIDE, X86_CR4_PGE,
                                    X86_CR4_CET, X86_CR4_SMEP,  X86_CR4_LA57};
static const uint64_t efer_bits[] = {EFER_SCE, EFER_LME, EFER_NXE};
#define CR4_LEGAL \
    (X86_CR4_PAE | X86_CR4_PCIDE | X86_CR4_PGE | X86_CR4_CET | X86_CR4_SMEP | X86_CR4_LA57)
#define EFER_LEGAL (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

static uint64_t pick(const uint64_t *bits, unsigned int n, unsigned int which)
{
    uint64_t v = 0;
    for (unsigned int i = 0; i < n; i++)
        if (which >> i & 1)
            v |= bits[i];
    return v;
}

/* A state in words. */
struct words {
    bool pe, pg, wp, cd, nw, pae, pcide, cet, la57, lme, lma;
};

static struct words words_of(const struct x86_ctrl *s)
{
    return (struct words){
        .pe = s->cr0 >> 0 & 1,
        .wp = s->cr0 >> 16 & 1,
        .nw = s->cr0 >> 29 & 1,
        .cd = s->cr0 >> 30 & 1,
        .pg = s->cr0 >> 31 & 1,
        .pae = s->cr4 >> 5 & 1,
        .la57 = s->cr4 >> 12 & 1,
        .pcide = s->cr4 >> 17 & 1,
        .cet = s->cr4 >> 23 & 1,
        .lme = s->efer >> 8 & 1,
        .lma = s->efer >> 10 & 1,
    };
}

static bool reachable(struct words w)
{
    if (w.pg && !w.pe)
        return false;
    if (w.nw && !w.cd)
        return false;
    if (w.lma != (w.lme && w.pg))
        return false;
    if (w.lma && !w.pae)
        return false;
    if (w.pcide && !w.lma)
        return false;
    if (w.cet && !w.wp)
        return false;
    return true;
}

static bool next_state(unsigned int *i, struct x86_ctrl *s)
{
    for (; *i < 64u * 64 * 8; ++*i) {
        s->cr0 = pick(cr0_bits, 6, *i & 63) | X86_CR0_ET;
        s->cr4 = pick(cr4_bits, 6, *i >> 6 & 63);
        s->efer = pick(efer_bits, 3, *i >> 12);
        if ((s->efer & EFER_LME) && (s->cr0 & X86_CR0_PG))
            s->efer |= EFER_LMA;
        if (reachable(words_of(s))) {
            ++*i;
            return true;
        }
    }
    return false;
}

static void expect(int rc, int want, const struct x86_ctrl *out, const struct x86_ctrl *want_out,
                   unsigned int owed, unsigned int want_owed)
{
    assert_int_equal(rc, want);
    if (rc)
        return;
    assert_int_equal(out->cr0, want_out->cr0);
    assert_int_equal(out->cr3, want_out->cr3);
    assert_int_equal(out->cr4, want_out->cr4);
    assert_int_equal(out->efer, want_out->efer);
    assert_int_equal(owed, want_owed);
}

/* ---- CR0 ---- */

static bool cr0_faults(struct words old, struct words new, bool high, bool cs_l, bool tss_16)
{
    /* "Attempting to write a 1 to any of bits 63:32 results in #GP(0)" */
    if (high)
        return true;
    /* "an invalid combination: PG=1 with PE=0, or NW=1 with CD=0" */
    if (new.pg && !new.pe)
        return true;
    if (new.nw && !new.cd)
        return true;
    /* "if CR4.CET = 1, clearing WP" */
    if (old.cet && !new.wp)
        return true;
    /* "enabling paging with LME=1: PAE must be 1, CS.L 0, no 16-bit TSS" */
    if (!old.pg && new.pg && old.lme && !old.pae)
        return true;
    if (!old.pg && new.pg && old.lme &&cs_l)
        return true;
    if (!old.pg && new.pg && old.lme &&tss_16)
        return true;
    /* "clearing PG in 64-bit mode, or with CR4.PCIDE=1" */
    if (old.pg && !new.pg && old.lma &&cs_l)
        return true;
    return old.pg && !new.pg &&old.pcide;
}

static void test_cr0(void **state)
{
    struct x86_ctrl s = {.cr3 = 0x1000}, out;
    unsigned long cases = 0;
    for (unsigned int i = 0; next_state(&i, &s);) {
        for (unsigned int n = 0; n < 65 * 4; n++) {
            uint64_t v = n / 4 == 64 ? 1ull << 32 | X86_CR0_PE : pick(cr0_bits, 6, n / 4);
            const struct x86_ctrl_env env = {EFER_LEGAL, CR4_LEGAL, 40, n & 1, n >> 1 & 1};
            struct x86_ctrl want = s;
            unsigned int owed = 99, want_owed = 0;
            want.cr0 = v | X86_CR0_ET;
            struct words old = words_of(&s), new = words_of(&want);
            new.lma = old.lme &&new.pg;
            want.efer = (s.efer & ~EFER_LMA) | (new.lma ? EFER_LMA : 0);
            if (old.pg != new.pg)
                want_owed |= X86_MODE_CHANGED | X86_FLUSH_TLB;
            if (new.pg && old.pae && !new.lma &&
                (old.pg != new.pg || old.cd != new.cd || old.nw != new.nw))
                want_owed |= X86_LOAD_PDPTES;
            int rc = x86_set_cr0(&s, &env, v, &out, &owed);
            expect(rc, cr0_faults(old, new, v >> 32, n & 1, n >> 1 & 1) ? GP : 0, &out, &want, owed,
                   want_owed);
            cases++;
        }
    }
    printf("CR0: %lu cases\n", cases);
}

/* ---- CR4 ---- */

static bool cr4_faults(struct words old, struct words new, bool illegal, bool cr3_low)
{
    if (illegal)
        return true;
    /* "clearing PAE, or changing LA57, in IA-32e mode" */
    if (old.lma && !new.pae)
        return true;
    if (old.lma && old.la57 != new.la57)
        return true;
    /* "setting CET with CR0.WP=0" */
    if (new.cet && !old.wp)
        return true;
    /* "changing PCIDE from 0 to 1: IA-32e mode and CR3[11:0]=0" */
    return !old.pcide && new.pcide && (!old.lma || cr3_low);
}

static void test_cr4(void **state)
{
    struct x86_ctrl s = {0}, out;
    unsigned long cases = 0;
    for (unsigned int i = 0; next_state(&i, &s);) {
        for (unsigned int n = 0; n < 65 * 2; n++) {
            bool illegal = n / 2 == 64;
            uint64_t v = illegal ? X86_CR4_VMXE | X86_CR4_PAE : pick(cr4_bits, 6, n / 2);
            const struct x86_ctrl_env env = {EFER_LEGAL, CR4_LEGAL, 40, false, false};
            s.cr3 = n & 1 ? 0x1001 : 0x1000;
            struct x86_ctrl want = s;
            unsigned int owed = 99, want_owed = 0;
            want.cr4 = v;
            struct words old = words_of(&s), new = words_of(&want);
            uint64_t x = v ^ s.cr4;
            if (old.pae != new.pae && old.pg)
                want_owed |= X86_MODE_CHANGED;
            if ((x & X86_CR4_PGE) || old.pae != new.pae || (old.pcide && !new.pcide) ||
                (x & v & X86_CR4_SMEP))
                want_owed |= X86_FLUSH_TLB;
            if (old.pg && new.pae && !old.lma &&
                (x & (X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP)))
                want_owed |= X86_LOAD_PDPTES;
            int rc = x86_set_cr4(&s, &env, v, &out, &owed);
            expect(rc, cr4_faults(old, new, illegal, n & 1) ? GP : 0, &out, &want, owed, want_owed);
            cases++;
        }
    }
    printf("CR4: %lu cases\n", cases);
}

/* ---- EFER ---- */

static void test_efer(void **state)
{
    static const uint64_t legal[] = {EFER_LEGAL, EFER_LEGAL & ~EFER_NXE, EFER_LEGAL & ~EFER_SCE,
                                     EFER_NXE | EFER_SCE, EFER_NXE};
    struct x86_ctrl s = {0};
    unsigned long cases = 0;
    for (unsigned int i = 0; next_state(&i, &s);) {
        for (unsigned int n = 0; n < N(legal) * 64; n++) {
            uint64_t mask = legal[n / 64];
            /* Every single bit, and on top of the present value too. */
            uint64_t v = 1ull << (n % 64);
            if (n & 1)
                v ^= s.efer;
            if (s.efer & ~mask)
                continue;
            bool gp = (v & ~mask) != 0 || ((s.cr0 & X86_CR0_PG) && ((v ^ s.efer) & EFER_LME));
            uint64_t efer, want = v & EFER_LMA ? v : v | (s.efer & EFER_LMA);
            if (!(s.efer & EFER_LMA))
                want &= ~EFER_LMA;
            unsigned int owed = 99, want_owed = 0;
            if (((v ^ s.efer) & EFER_NXE) && (s.cr0 & X86_CR0_PG))
                want_owed = X86_FLUSH_TLB;
            assert_int_equal(x86_set_efer(&s, mask, v, &efer, &owed), gp ? GP : 0);
            if (!gp) {
                assert_int_equal(efer, want);
                assert_int_equal(owed, want_owed);
            }
            cases++;
        }
    }
    printf("EFER: %lu cases\n", cases);
}

/* ---- CR3, PDPTEs, LMSW ---- */

static void test_cr3(void **state)
{
    struct x86_ctrl s = {0};
    unsigned long cases = 0;
    for (unsigned int i = 0; next_state(&i, &s);) {
        for (unsigned int bit = 0; bit < 64; bit++) {
            for (unsigned int width = 36; width <= 46; width += 5) {
                struct words w = words_of(&s);
                uint64_t v = 1ull << bit | 0x5000, cr3;
                unsigned int owed;
                bool hint = w.pcide && bit == 63;
                bool gp = w.lma && bit >= width && !hint;
                int rc = x86_set_cr3(&s, width, v, &cr3, &owed);
                assert_int_equal(rc, gp ? GP : 0);
                if (!rc) {
                    assert_int_equal(cr3, hint ? 0x5000 : w.lma ? v : (uint32_t)v);
                    assert_int_equal(!!(owed & X86_FLUSH_TLB), !hint);
                    assert_int_equal(!!(owed & X86_LOAD_PDPTES), w.pg && w.pae && !w.lma);
                }
                cases++;
            }
        }
    }
    printf("CR3: %lu cases\n", cases);
}

static void test_pdptes(void **state)
{
    for (unsigned int slot = 0; slot < 4; slot++)
        for (unsigned int bit = 1; bit < 64; bit++)
            for (unsigned int width = 36; width <= 46; width += 5) {
                uint64_t p[4] = {0x1001, 0x2001, 0, 0x3019};
                bool bad = bit == 1 || bit == 2 || (bit >= 5 && bit <= 8) || bit >= width;
                p[slot] = 1ull << bit | 1;
                assert_int_equal(x86_pdptes_valid(p, width), !bad);
                p[slot] &= ~1ull; /* not present: nothing is reserved */
                assert_true(x86_pdptes_valid(p, width));
            }
}

static void test_lmsw(void **state)
{
    for (unsigned int old = 0; old < 16; old++)
        for (unsigned int src = 0; src < 64; src++) {
            uint64_t cr0 = X86_CR0_ET | X86_CR0_WP | old;
            uint64_t want = (cr0 & ~0xeull) | (src & 0xf);
            assert_int_equal(x86_lmsw(cr0, src), want);
        }
}

static void test_valid(void **state)
{
    unsigned long cases = 0, good = 0;
    const struct x86_ctrl_env env = {EFER_LEGAL, CR4_LEGAL, 40, false, false};
    for (unsigned int i = 0; i < 64u * 64 * 16; i++) {
        static const uint64_t eb[] = {EFER_SCE, EFER_LME, EFER_NXE, EFER_LMA};
        struct x86_ctrl s = {.cr0 = pick(cr0_bits, 6, i & 63) | X86_CR0_ET,
                             .cr4 = pick(cr4_bits, 6, i >> 6 & 63),
                             .efer = pick(eb, 4, i >> 12)};
        bool want = reachable(words_of(&s));
        assert_int_equal(x86_ctrl_valid(&s, &env), want);
        cases++;
        good += want;
    }
    printf("states: %lu, of them legal %lu\n", cases, good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cr0),   cmocka_unit_test(test_cr4),    cmocka_unit_test(test_efer),
        cmocka_unit_test(test_cr3),   cmocka_unit_test(test_pdptes), cmocka_unit_test(test_lmsw),
        cmocka_unit_test(test_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
