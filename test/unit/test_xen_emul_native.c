/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/emulate/alu.c xen/arch/x86/emulate/bits.c xen/arch/x86/emulate/decode.c xen/arch/x86/emulate/emulate.c xen/arch/x86/emulate/flags.c xen/arch/x86/emulate/flow.c xen/arch/x86/emulate/fpu.c xen/arch/x86/emulate/mov.c xen/arch/x86/emulate/segment.c xen/arch/x86/emulate/stack.c xen/arch/x86/emulate/string.c xen/arch/x86/emulate/system.c xen/arch/x86/emulate/table.c test/unit/emul_native.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/emulate */
/*
 * The emulator against this machine's processor: random instructions of user
 * mode with random registers and memory, executed by both.  EMUL_CASES sets
 * how many in each mode (default 5,000,000), EMUL_SEED where they begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "emul_flags.h"
#include "emul_native.h"
#include "private.h"

static uint64_t rng_state;

static uint64_t rnd(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state * 0x2545f4914f6cdd1dull;
}

static bool one_in(unsigned int n)
{
    return (rnd() >> 20) % n == 0;
}

/* ---- the emulator's surroundings: one page of data, 64-bit user mode ---- */

static unsigned int mode; /* width of code: 8 or 4 */
static uint8_t shadow[NATIVE_WINDOW];
static const uint8_t *code;
static size_t code_len;

static enum emul_result access(struct emul_ctxt *c, uint64_t addr, size_t len, bool write)
{
    uint64_t base = (uint64_t)native_window;
    for (size_t n = 0; n < len; n++)
        if (addr + n - base >= NATIVE_WINDOW)
            return emul_raise_page_fault(c, addr + n, write ? 6 : 4);
    return EMUL_OKAY;
}

static enum emul_result t_fetch(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len)
{
    memset(buf, 0x90, len);
    size_t at = addr - (uint64_t)native_code;
    if (at < code_len)
        memcpy(buf, code + at, len < code_len - at ? len : code_len - at);
    return EMUL_OKAY;
}

static enum emul_result t_read(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len,
                               unsigned int flags)
{
    EMUL_TRY(access(c, addr, len, flags & EMUL_FOR_WRITE));
    memcpy(buf, shadow + (addr - (uint64_t)native_window), len);
    return EMUL_OKAY;
}

static enum emul_result t_write(struct emul_ctxt *c, uint64_t addr, const void *buf, size_t len,
                                unsigned int flags)
{
    EMUL_TRY(access(c, addr, len, true));
    memcpy(shadow + (addr - (uint64_t)native_window), buf, len);
    return EMUL_OKAY;
}

static enum emul_result t_cmpxchg(struct emul_ctxt *c, uint64_t addr, const void *old,
                                  const void *new, size_t len, unsigned int flags)
{
    EMUL_TRY(access(c, addr, len, true));
    uint8_t *at = shadow + (addr - (uint64_t)native_window);
    if (memcmp(at, old, len))
        return EMUL_RETRY;
    memcpy(at, new, len);
    return EMUL_OKAY;
}

static enum emul_result t_read_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                       struct hvm_segment *out)
{
    *out = (struct hvm_segment){.limit = ~0u,
                                .attr = seg != SEG_CS ? 0xcf3
                                        : mode == 8   ? 0xafb
                                                      : 0xcfb};
    if (seg <= SEG_GS)
        out->sel = seg == SEG_CS && mode == 4 ? 0x23 : native_selector[seg];
    return EMUL_OKAY;
}

static const struct emul_ops ops = {
    .fetch = t_fetch,
    .read = t_read,
    .write = t_write,
    .cmpxchg = t_cmpxchg,
    .read_segment = t_read_segment,
};

/* ---- which opcodes ---- */

static bool user_testable(unsigned int map, unsigned int op)
{
    const struct emul_opcode *entry = emul_opcode(map, op);
    if (!entry || (mode == 8 && (entry->flags & OP_NO64)))
        return false;
    emul_fn fn = entry->fn;
    static const emul_fn not_here[] = {
        emul_i_string_io, emul_i_pop_seg, emul_i_call_far, emul_i_wait,    emul_i_ret_far,
        emul_i_int3,      emul_i_intn,    emul_i_iret,     emul_i_icebp,   emul_i_x87,
        emul_i_in,        emul_i_out,     emul_i_hlt,      emul_i_cli,     emul_i_sti,
        emul_i_group6,    emul_i_group7,  emul_i_lar_lsl,  emul_i_syscall, emul_i_clts,
        emul_i_cache,     emul_i_sse,     emul_i_mov_cr,   emul_i_mov_dr,  emul_i_wrmsr,
        emul_i_rdmsr,     emul_i_rdtsc,   emul_i_cpuid,    emul_i_jmp_far, emul_i_lxs,
        emul_i_into,
    };
    for (size_t i = 0; i < sizeof(not_here) / sizeof(not_here[0]); i++)
        if (fn == not_here[i])
            return false;
    return map || (op != 0x8e && (mode == 4 || (op & 0xf0) != 0x40));
}

static uint16_t choices[768];
static unsigned int nr_choices;
static uint64_t seen[768]; /* cases compared, by opcode */

/* ---- one case ---- */

struct test_case {
    uint8_t code[32];
    unsigned int modrm_at;
    struct emul_insn insn;
    struct native_state in, out;
    uint64_t target; /* of the memory operand */
    bool uses_stack;
};

static uint64_t interesting(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0x7fff,
                                      0x8000,
                                      0xffff,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      ~0ull};
    uint64_t r = rnd();
    switch (r & 3) {
    case 0:
        return values[(r >> 8) % (sizeof(values) / sizeof(values[0]))];
    case 1:
        return (r >> 8) & 0xff;
    default:
        return rnd();
    }
}

static bool is_string(unsigned int op)
{
    return (op >= 0xa4 && op <= 0xa7) || (op >= 0xaa && op <= 0xaf);
}

static void make_code(struct test_case *t)
{
    unsigned int n = 0, opcode = choices[rnd() % nr_choices];
    uint8_t rex = 0x40 | (rnd() & 15);

    if (one_in(3))
        t->code[n++] = 0x66;
    if (one_in(12))
        t->code[n++] = 0x67;
    if (one_in(20))
        t->code[n++] = 0x26 | (rnd() & 3) << 3;
    if (is_string(opcode) ? !one_in(3) : one_in(opcode >= 0x1b8 ? 3 : 16))
        t->code[n++] = 0xf2 | (rnd() & 1);
    if (one_in(16))
        t->code[n++] = 0xf0;
    if (mode == 8 && one_in(2))
        t->code[n++] = rex;
    if (opcode >= 0x100)
        t->code[n++] = 0x0f;
    if (opcode >= 0x200)
        t->code[n++] = 0x38;
    t->code[n++] = opcode;
    t->modrm_at = n;
    while (n < 15)
        t->code[n++] = rnd() >> 8;
    for (; n < sizeof(t->code); n++)
        t->code[n] = 0xcc;
}

static void put32(uint8_t *at, uint32_t v)
{
    memcpy(at, &v, 4);
}

static uint64_t place(void)
{
    /* Mostly inside; sometimes over an edge, to fault. */
    uint64_t base = (uint64_t)native_window;
    return one_in(16) ? base + (one_in(2) ? -8 : NATIVE_WINDOW - 8) + (rnd() & 15)
                      : base + 256 + rnd() % (NATIVE_WINDOW - 512);
}

/* Make the memory operand lie at t->target.  False: cannot. */
static bool aim_memory(struct test_case *t)
{
    struct emul_insn *insn = &t->insn;
    uint64_t *gpr = t->in.gpr;

    if (!insn->has_mem || insn->op->fn == emul_i_lea || insn->op->fn == emul_i_nop)
        return true;
    t->target = place();
    if (insn->op->flags & OP_MOFFS) {
        insn->mem.disp = t->target;
        memcpy(t->code + t->modrm_at, &insn->mem.disp, insn->addrsize);
        return true;
    }
    uint64_t index = 0;
    if (insn->mem.index != EMUL_NO_REG) {
        if (insn->mem.base == EMUL_NO_REG)
            gpr[insn->mem.index] &= 15;
        index = gpr[insn->mem.index] << insn->mem.scale;
    }
    if (insn->mem.base == EMUL_NO_REG || insn->mem.base == EMUL_REG_RIP) {
        unsigned int at = t->modrm_at + ((t->code[t->modrm_at] & 7) == 4 ? 2 : 1);
        uint64_t from =
            insn->mem.base == EMUL_REG_RIP ? (uint64_t)native_code + insn->length : index;
        insn->mem.disp = (int32_t)(t->target - from);
        put32(t->code + at, insn->mem.disp);
        return true;
    }
    if (insn->mem.base == insn->mem.index)
        return false;
    gpr[insn->mem.base] = t->target - insn->mem.disp - index;
    return true;
}

static uint64_t exit_address(const struct test_case *t)
{
    return (uint64_t)native_code + t->insn.length + (one_in(2) ? NATIVE_EXIT_STEP : 0);
}

static void set_stack(struct test_case *t, uint64_t value)
{
    uint64_t sp = (uint64_t)native_window + 1024 + rnd() % 2048;
    t->in.gpr[RSP] = sp;
    t->uses_stack = true;
    memcpy(native_window + (sp - (uint64_t)native_window), &value, 8);
    memcpy(shadow + (sp - (uint64_t)native_window), &value, 8);
}

/* Registers that an opcode uses without naming them.  False: leave this case out. */
static bool set_roles(struct test_case *t)
{
    struct emul_insn *insn = &t->insn;
    emul_fn fn = insn->op->fn;
    unsigned int member = (insn->modrm >> 3) & 7;
    uint64_t *gpr = t->in.gpr;
    bool branch = fn == emul_i_jcc || fn == emul_i_loop || fn == emul_i_jmp || fn == emul_i_call ||
                  fn == emul_i_ret || insn->opcode == 0xff;

    if (branch && insn->opsize == 2 && mode == 4)
        return false; /* to below 64 KiB, where nothing can be */
    if (fn == emul_i_string) {
        uint64_t garbage = insn->addrsize == 4 ? rnd() << 32 : 0;
        gpr[RSI] = place() | garbage;
        gpr[RDI] = place() | garbage;
        gpr[RCX] = (insn->addrsize == 4 ? rnd() << 32 : 0) | rnd() % 24;
    } else if (fn == emul_i_bt && insn->has_mem && insn->opcode != 0x1ba) {
        uint64_t index = rnd() % 4096 - 2048;
        gpr[insn->reg] = insn->opsize == 8 ? index : (rnd() << 32) | (uint32_t)index;
    } else if (fn == emul_i_xlat) {
        gpr[RBX] = place();
    } else if (fn == emul_i_jcc || fn == emul_i_loop || fn == emul_i_jmp || fn == emul_i_call) {
        uint64_t step = one_in(2) ? NATIVE_EXIT_STEP : 0;
        insn->imm = step;
        if (insn->op->flags & OP_IMM8)
            t->code[insn->length - 1] = step;
        else
            put32(t->code + insn->length - 4, step);
        if (fn == emul_i_loop && one_in(2))
            gpr[RCX] = (rnd() & 1) | (insn->addrsize == 4 ? rnd() << 32 : 0);
        set_stack(t, rnd());
    } else if (fn == emul_i_ret) {
        set_stack(t, exit_address(t));
    } else if (fn == emul_i_popf) {
        set_stack(t, rnd() & (FLAGS_ARITH | FLAG_DF));
    } else if (fn == emul_i_enter || fn == emul_i_leave) {
        set_stack(t, rnd());
        gpr[RBP] = place();
        if (fn == emul_i_enter && (insn->imm > 512 || insn->imm2 % 32 > 20))
            return false;
    } else if (insn->opcode == 0xff && member >= 2) {
        if (member == 3 || member == 5)
            return false; /* far */
        set_stack(t, rnd());
        if (member != 6 && !insn->has_mem) {
            gpr[insn->rm] = exit_address(t);
            return insn->rm != RSP;
        }
    } else if (fn == emul_i_push || fn == emul_i_pop || fn == emul_i_push_imm ||
               fn == emul_i_pushf || fn == emul_i_push_seg || fn == emul_i_pusha ||
               fn == emul_i_popa) {
        set_stack(t, rnd());
    } else if (fn == emul_i_group3 && member >= 6 && one_in(2)) {
        gpr[RDX] = (int64_t)(rnd() << 60) >> 62;
    } else if (fn == emul_i_cmpxchg && one_in(2) && !insn->has_mem) {
        gpr[RAX] = gpr[insn->rm];
    }
    return true;
}

/* Every address that either may touch must be in the window or its guards. */
static bool near_window(uint64_t addr)
{
    return addr - ((uint64_t)native_window - NATIVE_GUARD / 2) < NATIVE_GUARD;
}

static bool addresses_safe(struct test_case *t, struct emul_ctxt *c)
{
    const struct emul_insn *insn = &t->insn;
    emul_fn fn = insn->op->fn;
    c->insn = *insn;
    c->regs.rip = (uint64_t)native_code;
    memcpy(c->regs.gpr, t->in.gpr, sizeof(c->regs.gpr));
    if (fn == emul_i_pop && insn->has_mem)
        c->regs.gpr[RSP] += insn->opsize;
    if (insn->has_mem && fn != emul_i_lea && fn != emul_i_nop && !near_window(emul_ea(c)))
        return false;
    if (fn == emul_i_bt && insn->has_mem && insn->opcode != 0x1ba) {
        int64_t bit = (int64_t)emul_sign_extend(t->in.gpr[insn->reg], insn->opsize);
        if (!near_window((emul_ea(c) + bit / 8) & emul_mask(insn->addrsize)))
            return false;
    }
    if (fn == emul_i_string) {
        uint64_t mask = emul_mask(insn->addrsize);
        return near_window(t->in.gpr[RSI] & mask) && near_window(t->in.gpr[RDI] & mask);
    }
    if (fn == emul_i_xlat)
        return near_window((t->in.gpr[RBX] + (t->in.gpr[RAX] & 0xff)) & emul_mask(insn->addrsize));
    if (fn == emul_i_enter || fn == emul_i_leave)
        return near_window(t->in.gpr[RBP]);
    if (t->uses_stack && !near_window(t->in.gpr[RSP]))
        return false;
    /* A near transfer through memory or to where a prefix would lead it. */
    if (insn->opcode == 0xff && insn->has_mem && (insn->modrm & 0x38) != 0x30 &&
        (insn->modrm & 0x38) >= 0x10) {
        uint64_t where = exit_address(t), at = emul_ea(c) - (uint64_t)native_window;
        if (at > NATIVE_WINDOW - 8)
            return mode == 8; /* faults */
        memcpy(native_window + at, &where, 8);
        memcpy(shadow + at, &where, 8);
    }
    return true;
}

static void report(const struct test_case *t, const struct emul_ctxt *c, enum emul_result rc)
{
    fprintf(stderr, "difference: code");
    for (unsigned int n = 0; n < t->insn.length; n++)
        fprintf(stderr, " %02x", t->code[n]);
    fprintf(stderr, "\n  native: exit %u vector %lu   emulator: result %d vector %u rip %+ld\n",
            (unsigned int)t->out.exit, (unsigned long)t->out.vector, rc, c->event.vector,
            (long)(c->regs.rip - (uint64_t)native_code));
    for (unsigned int n = 0; n < 16; n++)
        if (t->out.gpr[n] != c->regs.gpr[n])
            fprintf(stderr, "  r%-2u in %016lx native %016lx emulator %016lx\n", n,
                    (unsigned long)t->in.gpr[n], (unsigned long)t->out.gpr[n],
                    (unsigned long)c->regs.gpr[n]);
    fprintf(stderr, "  flags in %04lx native %04lx emulator %04lx of %04lx\n",
            (unsigned long)t->in.flags, (unsigned long)t->out.flags, (unsigned long)c->regs.rflags,
            (unsigned long)emul_defined_flags(&t->insn, t->in.gpr[RCX]));
    for (unsigned int n = 0; n < NATIVE_WINDOW; n++)
        if (shadow[n] != native_window[n])
            fprintf(stderr, "  memory +%x: native %02x emulator %02x\n", n, native_window[n],
                    shadow[n]);
}

static bool same(const struct test_case *t, const struct emul_ctxt *c, enum emul_result rc)
{
    if ((rc == EMUL_EXCEPTION) != (t->out.exit == NATIVE_FAULT))
        return false;
    if (rc == EMUL_EXCEPTION && c->event.vector != t->out.vector)
        return false;
    if (rc == EMUL_EXCEPTION && c->event.vector == X86_EXC_PF &&
        (c->event.cr2 != t->out.cr2 || c->event.ec != (t->out.ec & ~1u)))
        return false;
    uint64_t rip = (uint64_t)native_code;
    if (t->out.exit != NATIVE_FAULT)
        rip += t->insn.length + (t->out.exit == NATIVE_TAKEN ? NATIVE_EXIT_STEP : 0);
    if (c->regs.rip != rip)
        return false;
    if (memcmp(shadow, native_window, NATIVE_WINDOW))
        return false;
    if (((c->regs.rflags ^ t->out.flags) & emul_defined_flags(&t->insn, t->in.gpr[RCX])) != 0)
        return false;
    return emul_undefined_result(&t->insn, t->in.gpr[RCX]) ||
           !memcmp(c->regs.gpr, t->out.gpr, sizeof(c->regs.gpr));
}

/* 1: compared; 0: left out; -1: different */
static int run_case(struct test_case *t)
{
    struct emul_ctxt c = {.ops = &ops,
                          .cr0 = 0x80010033,
                          .efer = 0xd01,
                          .has_tzcnt = native_has_tzcnt,
                          .has_lzcnt = native_has_lzcnt};

    make_code(t);
    enum emul_decode rc = emul_decode(&t->insn, t->code, 15, mode);
    if (rc != DECODE_OK && rc != DECODE_INVALID)
        return 0;
    if (rc == DECODE_INVALID && ((t->insn.opcode & ~1u) == 0xc6 || t->insn.opcode == 0x1c7))
        return 0; /* other instructions: XBEGIN, RDRAND, ... */
    for (unsigned int n = 0; n < 16; n++)
        t->in.gpr[n] = interesting() & emul_mask(mode);
    t->in.flags = 0x202 | (rnd() & (FLAGS_ARITH | FLAG_DF));
    if (rc == DECODE_OK && (!set_roles(t) || !aim_memory(t) || !addresses_safe(t, &c)))
        return 0;
    if (rc == DECODE_OK && t->insn.has_mem && t->target) {
        uint64_t at = (t->target - (uint64_t)native_window) & (NATIVE_WINDOW - 1) & ~7ull;
        uint64_t v = interesting();
        if (t->insn.opcode != 0xff) {
            memcpy(native_window + at, &v, 8);
            memcpy(shadow + at, &v, 8);
        }
    }
    for (unsigned int n = 0; n < 16; n++)
        t->in.gpr[n] &= emul_mask(mode);
    code = t->code;
    code_len = t->insn.length;
    memcpy(c.regs.gpr, t->in.gpr, sizeof(c.regs.gpr));
    c.regs.rip = (uint64_t)native_code;
    c.regs.rflags = t->in.flags;
    enum emul_result res = emul_step(&c);
    if (res == EMUL_UNHANDLEABLE) {
        memcpy(shadow, native_window, NATIVE_WINDOW);
        return 0;
    }
    native_run(mode, t->code, t->insn.length, &t->in, &t->out);
    if (!same(t, &c, res)) {
        report(t, &c, res);
        memcpy(shadow, native_window, NATIVE_WINDOW);
        return -1;
    }
    return 1;
}

static unsigned long env_number(const char *name, unsigned long otherwise)
{
    const char *s = getenv(name);
    return s ? strtoul(s, NULL, 0) : otherwise;
}

static void compare_many(unsigned int width)
{
    unsigned long cases = env_number("EMUL_CASES", 5000000), compared = 0, different = 0;

    native_init(); /* in each test: cmocka sets handlers of its own */
    memset(seen, 0, sizeof(seen));
    nr_choices = 0;
    mode = width;
    rng_state = env_number("EMUL_SEED", 0x9e3779b97f4a7c15ull) | 1;
    for (unsigned int map = 0; map < 3; map++)
        for (unsigned int op = 0; op < 256; op++)
            if (user_testable(map, op))
                choices[nr_choices++] = map << 8 | op;
    for (unsigned int n = 0; n < NATIVE_WINDOW; n++)
        shadow[n] = native_window[n] = rnd() >> 8;
    while (compared < cases && different < 10) {
        struct test_case t = {.target = 0};
        int rc = run_case(&t);
        compared += rc > 0;
        different += rc < 0;
        if (rc > 0)
            seen[t.insn.opcode]++;
    }
    unsigned int opcodes = 0;
    for (unsigned int i = 0; i < nr_choices; i++) {
        opcodes += seen[choices[i]] > 0;
        if (!seen[choices[i]])
            printf("never compared: %03x\n", choices[i]);
    }
    printf("emulator: %u-bit code: %lu cases of %u opcodes compared with this processor, "
           "%lu different\n",
           8 * mode, compared, opcodes, different);
    assert_int_equal(different, 0);
}

static void test_64_bit(void **state)
{
    compare_many(8);
}

static void test_32_bit(void **state)
{
    compare_many(4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_64_bit),
        cmocka_unit_test(test_32_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
