/* SPDX-License-Identifier: MIT */
/*
 * Faults as data.
 *
 * Every exception that was expected is recorded and can be compared; every
 * other one is a panic with a dump.  Three ways to expect one:
 *  - ASM_FIXUP(fault, fixup): if the instruction at `fault` faults, go on at
 *    `fixup`; ASM_FIXUP_CALL names a function that sees the registers first;
 *  - guarded(fn, arg): any exception ends fn at once;
 *  - exec_user(fn, arg): the same in ring 3.
 */
#ifndef GUEST_FAULT_H
#define GUEST_FAULT_H

#include <guest/lib.h>

enum vector {
    VEC_DE,
    VEC_DB,
    VEC_NMI,
    VEC_BP,
    VEC_OF,
    VEC_BR,
    VEC_UD,
    VEC_NM,
    VEC_DF,
    VEC_TS = 10,
    VEC_NP,
    VEC_SS,
    VEC_GP,
    VEC_PF,
    VEC_MF = 16,
    VEC_AC,
    VEC_MC,
    VEC_XM,
};

/* #PF error code bits. */
#define PF_P    (1u << 0)
#define PF_W    (1u << 1)
#define PF_U    (1u << 2)
#define PF_RSVD (1u << 3)
#define PF_I    (1u << 4)

/* 0: none.  Else bit 31, the vector in 23:16 and the error code in 15:0. */
typedef uint32_t fault_t;
#define FAULT(v, ec) (1u << 31 | (uint32_t)(v) << 16 | (ec))

/* What the entry code leaves on the stack. */
struct regs {
#ifdef __x86_64__
    ulong r15, r14, r13, r12, r11, r10, r9, r8;
#endif
    ulong di, si, bp, dx, cx, bx, ax;
    ulong vector, error;
    ulong ip, cs, flags;
    ulong sp, ss; /* 32-bit: only there if the exception came from ring 3 */
};

struct fault_record {
    fault_t fault;
    ulong ip;       /* where */
    ulong cs;       /* CPL in the low bits */
    ulong cr2;      /* of a #PF, else 0 */
    uint32_t count; /* how many were recorded since the start */
};

/* The latest expected exception.  Volatile: asm statements change it. */
extern volatile struct fault_record fault_record;

static inline void fault_clear(void)
{
    fault_record.fault = 0;
}

static inline fault_t fault_last(void)
{
    return fault_record.fault;
}

#define ASM_FIXUP(fault, fixup) ASM_FIXUP_CALL(fault, fixup, 0)
#define ASM_FIXUP_CALL(fault, fixup, fn) \
    "\n\t.pushsection .extable, \"a\"\n\t.long " #fault ", " #fixup ", " #fn "\n\t.popsection\n\t"

/* Handler of an ASM_FIXUP_CALL; runs after the record is made, before ip moves. */
typedef void fixup_fn(struct regs *regs);

/* Run fn(arg); answers the exception that ended it, or 0. */
fault_t guarded(void (*fn)(ulong), ulong arg);

/*
 * Run fn(arg) in ring 3 on a small stack of its own and return what it
 * returns.  fn must be USER_TEXT.  An exception ends it: then fault_last() is
 * not 0 and the result is meaningless.
 */
ulong exec_user(ulong (*fn)(ulong), ulong arg);

/* "#PF(0003)" or "none"; the text stays valid for four more calls. */
const char *fault_name(fault_t fault);

/* Load IDT, GDT, TSS; called once, before anything may fault. */
void fault_init(void);

#endif /* GUEST_FAULT_H */
