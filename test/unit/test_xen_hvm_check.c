/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/hvm/check.c xen/arch/x86/hvm/cr.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/hvm */
/*
 * vCPU states from outside: good ones of each mode pass, and each single
 * thing that VM entry refuses is refused here first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/processor.h>

#include "check.h"

static const struct x86_ctrl_env env = {EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
                                        X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_PCIDE, 40,
                                        false, false};

static struct hvm_cpu_state s;
static struct x86_ctrl c;

/* 32-bit flat, paging off: how a PVH guest starts. */
static void flat(void)
{
    memset(&s, 0, sizeof(s));
    for (unsigned int i = SEG_ES; i <= SEG_DS; i++)
        s.seg[i] = (struct hvm_segment){0, 0xc93, 0xffffffff, 0};
    s.seg[SEG_CS].attr = 0xc9b;
    s.seg[SEG_TR] = (struct hvm_segment){0, 0x8b, 0x67, 0};
    s.rip = 0x100070;
    s.rflags = 2;
    s.dr7 = 0x400;
    c = (struct x86_ctrl){.cr0 = 0x11};
}

static void long_mode(void)
{
    flat();
    s.seg[SEG_CS].attr = 0xa9b;
    c = (struct x86_ctrl){
        .cr0 = 0x80010031, .cr3 = 0x1000, .cr4 = X86_CR4_PAE, .efer = EFER_LME | EFER_LMA};
    s.rip = 0xffffffff80000000;
}

static void real_mode(void)
{
    memset(&s, 0, sizeof(s));
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        s.seg[i] = (struct hvm_segment){0, 0x93, 0xffff, 0};
    s.seg[SEG_CS] = (struct hvm_segment){0xf000, 0x9b, 0xffff, 0xffff0000};
    s.seg[SEG_LDTR] = (struct hvm_segment){0, 0x82, 0xffff, 0};
    s.seg[SEG_TR] = (struct hvm_segment){0, 0x8b, 0xffff, 0};
    s.rip = 0xfff0;
    s.rflags = 2;
    c = (struct x86_ctrl){.cr0 = 0x60000010};
}

static void v86(void)
{
    flat();
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        s.seg[i] = (struct hvm_segment){0x1234, 0xf3, 0xffff, 0x12340};
    s.rflags |= X86_EFLAGS_VM;
    s.rip = 0x100;
}

#define GOOD() assert_null(hvm_cpu_state_bad(&s, &c, &env))
#define BAD()  assert_non_null(hvm_cpu_state_bad(&s, &c, &env))

static void test_good(void **state)
{
    flat();
    GOOD();
    long_mode();
    GOOD();
    real_mode();
    GOOD();
    v86();
    GOOD();
}

#define REFUSE(start, change) \
    do {                      \
        start();              \
        change;               \
        BAD();                \
    } while (0)

static void test_control(void **state)
{
    REFUSE(flat, c.cr0 = 0x80000010);
    REFUSE(flat, c.cr0 |= X86_CR0_NW);
    REFUSE(flat, c.efer = EFER_LMA);
    REFUSE(flat, c.efer = 1 << 13);
    REFUSE(flat, c.cr4 = X86_CR4_VMXE);
    REFUSE(flat, c.cr4 = X86_CR4_PCIDE);
    REFUSE(long_mode, c.efer &= ~EFER_LMA);
    REFUSE(long_mode, c.efer &= ~EFER_LME);
    REFUSE(long_mode, c.cr4 = 0);
    REFUSE(long_mode, c.cr3 = 1ull << 40);
    REFUSE(long_mode, s.seg[SEG_TR].attr = 0x83);
}

static void test_segments(void **state)
{
    for (unsigned int i = SEG_ES; i <= SEG_DS; i++) {
        REFUSE(flat, s.seg[i].attr &= ~0x10);
        REFUSE(flat, s.seg[i].attr &= ~1);
        REFUSE(flat, s.seg[i].limit = 0xfffffffe);
        REFUSE(flat, s.seg[i].attr &= ~0x800);
        REFUSE(flat, s.seg[i].base = 1ull << 32);
        REFUSE(flat, s.seg[i].attr |= 0x1000);
    }
    REFUSE(flat, s.seg[SEG_CS].attr = 0xcfb); /* DPL 3 with SS.DPL 0 */
    REFUSE(flat, s.seg[SEG_CS].attr = 0xc97); /* expand-down data */
    REFUSE(flat, s.seg[SEG_CS].attr &= ~0x80);
    REFUSE(flat, s.seg[SEG_SS].attr = 0xc9b);      /* code as stack */
    REFUSE(flat, s.seg[SEG_DS].attr = 0xc99);      /* execute-only */
    REFUSE(long_mode, s.seg[SEG_CS].attr = 0xe9b); /* L and D */
    REFUSE(long_mode, s.seg[SEG_FS].base = 1ull << 47);
    REFUSE(real_mode, s.seg[SEG_SS].attr |= 0x60);
    REFUSE(v86, s.seg[SEG_ES].base++);
    REFUSE(v86, s.seg[SEG_GS].limit = 0xfffff);
    REFUSE(v86, s.seg[SEG_CS].attr = 0x9b);
}

static void test_system(void **state)
{
    REFUSE(flat, s.seg[SEG_TR].attr = 0x89); /* not busy */
    REFUSE(flat, s.seg[SEG_TR].attr = 0x0b);
    REFUSE(flat, s.seg[SEG_TR].sel = 4);
    REFUSE(flat, s.seg[SEG_LDTR].attr = 0x83);
    REFUSE(flat, s.seg[SEG_GDTR].limit = 0x10000);
    REFUSE(flat, s.seg[SEG_IDTR].limit = 0x10000);
    REFUSE(flat, s.seg[SEG_GDTR].base = 1ull << 63);
    flat();
    s.seg[SEG_TR].attr = 0x83; /* a 16-bit TSS is fine outside IA-32e mode */
    GOOD();
}

static void test_flags(void **state)
{
    for (unsigned int bit = 0; bit < 64; bit++) {
        flat();
        s.rflags = 2 | 1ull << bit;
        bool reserved = bit == 3 || bit == 5 || bit == 15 || bit > 21;
        bool v86_flag = bit == 17; /* segments are not those of virtual-8086 mode */
        assert_int_equal(hvm_cpu_state_bad(&s, &c, &env) != NULL, reserved || v86_flag);
    }
    REFUSE(flat, s.rip = 1ull << 32);
    REFUSE(long_mode, s.rip = 1ull << 47);
    REFUSE(long_mode, s.rflags |= X86_EFLAGS_VM);
    REFUSE(flat, s.dr7 = 1ull << 32);
    REFUSE(flat, s.sysenter_eip = 1ull << 47);
    REFUSE(flat, s.sysenter_cs = 1ull << 32);
}

static const char *event(unsigned int type, unsigned int vector, bool has_ec)
{
    return hvm_event_bad(&s, &c, vector, type, has_ec);
}

/* What a save record may hold: VM entry refuses the rest. */
static void test_event(void **state)
{
    flat();
    assert_non_null(event(0, 0x30, false)); /* IF is 0 */
    s.rflags |= X86_EFLAGS_IF;
    assert_null(event(0, 0x30, false));
    assert_non_null(event(0, 0x30, true));
    assert_non_null(event(1, 0x30, false));
    assert_null(event(2, X86_EXC_NMI, false));
    assert_non_null(event(2, 3, false));
    assert_null(event(3, X86_EXC_PF, true));
    assert_non_null(event(3, X86_EXC_PF, false));
    assert_null(event(3, X86_EXC_UD, false));
    assert_non_null(event(3, X86_EXC_UD, true));
    assert_non_null(event(3, X86_EXC_NMI, false));
    assert_non_null(event(3, 32, false));
    assert_non_null(event(4, 0x80, false));
    real_mode();
    assert_non_null(event(3, X86_EXC_GP, true)); /* no error codes there */
    assert_null(event(3, X86_EXC_GP, false));
}

/* Of blocking from a record stays what RFLAGS and a pending event allow. */
static void test_blocking(void **state)
{
    const uint32_t sti = HVM_BLOCKING_STI, ss = HVM_BLOCKING_MOV_SS, nmi = HVM_BLOCKING_NMI,
                   bs = HVM_PENDING_BS, bp = 1u << HVM_PENDING_SHIFT << 12;
    const uint64_t on = X86_EFLAGS_IF, step = X86_EFLAGS_IF | X86_EFLAGS_TF;

    assert_int_equal(hvm_blocking_legal(sti, on, -1), sti);
    assert_int_equal(hvm_blocking_legal(sti, 0, -1), 0);
    assert_int_equal(hvm_blocking_legal(ss | nmi, 0, -1), ss | nmi);
    assert_int_equal(hvm_blocking_legal(ss | sti | nmi, on, -1), ss | nmi);
    assert_int_equal(hvm_blocking_legal(ss | nmi, on, 0), nmi);
    assert_int_equal(hvm_blocking_legal(sti | nmi, on, 2), 0);
    assert_int_equal(hvm_blocking_legal(ss | nmi, on, 3), ss | nmi);
    assert_int_equal(hvm_blocking_legal(bs | bp, 0, -1), bs | bp);
    assert_int_equal(hvm_blocking_legal(bs | bp | ss, 0, -1), bp | ss);
    assert_int_equal(hvm_blocking_legal(sti, step, -1), sti | bs);
    assert_int_equal(hvm_blocking_legal(sti, step, 0), 0);
    assert_int_equal(hvm_blocking_legal(~0u, 0, 3), ss | nmi | bp | 0xfu << HVM_PENDING_SHIFT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_control),
        cmocka_unit_test(test_segments), cmocka_unit_test(test_system),
        cmocka_unit_test(test_flags),    cmocka_unit_test(test_event),
        cmocka_unit_test(test_blocking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
