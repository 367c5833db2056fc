/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/emulate/alu.c xen/arch/x86/emulate/bits.c xen/arch/x86/emulate/decode.c xen/arch/x86/emulate/emulate.c xen/arch/x86/emulate/flags.c xen/arch/x86/emulate/flow.c xen/arch/x86/emulate/fpu.c xen/arch/x86/emulate/mov.c xen/arch/x86/emulate/segment.c xen/arch/x86/emulate/stack.c xen/arch/x86/emulate/string.c xen/arch/x86/emulate/system.c xen/arch/x86/emulate/table.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/emulate */
/*
 * Single instructions through the emulator, for what no native run can show:
 * states between the iterations of a REP, alignment checks, privileged state.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "private.h"

#define CODE 0x1000u
#define CS32 0xcfb /* 32-bit code and data, DPL 3 */
#define DS32 0xcf3

static uint8_t memory[0x4000];
static struct hvm_segment segment[NR_SEGS];

static enum emul_result t_read(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len,
                               unsigned int flags)
{
    assert_true(addr + len <= sizeof(memory));
    memcpy(buf, memory + addr, len);
    return EMUL_OKAY;
}

static enum emul_result t_fetch(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len)
{
    return t_read(c, addr, buf, len, 0);
}

static enum emul_result t_write(struct emul_ctxt *c, uint64_t addr, const void *buf, size_t len,
                                unsigned int flags)
{
    assert_true(addr + len <= sizeof(memory));
    memcpy(memory + addr, buf, len);
    return EMUL_OKAY;
}

static enum emul_result t_cmpxchg(struct emul_ctxt *c, uint64_t addr, const void *old,
                                  const void *new, size_t len, unsigned int flags)
{
    return t_write(c, addr, new, len, flags);
}

static enum emul_result t_read_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                       struct hvm_segment *out)
{
    *out = segment[seg];
    return EMUL_OKAY;
}

static enum emul_result t_write_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                        const struct hvm_segment *in)
{
    segment[seg] = *in;
    return EMUL_OKAY;
}

static const struct emul_ops ops = {
    .fetch = t_fetch,
    .read = t_read,
    .write = t_write,
    .cmpxchg = t_cmpxchg,
    .read_segment = t_read_segment,
    .write_segment = t_write_segment,
};

/* 32-bit protected mode at @cpl with flat segments. */
static struct emul_ctxt prepare(unsigned int cpl, const void *code, size_t len)
{
    memset(memory, 0, sizeof(memory));
    memcpy(memory + CODE, code, len);
    for (unsigned int i = 0; i < NR_SEGS; i++)
        segment[i] = (struct hvm_segment){
            .sel = cpl, .attr = (i == SEG_CS ? CS32 : DS32) & ~(3u << 5), .limit = ~0u};
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        segment[i].attr |= cpl << 5;
    segment[SEG_GDTR].limit = 0xffff;
    return (struct emul_ctxt){.ops = &ops,
                              .cr0 = X86_CR0_PE,
                              .regs = {.rip = CODE, .rflags = X86_EFLAGS_MBS},
                              .rep_max = 4};
}

/* A REP that is left between iterations must not meet its own breakpoint again. */
static void test_rep_keeps_resume(void **state)
{
    static const uint8_t rep_stosb[] = {0xf3, 0xaa};
    struct emul_ctxt c = prepare(0, rep_stosb, sizeof(rep_stosb));

    c.regs.gpr[RCX] = 6;
    c.regs.gpr[RDI] = 0x2000;
    c.regs.rflags |= X86_EFLAGS_RF;
    assert_int_equal(emul_step(&c), EMUL_OKAY);
    assert_true(c.retire.partial);
    assert_int_equal(c.regs.rip, CODE);
    assert_true(c.regs.rflags & X86_EFLAGS_RF);
    assert_int_equal(emul_step(&c), EMUL_OKAY);
    assert_int_equal(c.regs.rip, CODE + 2);
    assert_false(c.regs.rflags & X86_EFLAGS_RF);
    /* Nor that of a single step after each iteration. */
    c.regs.rip = CODE;
    c.regs.gpr[RCX] = 2;
    c.regs.rflags |= X86_EFLAGS_TF;
    assert_int_equal(emul_step(&c), EMUL_OKAY);
    assert_true(c.retire.single_step && c.regs.rflags & X86_EFLAGS_RF);
    assert_int_equal(emul_step(&c), EMUL_OKAY);
    assert_true(c.retire.single_step && !(c.regs.rflags & X86_EFLAGS_RF));
}

/* LES eax, [ebx]: a pointer of 48 bits is aligned to 4. */
static void test_alignment_of_pointers(void **state)
{
    static const uint8_t les[] = {0xc4, 0x03};

    for (unsigned int at = 0; at < 8; at++) {
        struct emul_ctxt c = prepare(3, les, sizeof(les));
        c.cr0 |= X86_CR0_AM;
        c.regs.rflags |= X86_EFLAGS_AC;
        c.regs.gpr[RBX] = 0x2000 + at;
        enum emul_result rc = emul_step(&c);
        assert_int_equal(rc, at % 4 ? EMUL_EXCEPTION : EMUL_OKAY);
        if (rc == EMUL_EXCEPTION)
            assert_int_equal(c.event.vector, X86_EXC_AC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rep_keeps_resume),
        cmocka_unit_test(test_alignment_of_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
