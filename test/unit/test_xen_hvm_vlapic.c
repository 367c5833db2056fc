/* SPDX-License-Identifier: MIT */
/*
 * The rules of the local APIC: priorities against a slow transcription,
 * messages, errors, modes and reserved bits.
 */
/* sources: xen/arch/x86/hvm/vlapic_logic.c */
/* defines: -D__XEN__ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <cairn/errno.h>

#include "../../xen/arch/x86/hvm/vlapic_logic.h"

static struct vlapic_state fresh(void)
{
    struct vlapic_state s = {.deadline_ok = true};
    vlapic_logic_reset(&s, 6, false);
    vlapic_logic_write(&s, APIC_SPIV, 0x1ff);
    return s;
}

static struct vlapic_state fresh_x2(void)
{
    struct vlapic_state s = fresh();
    assert_int_equal(vlapic_logic_set_base(&s, s.base | VLAPIC_BASE_X2APIC, true, 36), 0);
    return s;
}

static void test_reset(void **state)
{
    struct vlapic_state s = {0};
    vlapic_logic_reset(&s, 6, true);
    assert_int_equal(s.base, 0xfee00900);
    assert_int_equal(vlapic_logic_read(&s, APIC_ID), 6u << 24);
    assert_int_equal(vlapic_logic_read(&s, APIC_SPIV), 0xff);
    assert_int_equal(vlapic_logic_read(&s, APIC_DFR), 0xffffffff);
    for (unsigned int off = APIC_LVTT; off <= APIC_LVTERR; off += 0x10)
        assert_int_equal(vlapic_logic_read(&s, off), APIC_LVT_MASKED);
    assert_false(vlapic_logic_accept(&s, 0x40, false)); /* software-disabled */
    vlapic_logic_request(&s, 0x50, false);              /* an event upcall is held */
    assert_int_equal(vlapic_logic_pending(&s), -1);
    vlapic_logic_write(&s, APIC_SPIV, 0x1ff);
    assert_int_equal(vlapic_logic_pending(&s), 0x50);
}

/* Every pair of vectors in service and requested, against every TPR class. */
static void test_priority(void **state)
{
    unsigned long cases = 0;
    for (unsigned int isr = 0; isr < 256; isr++) {
        for (unsigned int irr = 16; irr < 256; irr += 3) {
            for (unsigned int tpr = 0; tpr < 256; tpr += 15) {
                struct vlapic_state s = fresh();
                if (isr >= 16) {
                    vlapic_logic_accept(&s, isr, false);
                    vlapic_logic_ack(&s, isr);
                }
                vlapic_logic_accept(&s, irr, false);
                vlapic_logic_write(&s, APIC_TPR, tpr);
                unsigned int served = isr >= 16 ? isr >> 4 : 0;
                unsigned int ppr = tpr >> 4 >= served ? tpr : served << 4;
                assert_int_equal(vlapic_logic_ppr(&s), ppr);
                assert_int_equal(vlapic_logic_pending(&s), irr >> 4 > ppr >> 4 ? (int)irr : -1);
                cases++;
            }
        }
    }
    print_message("%lu cases\n", cases);
}

static void test_eoi(void **state)
{
    struct vlapic_state s = fresh();
    vlapic_logic_accept(&s, 0x31, true);
    vlapic_logic_ack(&s, 0x31);
    vlapic_logic_accept(&s, 0x52, false);
    vlapic_logic_ack(&s, 0x52);
    assert_int_equal(vlapic_logic_write(&s, APIC_EOI, 0), VLAPIC_DID_RECHECK);
    assert_int_equal(vlapic_logic_ppr(&s), 0x30);
    assert_int_equal(vlapic_logic_write(&s, APIC_EOI, 0),
                     VLAPIC_DID_RECHECK | VLAPIC_DID_LEVEL_EOI);
    assert_int_equal(s.eoi_vector, 0x31);
    assert_int_equal(vlapic_logic_write(&s, APIC_EOI, 0), 0);
}

static uint32_t esr_of(struct vlapic_state *s)
{
    vlapic_logic_write(s, APIC_ESR, 0);
    return vlapic_logic_read(s, APIC_ESR);
}

static void test_errors(void **state)
{
    struct vlapic_state s = fresh();
    vlapic_logic_write(&s, APIC_LVTERR, 0x71);
    assert_true(vlapic_logic_error(&s, ESR_SEND_ILLEGAL));
    assert_int_equal(vlapic_logic_pending(&s), 0x71);
    assert_false(vlapic_logic_error(&s, ESR_SEND_ILLEGAL)); /* once until ESR is written */
    assert_int_equal(esr_of(&s), ESR_SEND_ILLEGAL);
    assert_int_equal(esr_of(&s), 0);
    /* XSA-462 */
    vlapic_logic_write(&s, APIC_LVTERR, 0xf);
    assert_false(vlapic_logic_error(&s, ESR_SEND_ILLEGAL));
    assert_int_equal(esr_of(&s), ESR_SEND_ILLEGAL | ESR_RECEIVE_ILLEGAL);
    assert_false(vlapic_logic_accept(&s, 3, false));
    assert_int_equal(esr_of(&s), ESR_RECEIVE_ILLEGAL);
    vlapic_logic_write(&s, APIC_LVTERR, APIC_LVT_MASKED);
    vlapic_logic_read(&s, 0x2f0);
    vlapic_logic_write(&s, 0x40, 1);
    assert_int_equal(esr_of(&s), ESR_ILLEGAL_REG);
}

static void test_match(void **state)
{
    struct vlapic_state s = fresh();
    assert_true(vlapic_logic_match(&s, 6, false, false));
    assert_false(vlapic_logic_match(&s, 7, false, false));
    assert_true(vlapic_logic_match(&s, 0xff, false, false));
    vlapic_logic_write(&s, APIC_LDR, 0x24000000);
    assert_true(vlapic_logic_match(&s, 0x04, true, false));
    assert_false(vlapic_logic_match(&s, 0x18, true, false));
    vlapic_logic_write(&s, APIC_DFR, 0);
    assert_true(vlapic_logic_match(&s, 0x24, true, false));
    assert_true(vlapic_logic_match(&s, 0xf4, true, false));
    assert_false(vlapic_logic_match(&s, 0x34, true, false));
    assert_false(vlapic_logic_match(&s, 0x2b, true, false));
    s = fresh_x2();
    assert_true(vlapic_logic_match(&s, 6, false, true));
    assert_true(vlapic_logic_match(&s, 0xffffffff, false, true));
    assert_false(vlapic_logic_match(&s, 0xff, false, true));
    assert_true(vlapic_logic_match(&s, 0x00000040, true, true));
    assert_false(vlapic_logic_match(&s, 0x00010040, true, true));
    s.base &= ~VLAPIC_BASE_ENABLE;
    assert_false(vlapic_logic_match(&s, 0xff, false, false));
}

/* All transitions between the four combinations of EN and EXTD. */
static void test_modes(void **state)
{
    static const bool allowed[4][4] = {
        /* to: off  extd   en     x2 */
        {true, false, true, false},   /* off */
        {false, false, false, false}, /* (cannot be) */
        {true, false, true, true},    /* xAPIC */
        {true, false, false, true},   /* x2APIC */
    };
    for (unsigned int from = 0; from < 4; from++) {
        for (unsigned int to = 0; to < 4 && from != 1; to++) {
            struct vlapic_state s = from == 3 ? fresh_x2() : fresh();
            if (from == 0)
                vlapic_logic_set_base(&s, VLAPIC_BASE_RESET, true, 36);
            uint64_t value = VLAPIC_BASE_RESET | (uint64_t)to << 10;
            assert_int_equal(vlapic_logic_set_base(&s, value, true, 36),
                             allowed[from][to] ? 0 : -EPERM);
        }
    }
    struct vlapic_state s = fresh();
    for (unsigned int bit = 0; bit < 64; bit++) {
        bool ok = bit == 8 || bit == 10 || bit >= 11;
        if (bit >= 36 || bit == 9)
            ok = false;
        s = fresh();
        assert_int_equal(vlapic_logic_set_base(&s, s.base ^ 1ull << bit, true, 36),
                         ok ? 0 : -EPERM);
    }
    s = fresh();
    assert_int_equal(vlapic_logic_set_base(&s, s.base | VLAPIC_BASE_X2APIC, false, 36), -EPERM);
}

/* Each x2APIC number: what can be read, and the bits that can be written. */
static void test_x2apic_registers(void **state)
{
    unsigned int readable = 0, writable = 0;
    for (unsigned int n = 0; n < 0x400; n++) {
        struct vlapic_state s = fresh_x2();
        uint64_t v;
        readable += vlapic_logic_rdmsr(&s, n, &v);
        for (unsigned int bit = 0; bit < 64; bit++) {
            s = fresh_x2();
            unsigned int did = vlapic_logic_wrmsr(&s, n, 1ull << bit);
            if (!(did & VLAPIC_DID_FAULT))
                writable++;
        }
    }
    /* ID version TPR PPR LDR SPIV, 24 of ISR TMR IRR, ESR ICR, 6 LVT, TMICT TMCCT TDCR */
    assert_int_equal(readable, 6 + 24 + 2 + 6 + 3);
    assert_true(writable > 100);
    struct vlapic_state s = fresh_x2();
    assert_int_equal(vlapic_logic_wrmsr(&s, APIC_SELF >> 4, 0x44), VLAPIC_DID_RECHECK);
    assert_int_equal(vlapic_logic_pending(&s), 0x44);
    assert_int_equal(vlapic_logic_wrmsr(&s, APIC_ICR >> 4, 0x500000044ull), VLAPIC_DID_ICR);
    uint64_t v;
    assert_true(vlapic_logic_rdmsr(&s, APIC_ICR >> 4, &v));
    assert_int_equal(v, 0x500000044ull);
}

static void test_divisor(void **state)
{
    static const struct {
        uint32_t tdcr;
        unsigned int by;
    } t[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xa, 128}, {0xb, 1}};
    for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(vlapic_logic_divisor(t[i].tdcr), t[i].by);
}

/* Whatever writes and messages make of a local APIC can be saved and taken over. */
static void test_saved_registers(void **state)
{
    srandom(1);
    for (unsigned int round = 0; round < 20000; round++) {
        struct vlapic_state s = fresh(), back = {.deadline_ok = true};
        uint64_t x2 = round & 1 ? VLAPIC_BASE_X2APIC : 0;

        vlapic_logic_set_base(&s, s.base | x2, true, 36);
        for (unsigned int n = random() % 40; n; n--) {
            if (x2)
                vlapic_logic_wrmsr(&s, random() % VLAPIC_NR_REGS, 1ull << random() % 32);
            else
                vlapic_logic_write(&s, 16 * (random() % VLAPIC_NR_REGS), random() << 1);
            vlapic_logic_accept(&s, random() % 256, random() % 2);
            if (vlapic_logic_pending(&s) >= 0)
                vlapic_logic_ack(&s, vlapic_logic_pending(&s));
        }
        assert_true(vlapic_logic_regs_ok(&back, s.reg));
        vlapic_logic_reset(&back, 6, false);
        vlapic_logic_set_base(&back, back.base | x2, true, 36);
        vlapic_logic_take_regs(&back, s.reg);
        assert_memory_equal(back.reg, s.reg, sizeof(s.reg));
    }
}

/* And nothing else. */
static void test_impossible_registers(void **state)
{
    static const struct {
        unsigned int offset;
        uint32_t value;
    } bad[] = {{APIC_LVTT, 1u << 12}, {APIC_LVT0, 1u << 17},  {APIC_TPR, 0x100},
               {APIC_SPIV, 1u << 20}, {APIC_DFR, 0},          {APIC_ICR, APIC_ICR_BUSY},
               {APIC_TDCR, 4},        {APIC_ESR, 1},          {APIC_ISR, 1u << 15},
               {APIC_IRR, 1},         {APIC_LVTERR, 1u << 8}, {APIC_LVT1, 1u << 12}};

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vlapic_state s = fresh();

        assert_true(vlapic_logic_regs_ok(&s, s.reg));
        *vlapic_reg(&s, bad[i].offset) = bad[i].value;
        assert_false(vlapic_logic_regs_ok(&s, s.reg));
    }
    struct vlapic_state off = fresh(); /* unmasked, though disabled by software */
    *vlapic_reg(&off, APIC_SPIV) = 0xff;
    *vlapic_reg(&off, APIC_LVT0) = 0x30;
    assert_false(vlapic_logic_regs_ok(&off, off.reg));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_eoi),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_saved_registers),
        cmocka_unit_test(test_impossible_registers),
        cmocka_unit_test(test_divisor),
        cmocka_unit_test(test_x2apic_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
