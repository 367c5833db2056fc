/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/vmx/caps.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/vmx */
/*
 * vmx_caps_derive() on the capability MSRs of processors as Bochs 2.7 shows
 * them, with features taken away, and with every combination of halves of
 * the entry/exit pairs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "caps.h"
#include "vmcs.h"

/* basic pin proc exit entry proc2 ept_vpid vmfunc misc cr0_fixed0,1 cr4_fixed0,1 */
static const struct vmx_raw penryn = {0xd810000000002b,
                                      0x3f00000016,
                                      0xf7f9fffe04006172,
                                      0x3ffff00036dfb,
                                      0x3fff000011fb,
                                      0x4100000000,
                                      0,
                                      0,
                                      0x401e0,
                                      0x80000021,
                                      0xffffffff,
                                      0x2000,
                                      0x467ff};
static const struct vmx_raw lynnfield = {0xd810000000002b,
                                         0x7f00000016,
                                         0xf7f9fffe04006172,
                                         0x7fffff00036dfb,
                                         0xffff000011fb,
                                         0x7f00000000,
                                         0xf0106114141,
                                         0,
                                         0x401e0,
                                         0x80000021,
                                         0xffffffff,
                                         0x2000,
                                         0x67ff};
static const struct vmx_raw arrandale = {0xd810000000002b,
                                         0x7f00000016,
                                         0xf7f9fffe04006172,
                                         0x7fffff00036dfb,
                                         0xffff000011fb,
                                         0xff00000000,
                                         0xf0106114141,
                                         0,
                                         0x401e0,
                                         0x80000021,
                                         0xffffffff,
                                         0x2000,
                                         0x67ff};
static const struct vmx_raw haswell = {
    0xd810000000002b, 0x7f00000016,    0xf7f9fffe04006172, 0x7fffff00036dfb,
    0xffff000011fb,   0x47fff00000000, 0xf0106334141,      1,
    0x200401e0,       0x80000021,      0xffffffff,         0x2000,
    0x1727ff};
static const struct vmx_raw skylake_x = {
    0xd810000000002b, 0x7f00000016,      0xf7f9fffe04006172, 0x7fffff00036dfb,
    0xffff000011fb,   0x2177fff00000000, 0xf0106334141,      1,
    0x600401e0,       0x80000021,        0xffffffff,         0x2000,
    0x3727ff};

static const struct vmx_raw *const all[] = {&penryn, &lynnfield, &arrandale, &haswell, &skylake_x};

/* Whatever is chosen must be allowed: 1-settings and 0-settings. */
static void assert_allowed(uint32_t word, uint64_t msr)
{
    assert_int_equal(word & ~(uint32_t)(msr >> 32), 0);
    assert_int_equal((uint32_t)msr & ~word, 0);
}

static void derive(const struct vmx_raw *raw, struct vmx_caps *c)
{
    const char *why = vmx_caps_derive(raw, true, c);
    if (why)
        print_error("refused: %s\n", why);
    assert_null(why);
    assert_allowed(c->pin, raw->pin);
    assert_allowed(c->proc, raw->proc);
    assert_allowed(c->exit, raw->exit);
    assert_allowed(c->entry, raw->entry);
    assert_int_equal(c->proc2 & ~(uint32_t)(raw->proc2 >> 32), 0);
}

static void test_models(void **state)
{
    struct vmx_caps c;
    derive(&penryn, &c);
    assert_false(c.ept || c.vpid || c.unrestricted_guest || c.efer_switch || c.pat_switch);
    assert_string_equal(vmx_caps_hap_missing(&c), "no EPT");
    assert_null(vmx_caps_shadow_missing(&c));
    derive(&lynnfield, &c);
    assert_true(c.ept && c.vpid && c.efer_switch && c.pat_switch && c.ept_2m);
    assert_false(c.unrestricted_guest || c.ept_1g || c.ept_ad || c.invpcid);
    assert_null(vmx_caps_hap_missing(&c)); /* the identity map does it */
    derive(&arrandale, &c);
    assert_true(c.unrestricted_guest && !c.ept_1g);
    assert_null(vmx_caps_hap_missing(&c));
    derive(&haswell, &c);
    assert_true(c.unrestricted_guest && c.ept_1g && c.ept_ad && c.invpcid && c.rdtscp);
    assert_false(c.tsc_scaling);
    derive(&skylake_x, &c);
    assert_true(c.tsc_scaling);
    assert_null(vmx_caps_hap_missing(&c));
    for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        derive(all[i], &c);
        assert_int_equal(c.dropped_pairs, 0);
        assert_int_equal(c.revision, 0x2b);
    }
}

static const struct vmx_raw *machine; /* whose MSRs are read */

static uint64_t read_msr(uint32_t msr)
{
    const struct vmx_raw *m = machine;

    switch (msr) {
    case MSR_VMX_BASIC:
        return m->basic;
    case MSR_VMX_TRUE_PIN:
        return m->pin;
    case MSR_VMX_TRUE_PROC:
        return m->proc;
    case MSR_VMX_TRUE_EXIT:
        return m->exit;
    case MSR_VMX_TRUE_ENTRY:
        return m->entry;
    case MSR_VMX_MISC:
        return m->misc;
    case MSR_VMX_CR0_FIXED0:
        return m->cr0_fixed0;
    case MSR_VMX_CR0_FIXED1:
        return m->cr0_fixed1;
    case MSR_VMX_CR4_FIXED0:
        return m->cr4_fixed0;
    case MSR_VMX_CR4_FIXED1:
        return m->cr4_fixed1;
    case MSR_VMX_PROC2:
        return m->proc2;
    case MSR_VMX_EPT_VPID: /* not on Penryn */
        assert_ptr_not_equal(m, &penryn);
        return m->ept_vpid;
    case MSR_VMX_VMFUNC: /* only from Haswell on */
        assert_ptr_not_equal(m, &penryn);
        assert_ptr_not_equal(m, &lynnfield);
        assert_ptr_not_equal(m, &arrandale);
        return m->vmfunc;
    }
    fail_msg("reads %#x, which is not there", msr);
    return 0;
}

static void test_read(void **state)
{
    for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct vmx_raw raw = {0};

        machine = all[i];
        vmx_raw_read(&raw, read_msr);
        assert_memory_equal(&raw, all[i], sizeof(raw));
    }
}

static void test_mask(void **state)
{
    struct vmx_caps c;
    struct vmx_raw raw = skylake_x;
    assert_true(vmx_raw_remove(&raw, "ept"));
    derive(&raw, &c);
    assert_false(c.ept || c.unrestricted_guest);
    assert_true(c.vpid);
    raw = skylake_x;
    assert_true(vmx_raw_remove(&raw, "unrestricted-guest"));
    derive(&raw, &c);
    assert_true(c.ept && !c.unrestricted_guest);
    raw = skylake_x;
    assert_true(vmx_raw_remove(&raw, "vpid"));
    derive(&raw, &c);
    assert_false(c.vpid);
    assert_true(vmx_raw_remove(&raw, "tsc-scaling"));
    derive(&raw, &c);
    assert_false(c.tsc_scaling || (c.proc2 & PROC2_TSC_SCALING));
    raw = skylake_x;
    assert_true(vmx_raw_remove(&raw, "efer-switch"));
    derive(&raw, &c);
    assert_false(c.efer_switch);
    assert_null(vmx_caps_hap_missing(&c)); /* MSR lists do it */
    assert_false(vmx_raw_remove(&raw, "nonsense"));
}

/* By default capabilities without their control are not believed; strict
 * refuses (T59). */
static void check_contradiction(const struct vmx_raw *raw, bool ept, bool vpid)
{
    struct vmx_caps c;
    assert_non_null(vmx_caps_derive(raw, true, &c));
    assert_null(vmx_caps_derive(raw, false, &c));
    assert_non_null(c.contradiction);
    assert_int_equal(c.ept, ept);
    assert_int_equal(c.vpid, vpid);
    assert_int_equal(!!(c.proc2 & PROC2_EPT), ept);
    assert_int_equal(!!(c.proc2 & PROC2_VPID), vpid);
    assert_false(c.unrestricted_guest && !ept);
    if (!ept)
        assert_false(c.ept_vpid & EPT_CAP_EPT_MASK || c.ept_2m || c.ept_1g || c.ept_ad);
    if (!vpid)
        assert_false(c.ept_vpid & EPT_CAP_VPID_MASK || c.invvpid_single || c.invvpid_all);
}

static void test_inconsistent(void **state)
{
    struct vmx_raw raw = haswell;
    raw.proc2 &= ~((uint64_t)PROC2_EPT << 32);
    check_contradiction(&raw, false, true);
    raw = haswell;
    raw.proc2 &= ~((uint64_t)PROC2_VPID << 32);
    check_contradiction(&raw, true, false);
    raw.proc2 &= ~((uint64_t)PROC2_EPT << 32);
    check_contradiction(&raw, false, false);
    raw = penryn;
    raw.ept_vpid = EPT_CAP_WB;
    check_contradiction(&raw, false, false);
    raw = haswell;
    raw.proc &= ~((uint64_t)PROC_SECONDARY << 32);
    check_contradiction(&raw, false, false);
    /* The same by names, as a boot test does. */
    raw = haswell;
    assert_true(vmx_raw_remove(&raw, "ept-control"));
    check_contradiction(&raw, false, true);
    raw = haswell;
    assert_true(vmx_raw_remove(&raw, "vpid-control"));
    check_contradiction(&raw, true, false);
}

/* T58: one side of the EFER pair is hidden: lists are used, or start refused. */
static void test_half_efer(void **state)
{
    static const char *const halves[] = {"efer-entry", "efer-exit"};
    for (unsigned int i = 0; i < 2; i++) {
        struct vmx_caps c;
        struct vmx_raw raw = haswell;
        assert_true(vmx_raw_remove(&raw, halves[i]));
        assert_non_null(vmx_caps_derive(&raw, true, &c));
        assert_null(vmx_caps_derive(&raw, false, &c));
        assert_int_equal(c.dropped_pairs, 1);
        assert_false(c.efer_switch);
        assert_int_equal(c.entry & ENTRY_LOAD_EFER, 0);
        assert_int_equal(c.exit & (EXIT_LOAD_EFER | EXIT_SAVE_EFER), 0);
        assert_null(vmx_caps_hap_missing(&c));
    }
}

/* Each name of vmx-mask= alone, and each two, leave a processor that can be
 * used or is refused for a reason; the first of them are consistent. */
static void test_all_masks(void **state)
{
    static const char *const names[] = {
        "ept", "unrestricted-guest", "secondary-controls", "vpid", "efer-switch", "pat-switch",
        "virtual-nmi", "preemption-timer", "invpcid", "rdtscp", "wbinvd-exit", "ept-1g", "ept-2m",
        "ept-ad", "invept-single", "invvpid-single", "unrestricted", "efer-controls",
        /* inconsistent */
        "efer-entry", "efer-exit", "pat-entry", "pat-exit", "ept-control", "vpid-control"};
    const unsigned int consistent = 18, nr = sizeof(names) / sizeof(names[0]);
    for (unsigned int m = 0; m < sizeof(all) / sizeof(all[0]); m++)
        for (unsigned int i = 0; i < nr; i++)
            for (unsigned int j = 0; j < nr; j++) {
                struct vmx_caps c;
                struct vmx_raw raw = *all[m];
                assert_true(vmx_raw_remove(&raw, names[i]));
                assert_true(vmx_raw_remove(&raw, names[j]));
                assert_null(vmx_caps_derive(&raw, false, &c));
                if (i < consistent && j < consistent)
                    derive(&raw, &c);
            }
}

static const struct {
    uint32_t entry, exit;
} pairs[] = {
    {1u << 15, 1u << 21}, {1u << 14, 1u << 19}, {1u << 13, 1u << 12}, {1u << 16, 1u << 23},
    {1u << 18, 1u << 25}, {1u << 22, 1u << 29}, {1u << 20, 1u << 28}, {1u << 21, 1u << 26},
};
#define NR_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/* Each pair has both halves, one of them, or none. */
static void test_pairs(void **state)
{
    unsigned long cases = 0;
    for (unsigned int i = 0; i < 1u << (2 * NR_PAIRS); i++) {
        struct vmx_raw raw = haswell;
        uint32_t expect_dropped = 0;
        for (unsigned int p = 0; p < NR_PAIRS; p++) {
            unsigned int halves = i >> (2 * p) & 3;
            raw.entry &= ~((uint64_t)pairs[p].entry << 32);
            raw.exit &= ~((uint64_t)pairs[p].exit << 32);
            if (halves & 1)
                raw.entry |= (uint64_t)pairs[p].entry << 32;
            if (halves & 2)
                raw.exit |= (uint64_t)pairs[p].exit << 32;
            if (halves == 1 || halves == 2)
                expect_dropped |= 1u << p;
        }
        struct vmx_caps c;
        assert_int_equal(vmx_caps_derive(&raw, true, &c) != NULL, expect_dropped != 0);
        assert_null(vmx_caps_derive(&raw, false, &c));
        assert_int_equal(c.dropped_pairs, expect_dropped);
        for (unsigned int p = 0; p < NR_PAIRS; p++)
            assert_int_equal(!!(c.entry & pairs[p].entry), !!(c.exit & pairs[p].exit));
        assert_int_equal(c.efer_switch, (i & 3) == 3);
        assert_int_equal(c.pat_switch, (i >> 2 & 3) == 3);
        cases++;
    }
    printf("pairs: %lu combinations\n", cases);
}

/* A half that must be 1 cannot be dropped. */
static void test_pair_forced(void **state)
{
    struct vmx_caps c;
    for (unsigned int p = 0; p < NR_PAIRS; p++) {
        struct vmx_raw raw = haswell;
        raw.entry |= (uint64_t)pairs[p].entry << 32 | pairs[p].entry;
        raw.exit &= ~((uint64_t)pairs[p].exit << 32);
        assert_non_null(vmx_caps_derive(&raw, false, &c));
    }
}

static void test_missing_controls(void **state)
{
    struct vmx_caps c;
    for (unsigned int bit = 0; bit < 32; bit++) {
        struct vmx_raw raw = haswell;
        raw.pin &= ~(1ull << (32 + bit));
        bool need = bit == 0 || bit == 3;
        assert_int_equal(vmx_caps_derive(&raw, false, &c) != NULL, need);
    }
    struct vmx_raw raw = haswell;
    raw.basic |= VMX_BASIC_32BIT_ADDR;
    assert_non_null(vmx_caps_derive(&raw, false, &c));
    raw = haswell;
    raw.proc |= PROC_CR3_LOAD_EXITING; /* no TRUE MSR: EPT cannot be used */
    assert_null(vmx_caps_derive(&raw, false, &c));
    assert_false(c.ept || c.unrestricted_guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_inconsistent),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_pair_forced),
        cmocka_unit_test(test_missing_controls),
        cmocka_unit_test(test_half_efer),
        cmocka_unit_test(test_all_masks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
