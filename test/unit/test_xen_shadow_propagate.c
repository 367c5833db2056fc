/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/mm/shadow/role.c xen/arch/x86/mm/shadow/propagate.c xen/arch/x86/mm/guest_walk.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/mm/shadow */
/*
 * One entry on its way into the shadow, against a model of the two processors:
 * what a guest's processor does with the guest's entry, and what ours, with
 * WP=1 and NXE=1, does with the shadow's.  For each access: the shadow may let
 * pass only what the guest's entry lets pass with its accessed and dirty bits
 * already as the access would leave them; and whatever such an entry lets pass
 * must pass, else the guest would fault for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "role.h"

#define MAXPHYS 36

/* An access at CPL 3 or not, with SMAP lifted (AC) or not. */
struct access {
    bool write, user, fetch, ac;
};

/* Rights of one translation whose other levels allow everything. */
static bool passes(bool w, bool u, bool nx, bool wp, bool smep, bool smap, const struct access *a)
{
    if (a->user && !u)
        return false;
    if (a->write && !w && (a->user || wp))
        return false;
    if (a->fetch && nx)
        return false;
    if (!a->user && u && a->fetch && smep)
        return false;
    return !(!a->user && u && !a->fetch && smap && !a->ac);
}

/* Written from the tables of the manual, one level and mode at a time. */
static bool oracle_reserved(const struct paging_role *r, unsigned int level, uint64_t e)
{
    bool ps = e >> 7 & 1;
    if (r->levels == 2)
        return level == 2 && r->pse && ps &&
               (r->pse36 ? e >> 21 & 1 || e >> (MAXPHYS - 19) << (MAXPHYS - 19 + 43)
                         : (e >> 13 & 0x1ff));
    if (e >> 63 && !r->nx)
        return true;
    if (e << 12 >> 12 >> MAXPHYS)
        return true;
    if (r->levels == 3 && (e >> 52 & 0x7ff))
        return true;
    if (level >= 3 && ps)
        return true;
    return level == 2 && ps && (e >> 13 & 0xff);
}

struct totals {
    unsigned long entries, accesses;
};

static void check_leaf(const struct paging_role *r, uint64_t e, bool ro,
                       const struct shadow_view *v, struct totals *n)
{
    bool w = (e & PTE_W) && !ro, u = e & PTE_U, nx = r->nx && e >> 63;
    uint64_t flip = shadow_flip_flags(r, v);

    for (unsigned int i = 0; i < 16; i++) {
        const struct access a = {i & 1, i & 2, i & 4, i & 8};
        if (a.write && a.fetch)
            continue;
        n->accesses++;
        bool may = passes(w, u, nx, r->wp, r->smep, r->smap, &a);
        /* D must be set first, and then the guest's write is no news. */
        bool may_now = may && (!a.write || (e & PTE_D));
        bool plain = passes(v->flags & PTE_W, v->flags & PTE_U, v->flags & PTE_NX, true, r->smep,
                            r->smap, &a);
        bool flipped =
            flip && passes(flip & PTE_W, flip & PTE_U, flip & PTE_NX, true, r->smep, r->smap, &a);
        bool flip_is_for_this = a.write && !a.user && !w;
        if (plain)
            assert_true(may_now);
        if (may_now && !flip_is_for_this)
            assert_true(plain);
        /* A flipped entry would hide the user bit from SMAP: emulated. */
        if (may_now && flip_is_for_this)
            assert_int_equal(flipped, !(r->smap && u));
        if (flipped)
            assert_true(may_now);
    }
}

/*
 * Whatever is kept for an entry lets pass only what the entry does.  Less is
 * fine, and each right less than the most must be, or nothing would be kept.
 */
static void check_allowed(const struct paging_role *r, uint64_t e, bool ro,
                          const struct shadow_view *v, struct totals *n)
{
    /* An upper entry of our own without WP is writable, and the level below
     * sees to it. */
    bool w = v->leaf ? (e & PTE_W) && !ro : v->flags & PTE_W;
    bool u = e & PTE_U, nx = r->nx && e >> 63;

    for (unsigned int f = 0; f < 8; f++) {
        uint64_t flags = PTE_P | (f & 1 ? PTE_W : 0) | (f & 2 ? PTE_U : 0) | (f & 4 ? PTE_NX : 0);
        bool allowed = shadow_flags_allowed(r, v, flags);
        bool harmless = true;
        for (unsigned int i = 0; i < 16; i++) {
            const struct access a = {i & 1, i & 2, i & 4, i & 8};
            bool may = passes(w, u, nx, r->wp, r->smep, r->smap, &a) &&
                       (!a.write || !v->leaf || (e & PTE_D));
            if (a.write && a.fetch)
                continue;
            n->accesses++;
            if (passes(flags & PTE_W, flags & PTE_U, flags & PTE_NX, true, r->smep, r->smap, &a) &&
                !may)
                harmless = false;
        }
        if (allowed)
            assert_true(harmless);
        if (harmless && (flags & PTE_U) == (v->flags & PTE_U))
            assert_true(allowed || (!(v->flags & PTE_W) && (flags & PTE_W)));
    }
}

static void check_upper(const struct paging_role *r, uint64_t e, bool ro,
                        const struct shadow_view *v)
{
    bool w = (e & PTE_W) && !ro;
    assert_int_equal(!!(v->flags & PTE_U), !!(e & PTE_U));
    assert_int_equal(!!(v->flags & PTE_NX), r->nx && e >> 63);
    /* What it forbids to write is forbidden here, or left to the level below. */
    assert_int_equal(!!(v->flags & PTE_W), r->wp ? w : 1);
    assert_int_equal(v->table_ro, !r->wp && !w);
}

static void check_entry(const struct paging_role *r, unsigned int level, uint64_t e, bool ro,
                        struct totals *n)
{
    struct shadow_view v;
    shadow_propagate(r, level, e, ro, &v);
    n->entries++;

    bool ps = (e & PTE_PS) && level == 2 && (r->levels != 2 || r->pse);
    bool present = (e & PTE_P) && (e & PTE_A) && !oracle_reserved(r, level, e);
    assert_int_equal(v.present, present);
    /* An entry agrees with itself and never with one that is not there. */
    assert_int_equal(shadow_flags_allowed(r, &v, v.flags | PTE_P), present);
    if (!present)
        return;
    assert_int_equal(v.leaf, level == 1 || ps);
    uint64_t frame = r->levels == 2 ? (e & 0xfffff000) >> 12 : (e & 0xffffff000) >> 12;
    if (ps)
        frame = r->levels == 2 ? (e >> 22 << 10 & 0xffc00) | (r->pse36 ? (e >> 13 & 0xff) << 20 : 0)
                               : frame & ~511ull;
    assert_int_equal(v.gfn, frame);
    if (v.leaf)
        check_leaf(r, e, ro, &v, n);
    else
        check_upper(r, e, ro, &v);
    check_allowed(r, e, ro, &v, n);
}

static void test_all_entries(void **state)
{
    /* Bits with a meaning somewhere, and one of each reserved range. */
    static const uint8_t bits[] = {0,  1,  2,  5,  6,  7,  12, 13, 17,
                                   20, 21, 22, 31, 35, 36, 51, 52, 63};
    const unsigned int nr = sizeof(bits);
    struct totals n = {0};

    for (unsigned int i = 0; i < 3 * 64; i++) {
        struct paging_role r = {.levels = 2 + i / 64,
                                .maxphysaddr = MAXPHYS,
                                .wp = i & 1,
                                .smep = i & 2,
                                .smap = i & 4};
        bool ro = (i & 8) && !r.wp;
        if (r.levels == 2) {
            r.pse = i & 16;
            r.pse36 = r.pse && (i & 32);
        } else {
            r.nx = i & 16;
        }
        for (unsigned int level = 1; level <= (r.levels == 4 ? 4 : 2); level++)
            for (uint32_t set = 0; set < 1u << nr; set++) {
                uint64_t e = 0;
                if (r.levels == 2 && set >> 13)
                    break; /* entries of 32 bits */
                if ((set & 0xf) != 0xf && (set & 9) != 9 && set % 61)
                    continue; /* mostly present and accessed ones */
                for (unsigned int b = 0; b < nr; b++)
                    if (set >> b & 1)
                        e |= 1ull << bits[b];
                check_entry(&r, level, e, ro, &n);
            }
    }
    printf("propagate: %lu entries, %lu accesses\n", n.entries, n.accesses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_entries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
