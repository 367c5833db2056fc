/* SPDX-License-Identifier: MIT */
/*
 * emul_fpu.c - x87, MMX and SSE: the guest's registers are live in the
 * processor while its exits are handled.  Results are computed by the
 * processor itself, on copies; the guest's own are changed as one FXSAVE image.
 *
 * Known: FNOP and WAIT; moves; arithmetic of 0f 51-5f and comparisons.
 */
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/lib.h>

#include "emul.h"

struct fxsave_image {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t xmm[16][16];
    uint8_t unused[96];
} __aligned(16);

/* An unmasked x87 exception that waits is raised here. */
static enum emul_result wait_x87(struct emul_ctxt *c)
{
    int rc = -1;
    __asm__ volatile("1: fwait\n\txorl %[rc], %[rc]\n2:\n\t" ASM_EXTABLE("1b", "2b")
                     : [rc] "+r"(rc));
    return rc ? emul_raise(c, X86_EXC_MF, 0) : EMUL_OKAY;
}

/* @name xmm1 to xmm0, which are loaded from and stored to @dst and @src; -1:
 * it raised #XM.  Both registers are restored by the caller. */
#define SSE_OP(name)                                                         \
    __asm__ volatile("movups (%[d]), %%xmm0\n\tmovups (%[s]), %%xmm1\n"      \
                     "1:\t" name " %%xmm1, %%xmm0\n\t"                       \
                     "pushfq\n\tpopq %[f]\n\txorl %[rc], %[rc]\n"            \
                     "2:\tmovups %%xmm0, (%[d])\n\t" ASM_EXTABLE("1b", "2b") \
                     : [rc] "+r"(rc), [f] "+r"(*flags)                       \
                     : [d] "r"(dst), [s] "r"(src)                            \
                     : "memory", "cc")

#define OPCODE(op, prefix) ((op) << 2 | (prefix))
#define ARITHMETIC(op, name) \
    case OPCODE(op, 0):      \
        SSE_OP(name "ps");   \
        break;               \
    case OPCODE(op, 1):      \
        SSE_OP(name "pd");   \
        break;               \
    case OPCODE(op, 2):      \
        SSE_OP(name "sd");   \
        break;               \
    case OPCODE(op, 3):      \
        SSE_OP(name "ss");   \
        break
#define COMPARE(op, name)  \
    case OPCODE(op, 0):    \
        SSE_OP(name "ss"); \
        break;             \
    case OPCODE(op, 1):    \
        SSE_OP(name "sd"); \
        break

/* 0; -1: #XM; 1: not known. */
static int compute(unsigned int op, unsigned int prefix, uint8_t *dst, const uint8_t *src,
                   uint64_t *flags)
{
    int rc = -1;
    switch (OPCODE(op, prefix)) {
        ARITHMETIC(0x51, "sqrt");
        ARITHMETIC(0x58, "add");
        ARITHMETIC(0x59, "mul");
        ARITHMETIC(0x5c, "sub");
        ARITHMETIC(0x5d, "min");
        ARITHMETIC(0x5e, "div");
        ARITHMETIC(0x5f, "max");
        COMPARE(0x2e, "ucomi");
        COMPARE(0x2f, "comi");
    default:
        return 1;
    }
    return rc;
}

static enum emul_result arithmetic(struct emul_ctxt *c, const struct emul_insn *insn,
                                   struct fxsave_image *image, const uint8_t *src)
{
    unsigned int prefix = insn->rep ? insn->rep & 3 : insn->op66;
    uint64_t flags = 0;
    uint8_t result[16];

    memcpy(result, image->xmm[insn->reg], 16);
    int rc = compute(insn->opcode & 0xff, prefix, result, src, &flags);
    if (rc > 0)
        return EMUL_UNHANDLEABLE;
    __asm__ volatile("stmxcsr %0" : "=m"(image->mxcsr));
    if (rc == 0)
        memcpy(image->xmm[insn->reg], result, 16);
    fpu_restore(image);
    if (rc)
        return emul_raise(c, c->cr4 & X86_CR4_OSXMMEXCPT ? X86_EXC_XM : X86_EXC_UD, 0);
    if (insn->opcode < 0x130) { /* a comparison */
        const uint64_t result_flags = 0x8d5;
        c->regs.rflags = (c->regs.rflags & ~result_flags) | (flags & result_flags);
    }
    return EMUL_OKAY;
}

/* An MMX instruction leaves all registers valid and the top at 0. */
static void move_mmx(struct fxsave_image *image, uint8_t *dst, const uint8_t *src, bool to_register)
{
    memcpy(dst, src, 8);
    if (to_register)
        memset(dst + 8, 0xff, 2);
    image->fsw &= ~0x3800;
    image->ftw = 0xff;
}

/* MOVUPS MOVUPD MOVSS MOVSD, MOVAPS MOVAPD, MOVDQA MOVDQU, MOVQ of MMX. */
static enum emul_result move(const struct emul_insn *insn, struct fxsave_image *image,
                             uint8_t mem[16])
{
    unsigned int op = insn->opcode & 0xff;
    bool store = op == 0x11 || op == 0x29 || op == 0x7f;
    bool mmx = (op == 0x6f || op == 0x7f) && !insn->rep && !insn->op66;
    uint8_t *reg = mmx ? image->st[insn->reg & 7] : image->xmm[insn->reg];
    uint8_t *rm = insn->has_mem ? mem : mmx ? image->st[insn->rm & 7] : image->xmm[insn->rm];
    uint8_t *dst = store ? rm : reg, *src = store ? reg : rm;
    bool scalar = op < 0x20 && insn->rep;

    if (mmx) {
        /* The image holds the stack by its top, MMX registers are physical. */
        if (image->fsw & 0x3800)
            return EMUL_UNHANDLEABLE;
        move_mmx(image, dst, src, dst != mem);
    } else if (scalar && !insn->has_mem) {
        memcpy(dst, src, insn->rep == 0xf3 ? 4 : 8); /* the rest is kept */
    } else {
        memcpy(dst, src, 16); /* loads of scalars come zero-extended */
    }
    fpu_restore(image);
    return EMUL_OKAY;
}

enum emul_result hvm_emulate_fpu(struct emul_ctxt *c, const struct emul_insn *insn, uint8_t mem[16])
{
    struct fxsave_image image;
    unsigned int op = insn->opcode & 0xff;

    if (insn->opcode == 0x9b || (insn->opcode == 0xd9 && insn->modrm == 0xd0))
        return wait_x87(c);
    if (insn->opcode < 0x100)
        return EMUL_UNHANDLEABLE;
    fpu_save(&image);
    if (op < 0x20 || op == 0x28 || op == 0x29 || op == 0x6f || op == 0x7f)
        return move(insn, &image, mem);
    return arithmetic(c, insn, &image, insn->has_mem ? mem : image.xmm[insn->rm]);
}
