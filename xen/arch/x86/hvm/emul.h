/* SPDX-License-Identifier: MIT */
/*
 * emul.h - the instruction emulator working on the current vCPU.
 */
#ifndef X86_HVM_EMUL_H
#define X86_HVM_EMUL_H

#include "../emulate/emulate.h"
#include "guest_access.h"

struct cpu_user_regs;
struct vcpu;

/*
 * hvm_emulate_one - execute the instruction at the current vCPU's CS:RIP in
 * software.  EMUL_OKAY: registers, RIP included, are moved on (a REP perhaps
 * only a part of the way).  EMUL_EXCEPTION: the event is queued.  EMUL_RETRY:
 * let the guest execute it again.  EMUL_UNHANDLEABLE: nothing was changed.
 */
enum emul_result hvm_emulate_one(struct vcpu *v, struct cpu_user_regs *regs);

/* The forced-emulation prefix, for tests of the emulator: boot option hvm_fep. */
extern bool opt_hvm_fep;
void hvm_emulator_init(void); /* at boot: says so if it is on */
/* hvm_undefined_opcode - #UD exit, taken only while opt_hvm_fep: execute what
 * follows the prefix, or give the exception back. */
void hvm_undefined_opcode(struct vcpu *v, struct cpu_user_regs *regs);

/* ---- emul_ops.c ---- */

struct emul_owner {
    struct vcpu *v;
    bool have_paging;
    struct guest_paging paging; /* once it was needed */
};
extern const struct emul_ops hvm_emul_ops;

/* ---- emul_fpu.c ---- */
enum emul_result hvm_emulate_fpu(struct emul_ctxt *c, const struct emul_insn *insn,
                                 uint8_t mem[16]);

#endif
