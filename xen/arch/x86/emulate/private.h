/* SPDX-License-Identifier: MIT */
/* private.h - shared between the files of the emulator; nobody else includes it. */
#ifndef X86_EMULATE_PRIVATE_H
#define X86_EMULATE_PRIVATE_H

#include <asm/processor.h>

#include "emulate.h"

#define FLAG_CF     X86_EFLAGS_CF
#define FLAG_PF     0x004ul
#define FLAG_AF     0x010ul
#define FLAG_ZF     0x040ul
#define FLAG_SF     0x080ul
#define FLAG_DF     X86_EFLAGS_DF
#define FLAG_OF     0x800ul
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define TRY(expr) EMUL_TRY(expr)

typedef enum emul_result (*emul_fn)(struct emul_ctxt *c);

/* ---- table.c: flags of an opcode ---- */
#define OP_MODRM (1u << 0)
#define OP_W     (1u << 1)  /* bit 0 clear: byte operands */
#define OP_BYTE  (1u << 2)  /* byte operands */
#define OP_IMM8  (1u << 3)  /* sign-extended */
#define OP_IMMZ  (1u << 4)  /* operand size, at most 4 bytes */
#define OP_IMMW  (1u << 5)  /* IMM8 for byte operands, else IMMZ */
#define OP_IMMV  (1u << 6)  /* operand size */
#define OP_IMM16 (1u << 7)  /* before an IMM8 if both */
#define OP_FAR   (1u << 8)  /* offset, then selector */
#define OP_MOFFS (1u << 9)  /* an address */
#define OP_D64   (1u << 10) /* 64-bit mode: 8 bytes unless 66 */
#define OP_F64   (1u << 11) /* 64-bit mode: 8 bytes */
#define OP_NO64  (1u << 12) /* #UD in 64-bit mode */
#define OP_MEM   (1u << 13) /* #UD if r/m is a register */
#define OP_REGRM (1u << 14) /* r/m is a register whatever mod is */
#define OP_IMMG3 (1u << 15) /* IMMW for /0 and /1 only */

struct emul_opcode {
    emul_fn fn; /* NULL: not known */
    uint16_t flags;
    uint8_t lock;  /* values of ModRM.reg with which LOCK is allowed, a bit each */
    uint8_t group; /* valid values of ModRM.reg, a bit each; 0: all, not a group */
};
/* NULL if not known; @map 0: one byte, 1: 0f, 2: 0f 38. */
const struct emul_opcode *emul_opcode(unsigned int map, uint8_t op);

/* Which of a group, or which segment register. */
static inline unsigned int emul_member(const struct emul_insn *insn)
{
    return (insn->modrm >> 3) & 7;
}

/* ---- emulate.c ---- */
uint64_t emul_mask(unsigned int size);
uint64_t emul_sign_extend(uint64_t v, unsigned int size);
uint64_t emul_get(const struct emul_ctxt *c, unsigned int reg, unsigned int size);
/* Always EMUL_OKAY: an instruction often ends with it. */
enum emul_result emul_set(struct emul_ctxt *c, unsigned int reg, unsigned int size, uint64_t v);
uint64_t emul_ea(const struct emul_ctxt *c); /* offset of the memory operand */
bool emul_condition(const struct emul_ctxt *c, unsigned int cc);
enum emul_result emul_read_rm(struct emul_ctxt *c, uint64_t *v, unsigned int size);
enum emul_result emul_write_rm(struct emul_ctxt *c, uint64_t v, unsigned int size);
/* Read an operand that emul_update_rm() then replaces, atomically if LOCKed. */
enum emul_result emul_read_rm_update(struct emul_ctxt *c, uint64_t *v, unsigned int size);
enum emul_result emul_update_rm(struct emul_ctxt *c, uint64_t old, uint64_t v, unsigned int size);
/* A far pointer in memory. */
enum emul_result emul_read_far(struct emul_ctxt *c, uint64_t *off, uint16_t *sel);
enum emul_result emul_push(struct emul_ctxt *c, uint64_t v, unsigned int size);
enum emul_result emul_pop(struct emul_ctxt *c, uint64_t *v, unsigned int size);
unsigned int emul_stack_width(struct emul_ctxt *c); /* 2, 4 or 8 */

/* ---- segment.c ---- */
#define SEG_ACCESS_WRITE 0x100u /* besides EMUL_* */
#define SEG_ACCESS_EXEC  0x200u

bool emul_real_or_vm86(const struct emul_ctxt *c);
enum emul_result emul_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                              const struct hvm_segment **out);
enum emul_result emul_put_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                  const struct hvm_segment *in);
/* The checks of segmentation for @len bytes at @off; their linear address. */
enum emul_result emul_linear(struct emul_ctxt *c, enum hvm_seg_name seg, uint64_t off, size_t len,
                             unsigned int access, uint64_t *addr);
enum emul_result emul_read(struct emul_ctxt *c, enum hvm_seg_name seg, uint64_t off, void *buf,
                           size_t len, unsigned int flags);
enum emul_result emul_write(struct emul_ctxt *c, enum hvm_seg_name seg, uint64_t off,
                            const void *buf, size_t len);
/* MOV, POP or LxS to a data or stack segment register. */
enum emul_result emul_load_segment(struct emul_ctxt *c, enum hvm_seg_name seg, uint16_t sel);
/* A far transfer to a code segment; JMP and CALL keep the CPL, RET and IRET
 * may be to an outer level, which is EMUL_UNHANDLEABLE here. */
enum emul_result emul_load_cs(struct emul_ctxt *c, uint16_t sel, bool returning,
                              struct hvm_segment *cs);
/* LLDT and LTR */
enum emul_result emul_load_system(struct emul_ctxt *c, enum hvm_seg_name seg, uint16_t sel);
struct emul_descriptor {
    uint64_t addr; /* linear */
    uint64_t raw;
    struct hvm_segment seg;
};
/* False in *@ok: null, or beyond its table. */
enum emul_result emul_find_descriptor(struct emul_ctxt *c, uint16_t sel, struct emul_descriptor *d,
                                      bool *ok);
/* May @size bytes at @port be reached: IOPL or the TSS's bitmap; else #GP(0). */
enum emul_result emul_check_port(struct emul_ctxt *c, unsigned int port, unsigned int size);

/* ---- flags.c: results with flags; widths in bytes ---- */
void emul_set_flag(uint64_t *flags, uint64_t flag, bool on);
void emul_flags_logic(uint64_t *flags, uint64_t res, unsigned int size);
/* @op as in the ALU opcodes: ADD OR ADC SBB AND SUB XOR CMP */
uint64_t emul_alu_op(unsigned int op, uint64_t a, uint64_t b, unsigned int size, uint64_t *flags);
uint64_t emul_inc_dec(uint64_t a, bool dec, unsigned int size, uint64_t *flags);
/* @op as in the shift group: ROL ROR RCL RCR SHL SHR SAL SAR */
uint64_t emul_shift_op(unsigned int op, uint64_t a, unsigned int count, unsigned int size,
                       uint64_t *flags);
uint64_t emul_shift_double(bool right, uint64_t a, uint64_t fill, unsigned int count,
                           unsigned int size, uint64_t *flags);

/* ---- stack.c ---- */
static inline unsigned int emul_iopl(const struct emul_ctxt *c)
{
    return (c->regs.rflags & X86_EFLAGS_IOPL) >> 12;
}
/* vm86 below IOPL 3 needs VME for PUSHF, POPF and INT n; without, #GP(0). */
bool emul_vm86_refuses(const struct emul_ctxt *c);
/* POPF and IRET: the flags of @f that CPL and operand size let them change, and @more. */
void emul_load_flags(struct emul_ctxt *c, uint64_t f, uint64_t more);

/* ---- the instructions, in the order of alu.c mov.c stack.c bits.c string.c
 * flow.c system.c fpu.c ---- */
/* It never agrees with itself on this. */
/* clang-format off */
#define EMUL_INSTRUCTIONS(X)                                                                       \
    X(alu)                                                                                         \
    X(test) X(inc_dec) X(group3) X(group45) X(imul) X(cbw) X(cwd) X(xadd) X(cmpxchg) X(cmpxchg8b)  \
        X(bcd) X(aam) X(aad) X(mov) X(mov_imm) X(mov_sreg) X(movx) X(lea) X(xchg) X(bswap) X(cmov) \
            X(setcc) X(xlat) X(movbe) X(movnti) X(lxs) X(lahf) X(sahf) X(nop) X(push) X(push_imm)  \
                X(pop) X(push_seg) X(pop_seg) X(pusha) X(popa) X(pushf) X(popf) X(enter) X(leave)  \
                    X(shift) X(shift_d) X(bt) X(bit_scan) X(popcnt) X(string) X(string_io) X(jcc)  \
                        X(jmp) X(call) X(ret) X(loop) X(jmp_far) X(call_far) X(ret_far) X(iret)    \
                            X(intn) X(int3) X(into) X(icebp) X(syscall) X(flag_op) X(cli) X(sti)   \
                                X(hlt) X(in) X(out) X(cpuid) X(rdmsr) X(wrmsr) X(rdtsc) X(mov_cr)  \
                                    X(mov_dr) X(clts) X(cache) X(group6) X(group7) X(lar_lsl)      \
                                        X(ud) X(x87) X(wait) X(sse) X(group15)
/* clang-format on */
#define EMUL_DECLARE(name) enum emul_result emul_i_##name(struct emul_ctxt *c);
EMUL_INSTRUCTIONS(EMUL_DECLARE)

#endif
