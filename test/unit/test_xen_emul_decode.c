/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/emulate/alu.c xen/arch/x86/emulate/bits.c xen/arch/x86/emulate/decode.c xen/arch/x86/emulate/emulate.c xen/arch/x86/emulate/flags.c xen/arch/x86/emulate/flow.c xen/arch/x86/emulate/fpu.c xen/arch/x86/emulate/mov.c xen/arch/x86/emulate/segment.c xen/arch/x86/emulate/stack.c xen/arch/x86/emulate/string.c xen/arch/x86/emulate/system.c xen/arch/x86/emulate/table.c */
/* defines: -D__XEN__ */
/* includes: xen/arch/x86/emulate */
/* libs: -lZydis */
/*
 * The decoder against Zydis: lengths, memory operands, immediates and
 * operand widths of random bytes in 16-, 32- and 64-bit code.  EMUL_CASES
 * sets how many are accepted by our decoder (default 300,000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "private.h"

static uint64_t rng_state = 88172645463325252ull;

static uint64_t rnd(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state * 0x2545f4914f6cdd1dull;
}

static ZydisDecoder decoders[9];

static void init_decoders(void)
{
    ZydisDecoderInit(&decoders[2], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&decoders[4], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&decoders[8], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static int register_number(ZydisRegister reg)
{
    if (reg == ZYDIS_REGISTER_NONE)
        return EMUL_NO_REG;
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return EMUL_REG_RIP;
    return ZydisRegisterGetId(reg);
}

static enum hvm_seg_name segment_of(ZydisRegister reg)
{
    static const ZydisRegister names[] = {ZYDIS_REGISTER_ES, ZYDIS_REGISTER_CS, ZYDIS_REGISTER_SS,
                                          ZYDIS_REGISTER_DS, ZYDIS_REGISTER_FS, ZYDIS_REGISTER_GS};
    for (unsigned int n = 0; n < 6; n++)
        if (names[n] == reg)
            return n;
    return NR_SEGS;
}

/* The operand that ModRM or an absolute address names. */
static const char *compare_memory(const struct emul_insn *insn, const ZydisDecodedOperand *op)
{
    uint64_t mask = emul_mask(insn->addrsize);
    if (op->mem.base == ZYDIS_REGISTER_NONE && op->mem.index == ZYDIS_REGISTER_NONE) {
        if (insn->mem.base != EMUL_NO_REG || insn->mem.index != EMUL_NO_REG)
            return "base or index";
    } else if (register_number(op->mem.base) != insn->mem.base ||
               register_number(op->mem.index) != insn->mem.index) {
        return "base or index";
    }
    if (insn->mem.index != EMUL_NO_REG && op->mem.scale != 1u << insn->mem.scale)
        return "scale";
    if (((uint64_t)op->mem.disp.value ^ (uint64_t)insn->mem.disp) & mask)
        return "displacement";
    /* 3E before an indirect jump is "no track" to Zydis, DS where CET is off. */
    bool no_track = insn->opcode == 0xff && insn->mem.seg == SEG_DS;
    if (segment_of(op->mem.segment) != insn->mem.seg && !no_track &&
        op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.type == ZYDIS_MEMOP_TYPE_MEM)
        return "segment";
    return NULL;
}

static const char *compare(const struct emul_insn *insn, const ZydisDecodedInstruction *z,
                           const ZydisDecodedOperand *ops)
{
    if (insn->length != z->length)
        return "length";
    if (insn->addrsize * 8 != z->address_width && insn->op->fn != emul_i_group7)
        return "address size";
    const ZydisDecodedOperand *mem = NULL, *imm = NULL;
    for (unsigned int n = 0; n < z->operand_count_visible; n++) {
        if (ops[n].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            ops[n].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
            mem = &ops[n];
        if (ops[n].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !imm)
            imm = &ops[n];
    }
    /* Hints with operands that Zydis does not list. */
    if (insn->has_mem && !mem && insn->op->fn != emul_i_nop)
        return "memory operand";
    if (!insn->has_mem && mem)
        return "memory operand";
    if (mem && insn->has_mem) {
        const char *bad = compare_memory(insn, mem);
        if (bad)
            return bad;
    }
    unsigned int flags = insn->op->flags;
    if (imm && (flags & (OP_IMM8 | OP_IMMZ | OP_IMMW | OP_IMMV | OP_IMMG3)) &&
        !(flags & OP_IMM16)) {
        uint64_t mask = emul_mask(imm->imm.is_relative ? 8 : insn->opsize);
        if (insn->op->fn == emul_i_shift || insn->op->fn == emul_i_shift_d ||
            insn->op->fn == emul_i_bt || insn->op->fn == emul_i_intn || insn->op->fn == emul_i_in ||
            insn->op->fn == emul_i_out || insn->op->fn == emul_i_aam || insn->op->fn == emul_i_aad)
            mask = 0xff;
        if ((imm->imm.value.u ^ insn->imm) & mask)
            return "immediate";
    }
    return NULL;
}

/* Opcodes that Zydis names by a more special rule than the processor's. */
static bool zydis_may_refuse(const struct emul_insn *insn)
{
    /* Prefixes that select no other instruction are ignored by processors. */
    if (insn->opcode >= 0x100 && (insn->rep || insn->op66))
        return true;
    /* x87, MMX and SSE, hints, groups: our table holds the length only. */
    emul_fn fn = insn->op->fn;
    return fn == emul_i_x87 || fn == emul_i_sse || fn == emul_i_nop || fn == emul_i_group15 ||
           fn == emul_i_group7 || fn == emul_i_mov_cr || fn == emul_i_mov_dr ||
           fn == emul_i_movbe || fn == emul_i_group45 || insn->lock;
}

static void test_against_zydis(void **state)
{
    const char *s = getenv("EMUL_CASES");
    unsigned long cases = s ? strtoul(s, NULL, 0) : 300000, accepted = 0, refused = 0, bad = 0;
    unsigned long invalid = 0, invalid_agreed = 0;

    init_decoders();
    while (accepted < cases && bad < 20) {
        uint8_t code[15];
        unsigned int mode = 2u << (rnd() >> 10) % 3;
        for (unsigned int n = 0; n < sizeof(code); n++)
            code[n] = rnd() >> 16;
        if ((rnd() >> 9) % 4 == 0)
            code[0] = 0x0f;
        struct emul_insn insn;
        enum emul_decode rc = emul_decode(&insn, code, sizeof(code), mode);
        if (rc != DECODE_OK && rc != DECODE_INVALID)
            continue;
        ZydisDecodedInstruction z;
        ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
        ZyanStatus status = ZydisDecoderDecodeFull(&decoders[mode], code, sizeof(code), &z, ops);
        if (rc == DECODE_INVALID) {
            invalid++;
            invalid_agreed += !ZYAN_SUCCESS(status);
            if (ZYAN_SUCCESS(status)) {
                fprintf(stderr,
                        "called invalid, Zydis: %s, mode %u:", ZydisMnemonicGetString(z.mnemonic),
                        mode);
                for (unsigned int n = 0; n < z.length; n++)
                    fprintf(stderr, " %02x", code[n]);
                fprintf(stderr, "\n");
                bad++;
            }
            continue;
        }
        accepted++;
        const char *what = NULL;
        if (!ZYAN_SUCCESS(status)) {
            refused++;
            if (!zydis_may_refuse(&insn))
                what = "accepted, but Zydis refuses";
        } else {
            what = compare(&insn, &z, ops);
        }
        /* Cut anywhere, it must be refused. */
        for (unsigned int len = 0; len < insn.length && !what; len++) {
            struct emul_insn cut;
            if (emul_decode(&cut, code, len, mode) != DECODE_CUT)
                what = "decoded although cut";
        }
        if (!what)
            continue;
        bad++;
        fprintf(stderr, "%s: mode %u, length %u (Zydis %u):", what, mode, insn.length,
                ZYAN_SUCCESS(status) ? z.length : 0);
        for (unsigned int n = 0; n < insn.length; n++)
            fprintf(stderr, " %02x", code[n]);
        fprintf(stderr, "\n");
    }
    printf("decoder: %lu encodings compared with Zydis (%lu that Zydis names otherwise or "
           "refuses), %lu different; %lu of %lu refused here are refused there\n",
           accepted, refused, bad, invalid_agreed, invalid);
    assert_int_equal(bad, 0);
}

static void test_opcode_count(void **state)
{
    unsigned int known = 0;

    for (unsigned int op = 0; op < 3 * 256; op++) {
        const struct emul_opcode *entry = emul_opcode(op / 256, op % 256);
        if (entry)
            known += entry->group ? __builtin_popcount(entry->group) : 1;
    }
    /* Fewer than before means that something was lost. */
    printf("emulator: %u opcodes known\n", known);
    assert_true(known >= 480);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opcode_count),
        cmocka_unit_test(test_against_zydis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
