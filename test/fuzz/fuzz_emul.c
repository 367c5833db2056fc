/* SPDX-License-Identifier: MIT */
/*
 * fuzz_emul.c - any code, registers, segments and answers of the hooks: the
 * emulator keeps its promises (emulate.h) and stays within its own memory.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define MEMORY 4096u

struct input {
    const uint8_t *data;
    size_t len, at;
};

static struct input in;
static uint8_t memory[MEMORY + 16];
static unsigned int hook_calls, segment_writes;

static uint64_t take(unsigned int bytes)
{
    uint64_t v = 0;
    for (unsigned int n = 0; n < bytes; n++)
        v |= (uint64_t)(in.at < in.len ? in.data[in.at++] : 0) << (8 * n);
    return v;
}

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* Now and then a hook fails in each way it may. */
static enum emul_result hook_result(struct emul_ctxt *c)
{
    hook_calls++;
    switch (in.at < in.len ? in.data[(in.at + hook_calls) % in.len] : 0) {
    case 0xe0:
        return emul_raise(c, X86_EXC_GP, 0);
    case 0xe1:
        return emul_raise_page_fault(c, 0x1234, 2);
    case 0xe2:
        return EMUL_RETRY;
    case 0xe3:
        return EMUL_UNHANDLEABLE;
    default:
        return EMUL_OKAY;
    }
}

static enum emul_result f_fetch(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len)
{
    check(len >= 1 && len <= EMUL_MAX_LENGTH);
    check((addr & 0xfff) + len <= 0x1000);
    memcpy(buf, memory + addr % MEMORY, len);
    return hook_result(c);
}

static enum emul_result f_read(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len,
                               unsigned int flags)
{
    check(len >= 1 && len <= 16);
    memcpy(buf, memory + addr % MEMORY, len);
    return hook_result(c);
}

static enum emul_result f_write(struct emul_ctxt *c, uint64_t addr, const void *buf, size_t len,
                                unsigned int flags)
{
    check(len >= 1 && len <= 16);
    memcpy(memory + addr % MEMORY, buf, len);
    return hook_result(c);
}

static enum emul_result f_cmpxchg(struct emul_ctxt *c, uint64_t addr, const void *old,
                                  const void *new, size_t len, unsigned int flags)
{
    check(len >= 1 && len <= 16);
    if (memcmp(memory + addr % MEMORY, old, len))
        return EMUL_RETRY;
    memcpy(memory + addr % MEMORY, new, len);
    return hook_result(c);
}

static struct hvm_segment segments[NR_SEGS];

static enum emul_result f_read_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                       struct hvm_segment *out)
{
    check(seg < NR_SEGS);
    *out = segments[seg];
    return EMUL_OKAY;
}

static enum emul_result f_write_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                        const struct hvm_segment *s)
{
    check(seg < NR_SEGS);
    segment_writes++;
    segments[seg] = *s;
    return EMUL_OKAY;
}

static enum emul_result f_port_in(struct emul_ctxt *c, unsigned int port, unsigned int size,
                                  uint32_t *value)
{
    check(port <= 0xffff && (size == 1 || size == 2 || size == 4));
    *value = 0xffffffff;
    return hook_result(c);
}

static enum emul_result f_port_out(struct emul_ctxt *c, unsigned int port, unsigned int size,
                                   uint32_t value)
{
    check(port <= 0xffff && (size == 1 || size == 2 || size == 4));
    return hook_result(c);
}

static enum emul_result f_read_reg(struct emul_ctxt *c, unsigned int reg, uint64_t *value)
{
    *value = take(8);
    return hook_result(c);
}

static enum emul_result f_write_reg(struct emul_ctxt *c, unsigned int reg, uint64_t value)
{
    check(reg <= 8);
    return hook_result(c);
}

static enum emul_result f_move_dr(struct emul_ctxt *c, unsigned int dr, uint64_t *value, bool write)
{
    check(dr < 8 && dr != 4 && dr != 5);
    return write ? f_write_reg(c, dr, *value) : f_read_reg(c, dr, value);
}

static enum emul_result f_write_msr(struct emul_ctxt *c, uint32_t msr, uint64_t value)
{
    return hook_result(c);
}

static enum emul_result f_cpuid(struct emul_ctxt *c, uint32_t leaf, uint32_t subleaf,
                                uint32_t out[4])
{
    memset(out, 0, 16);
    return hook_result(c);
}

static enum emul_result f_read_tsc(struct emul_ctxt *c, uint64_t *value)
{
    *value = 1;
    return EMUL_OKAY;
}

static enum emul_result f_invlpg(struct emul_ctxt *c, uint64_t addr)
{
    return EMUL_OKAY;
}

static enum emul_result f_fpu(struct emul_ctxt *c, const struct emul_insn *insn, uint8_t mem[16])
{
    return hook_result(c);
}

static const struct emul_ops ops = {
    .fetch = f_fetch,
    .read = f_read,
    .write = f_write,
    .cmpxchg = f_cmpxchg,
    .read_segment = f_read_segment,
    .write_segment = f_write_segment,
    .port_in = f_port_in,
    .port_out = f_port_out,
    .read_cr = f_read_reg,
    .write_cr = f_write_reg,
    .move_dr = f_move_dr,
    .read_msr = f_read_reg,
    .write_msr = f_write_msr,
    .cpuid = f_cpuid,
    .read_tsc = f_read_tsc,
    .invlpg = f_invlpg,
    .fpu = f_fpu,
};

/* All hooks, or all but one. */
static const struct emul_ops *choose_ops(uint8_t which)
{
    static struct emul_ops some;
    void (*none)(void) = NULL;

    some = ops;
    if (which < sizeof(some) / sizeof(none))
        memcpy((char *)&some + which * sizeof(none), &none, sizeof(none));
    return &some;
}

static void set_up(struct emul_ctxt *c)
{
    uint8_t how = take(1), code[32];
    bool long_mode = how & 1;
    for (unsigned int n = 0; n < sizeof(code); n++)
        code[n] = take(1);
    c->ops = choose_ops(how & 16 ? take(1) : 0xff);
    c->has_tzcnt = how & 32;
    c->has_lzcnt = how & 64;
    c->cr0 = 0x30 | (how & 2 || long_mode ? X86_CR0_PE : 0) | (how & 4 ? X86_CR0_AM : 0);
    c->cr4 = take(2);
    c->efer = long_mode ? EFER_LMA | EFER_LME | EFER_SCE : 0;
    c->rep_max = 1 + take(1);
    c->regs.rflags = X86_EFLAGS_MBS | (take(3) & 0x3f7fd7);
    if (long_mode || !(c->cr0 & X86_CR0_PE))
        c->regs.rflags &= ~X86_EFLAGS_VM;
    for (unsigned int seg = 0; seg < NR_SEGS; seg++) {
        uint8_t kind = take(1);
        segments[seg] = (struct hvm_segment){
            .sel = kind * 0x101u,
            .base = kind & 1 ? (uint64_t)kind << 4 : 0,
            .limit = kind & 2 ? 0xffff : ~0u,
            .attr = ATTR_P | (seg == SEG_CS ? 0x1b : 0x13) | (kind & 0x60),
        };
        if (kind & 8)
            segments[seg].attr |= ATTR_DB;
        if (kind & 0x80 && seg != SEG_CS)
            segments[seg].attr &= ~ATTR_P;
    }
    if (long_mode && (how & 8))
        segments[SEG_CS].attr = (segments[SEG_CS].attr & ~ATTR_DB) | ATTR_L;
    for (unsigned int n = 0; n < 16; n++) {
        uint8_t kind = take(1);
        c->regs.gpr[n] = kind < 0x80 ? kind : kind < 0xc0 ? -(uint64_t)kind : take(8);
    }
    c->regs.rip = take(2);
    for (unsigned int n = 0; n < MEMORY; n++)
        memory[n] = n * 37;
    for (unsigned int n = 0; n < sizeof(code); n++)
        memory[(c->regs.rip + (long_mode ? 0 : (uint32_t)segments[SEG_CS].base) + n) % MEMORY] =
            code[n];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct emul_ctxt c;

    memset(&c, 0xa5, sizeof(c)); /* nothing is to depend on what was there */
    in = (struct input){data, size, 0};
    hook_calls = 0;
    set_up(&c);
    for (unsigned int step = 0; step < 4; step++) {
        struct emul_regs before = c.regs;
        segment_writes = 0;
        enum emul_result rc = emul_step(&c);
        check(rc <= EMUL_UNHANDLEABLE);
        if (rc == EMUL_OKAY) {
            check(c.regs.rflags & X86_EFLAGS_MBS);
            check(!(c.regs.rflags & ~0x3f7fd7ull));
            continue;
        }
        check(c.regs.rip == before.rip && c.regs.rflags == before.rflags);
        check(!segment_writes && !c.retire.hlt && !c.retire.single_step);
        if (!c.insn.rep) /* the context holds the last instruction decoded */
            check(!memcmp(&c.regs, &before, sizeof(before)));
        if (rc == EMUL_EXCEPTION)
            check(c.event.vector < 32 || c.event.type == EMUL_EVENT_INT);
        break;
    }
    return 0;
}
