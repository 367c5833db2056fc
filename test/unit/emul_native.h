/* SPDX-License-Identifier: MIT */
/*
 * emul_native.h - one instruction executed by this machine's own processor,
 * with all general registers given, in a page of code of ours; in 64-bit mode
 * or, where the kernel has it, in 32-bit compatibility mode.
 */
#ifndef TEST_UNIT_EMUL_NATIVE_H
#define TEST_UNIT_EMUL_NATIVE_H

#include <cairn/types.h>

#define NATIVE_WINDOW    4096u
#define NATIVE_GUARD     0x20000u /* half of it inaccessible below the window, half above */
#define NATIVE_EXIT_STEP 8u       /* a branch by this much behind the instruction is "taken" */

enum { NATIVE_NEXT, NATIVE_TAKEN, NATIVE_FAULT };

struct native_state {
    uint64_t gpr[16], flags;
    uint64_t exit;            /* NATIVE_* */
    uint64_t vector, cr2, ec; /* of a fault */
};

extern uint8_t *native_window; /* below 2 GiB */
extern uint8_t *native_code;   /* where the instruction is executed */
extern uint16_t native_selector[6];
extern bool native_has_tzcnt, native_has_lzcnt;

void native_init(void);
/* @mode 8 or 4, the width of code. */
void native_run(unsigned int mode, const uint8_t *code, size_t len, const struct native_state *in,
                struct native_state *out);

#endif
