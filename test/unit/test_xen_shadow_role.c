/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/mm/shadow/role.c xen/arch/x86/mm/guest_walk.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/mm/shadow */
/*
 * The key of shadow tables, for every combination of the control bits that
 * matter: two states have the same key exactly if the manual gives their
 * tables the same meaning, and the role comes back out of the key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <asm/processor.h>

#include "role.h"

enum { PG, PAE, LME, WP, NXE, SMEP, SMAP, PSE, PGE, PKE, PCIDE, LA57, NR_BITS };

static bool bit(unsigned int state, unsigned int n)
{
    return state >> n & 1;
}

static bool legal(unsigned int s)
{
    return !(bit(s, PG) && bit(s, LME) && !bit(s, PAE));
}

static void make(unsigned int s, struct x86_ctrl *c)
{
    *c = (struct x86_ctrl){
        .cr0 = X86_CR0_PE | (bit(s, PG) ? X86_CR0_PG : 0) | (bit(s, WP) ? X86_CR0_WP : 0),
        .cr4 = (bit(s, PAE) ? X86_CR4_PAE : 0) | (bit(s, SMEP) ? X86_CR4_SMEP : 0) |
               (bit(s, SMAP) ? X86_CR4_SMAP : 0) | (bit(s, PSE) ? X86_CR4_PSE : 0) |
               (bit(s, PGE) ? X86_CR4_PGE : 0) | (bit(s, PKE) ? X86_CR4_PKE : 0) |
               (bit(s, PCIDE) ? X86_CR4_PCIDE : 0) | (bit(s, LA57) ? X86_CR4_LA57 : 0),
        .efer = (bit(s, LME) ? EFER_LME : 0) | (bit(s, NXE) ? EFER_NXE : 0) |
                (bit(s, LME) && bit(s, PG) ? EFER_LMA : 0),
    };
}

/* What matters, written down mode by mode. */
static unsigned int meaning(unsigned int s)
{
    if (!bit(s, PG))
        return 0;
    unsigned int common = bit(s, WP) << 1 | bit(s, SMEP) << 2 | bit(s, SMAP) << 3;
    if (!bit(s, PAE))
        return 1u << 8 | common | bit(s, PSE) << 4;
    if (!bit(s, LME))
        return 2u << 8 | common | bit(s, NXE) << 5;
    return 3u << 8 | common | bit(s, NXE) << 5;
}

static void test_key_is_the_meaning(void **state)
{
    static shadow_kind_t key_of[1u << 10];
    static bool seen[1u << 10], used[1u << 16];
    unsigned int states = 0, roles = 0;

    for (unsigned int s = 0; s < 1u << NR_BITS; s++) {
        struct x86_ctrl c;
        struct paging_role role, back, constants = {.maxphysaddr = 36, .pse36 = true};
        if (!legal(s))
            continue;
        make(s, &c);
        paging_role(&c, true, false, 36, &role);
        shadow_kind_t key = shadow_role_bits(&role);
        unsigned int m = meaning(s);
        if (!seen[m]) {
            assert_false(used[key]); /* no other meaning has it */
            used[key] = seen[m] = true;
            key_of[m] = key;
            roles++;
        }
        assert_int_equal(key, key_of[m]);
        /* Levels, quadrants and KIND_RO do not run into the role. */
        for (unsigned int level = 1; level <= 4; level++)
            for (unsigned int quadrant = 0; quadrant < 4; quadrant++)
                for (unsigned int ro = 0; ro < 2; ro++) {
                    shadow_kind_t k = shadow_kind(key, level, quadrant, ro);
                    assert_int_equal(KIND_LEVEL(k), level);
                    assert_int_equal(KIND_QUADRANT(k), quadrant);
                    assert_int_equal(!!(k & KIND_RO), ro);
                    assert_int_equal(shadow_kind_is_direct(k), !bit(s, PG));
                    shadow_role_of(k, &constants, &back);
                    assert_int_equal(back.levels, role.levels);
                    assert_int_equal(back.wp, role.wp);
                    assert_int_equal(back.nx, role.nx);
                    assert_int_equal(back.smep, role.smep);
                    assert_int_equal(back.smap, role.smap);
                    assert_int_equal(back.pse, role.pse);
                    assert_int_equal(back.pse36, role.pse36);
                    assert_int_equal(back.maxphysaddr, role.maxphysaddr);
                }
        states++;
    }
    assert_int_equal(roles, 1 + 16 + 16 + 16);
    printf("role key: %u states, %u roles\n", states, roles);
}

/* Each guest entry is shadowed exactly once a quadrant: 2 MiB by 2 MiB. */
static void test_guest_index(void **state)
{
    const shadow_kind_t two = 2u << 3, four = 4u << 3;
    for (unsigned int va2m = 0; va2m < 2048; va2m++) {
        unsigned int guest = va2m / 2; /* 4 MiB an entry */
        assert_int_equal(shadow_guest_index(shadow_kind(two, 2, va2m / 512, false), va2m % 512),
                         guest);
    }
    for (unsigned int page = 0; page < 1024; page++)
        assert_int_equal(shadow_guest_index(shadow_kind(two, 1, page / 512, false), page % 512),
                         page);
    for (unsigned int slot = 0; slot < 512; slot++)
        assert_int_equal(shadow_guest_index(shadow_kind(four, 1, 0, false), slot), slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_is_the_meaning),
        cmocka_unit_test(test_guest_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
