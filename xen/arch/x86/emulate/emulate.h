/* SPDX-License-Identifier: MIT */
/*
 * emulate.h - the instruction emulator: one instruction of a guest, done in
 * software.  Pure: all that is outside the general registers is reached
 * through struct emul_ops, so the same code runs on the host in tests.
 *
 * Promises: a step either retires the instruction (EMUL_OKAY), or leaves
 * registers and segments as they were and says why.  Finished iterations of a
 * REP count as retired.  What is not known is EMUL_UNHANDLEABLE, never guessed.
 * Sources: SDM volume 2 (each instruction's page); volume 3 "Protection",
 * "8086 Emulation".
 */
#ifndef X86_EMULATE_H
#define X86_EMULATE_H

#include <asm/hvm.h>
#include <cairn/types.h>

enum emul_result {
    EMUL_OKAY,
    EMUL_EXCEPTION,    /* ctxt.event tells which */
    EMUL_RETRY,        /* nothing happened: execute the instruction again */
    EMUL_UNHANDLEABLE, /* nothing happened: not an instruction known here */
};

/* ---- decode.c ---- */
#define EMUL_MAX_LENGTH 15u
#define EMUL_NO_REG     -1
#define EMUL_REG_RIP    16 /* as a base */

struct emul_mem {
    int8_t base, index; /* register numbers, EMUL_NO_REG, EMUL_REG_RIP */
    uint8_t scale;      /* shift of the index: 0-3 */
    uint8_t seg;        /* enum hvm_seg_name */
    int64_t disp;
};

struct emul_opcode;

struct emul_insn {
    const struct emul_opcode *op;
    uint16_t opcode; /* 0x0xx; 0x1xx after 0f; 0x2xx after 0f 38 */
    uint8_t length;
    uint8_t mode; /* width of the code: 2, 4 or 8 bytes */
    uint8_t opsize, addrsize;
    uint8_t rex, modrm;
    uint8_t rep;     /* 0, 0xf2 or 0xf3: the last one */
    int8_t override; /* enum hvm_seg_name or EMUL_NO_REG */
    bool lock, op66;
    bool has_mem;    /* the r/m operand is mem; else register rm */
    uint8_t reg, rm; /* with the bits of REX */
    struct emul_mem mem;
    uint64_t imm;  /* sign-extended */
    uint32_t imm2; /* selector of a far pointer, level of ENTER */
};

enum emul_decode {
    DECODE_OK,
    DECODE_CUT,      /* longer than the bytes given */
    DECODE_TOO_LONG, /* #GP(0) */
    DECODE_INVALID,  /* #UD: a form that the architecture excludes */
    DECODE_UNKNOWN,  /* an opcode that is not in the table */
};
/* emul_decode - @code of width @mode (2, 4, 8).  @insn is valid if DECODE_OK. */
enum emul_decode emul_decode(struct emul_insn *insn, const uint8_t *code, size_t len,
                             unsigned int mode);

/* ---- execution ---- */
struct emul_ctxt;

/* Kinds of access */
#define EMUL_FOR_WRITE 1u /* a read whose bytes will be written next: check for both */
#define EMUL_SYSTEM    2u /* to a descriptor table or TSS: as supervisor at any CPL */

/*
 * What the emulator needs of its surroundings.  Any hook may be NULL:
 * instructions that need it are then EMUL_UNHANDLEABLE.  A hook that returns
 * EMUL_EXCEPTION has called emul_raise() or emul_raise_page_fault().
 * Addresses are linear.
 */
struct emul_ops {
    enum emul_result (*fetch)(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len);
    enum emul_result (*read)(struct emul_ctxt *c, uint64_t addr, void *buf, size_t len,
                             unsigned int flags);
    enum emul_result (*write)(struct emul_ctxt *c, uint64_t addr, const void *buf, size_t len,
                              unsigned int flags);
    /* Atomic: EMUL_RETRY if memory no longer holds @old.  @len 1 to 16. */
    enum emul_result (*cmpxchg)(struct emul_ctxt *c, uint64_t addr, const void *old,
                                const void *new, size_t len, unsigned int flags);
    enum emul_result (*read_segment)(struct emul_ctxt *c, enum hvm_seg_name seg,
                                     struct hvm_segment *out);
    enum emul_result (*write_segment)(struct emul_ctxt *c, enum hvm_seg_name seg,
                                      const struct hvm_segment *in);
    enum emul_result (*port_in)(struct emul_ctxt *c, unsigned int port, unsigned int size,
                                uint32_t *value);
    enum emul_result (*port_out)(struct emul_ctxt *c, unsigned int port, unsigned int size,
                                 uint32_t value);
    /* Legality of values is the hook's; CPL was checked. */
    enum emul_result (*read_cr)(struct emul_ctxt *c, unsigned int cr, uint64_t *value);
    enum emul_result (*write_cr)(struct emul_ctxt *c, unsigned int cr, uint64_t value);
    enum emul_result (*move_dr)(struct emul_ctxt *c, unsigned int dr, uint64_t *value, bool write);
    enum emul_result (*read_msr)(struct emul_ctxt *c, uint32_t msr, uint64_t *value);
    enum emul_result (*write_msr)(struct emul_ctxt *c, uint32_t msr, uint64_t value);
    enum emul_result (*cpuid)(struct emul_ctxt *c, uint32_t leaf, uint32_t subleaf,
                              uint32_t out[4]);
    enum emul_result (*read_tsc)(struct emul_ctxt *c, uint64_t *value);
    enum emul_result (*invlpg)(struct emul_ctxt *c, uint64_t addr);
    /* x87, MMX or SSE, already found to be executable in this state.  @mem is a
     * memory operand: given to the hook by loads, filled by it for stores. */
    enum emul_result (*fpu)(struct emul_ctxt *c, const struct emul_insn *insn, uint8_t mem[16]);
};

/* SDM "interruption types" of an event */
enum emul_event_type {
    EMUL_EVENT_EXCEPTION = 3,
    EMUL_EVENT_INT = 4,       /* INT n */
    EMUL_EVENT_PRIV_TRAP = 5, /* ICEBP */
    EMUL_EVENT_TRAP = 6,      /* INT3, INTO */
};

struct emul_regs {
    uint64_t gpr[16]; /* as instructions number them: RAX RCX RDX RBX RSP ... */
    uint64_t rip, rflags;
};

struct emul_ctxt {
    const struct emul_ops *ops;
    void *owner; /* for the hooks */

    struct emul_regs regs;     /* in and out */
    uint64_t cr0, cr4, efer;   /* in */
    unsigned int rep_max;      /* iterations of a REP in one step; 0: no bound */
    bool has_tzcnt, has_lzcnt; /* else F3 before BSF and BSR means nothing */

    /* Out, after EMUL_EXCEPTION. */
    struct {
        uint8_t vector;
        enum emul_event_type type;
        bool has_ec;
        uint32_t ec;
        uint64_t cr2;     /* of #PF */
        uint8_t insn_len; /* of what is not a fault: bytes to skip */
    } event;
    /* Out, after EMUL_OKAY. */
    struct {
        bool hlt;
        bool shadow_sti, shadow_ss; /* interrupts wait for one instruction */
        bool single_step;           /* #DB(BS) is due */
        bool partial;               /* a REP with iterations left; RIP stands */
        bool iret;                  /* NMIs are open again */
    } retire;

    /* Private to the emulator. */
    struct emul_insn insn;
    struct emul_regs undo; /* what a failure puts back */
    uint64_t next_rip;
    struct hvm_segment seg[NR_SEGS];
    uint16_t seg_valid, seg_dirty;
};

/* emul_step - execute the instruction at CS:RIP. */
enum emul_result emul_step(struct emul_ctxt *c);
/* For hooks: both return EMUL_EXCEPTION. */
enum emul_result emul_raise(struct emul_ctxt *c, unsigned int vector, uint32_t ec);
enum emul_result emul_raise_page_fault(struct emul_ctxt *c, uint64_t addr, uint32_t ec);

unsigned int emul_cpl(struct emul_ctxt *c);

/* For task switches, too: may @s, with its selector, be a data or stack segment at @cpl? */
bool emul_data_allowed(enum hvm_seg_name seg, const struct hvm_segment *s, unsigned int cpl);

/* Pass on whatever is not EMUL_OKAY. */
#define EMUL_TRY(expr)                  \
    do {                                \
        enum emul_result try_ = (expr); \
        if (try_ != EMUL_OKAY)          \
            return try_;                \
    } while (0)

#endif
