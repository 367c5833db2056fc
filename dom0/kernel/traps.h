/* SPDX-License-Identifier: MIT */
/* traps.h - exceptions of the kernel and the programs in it. */
#ifndef KERNEL_TRAPS_H
#define KERNEL_TRAPS_H

#include <stdint.h>

/* As entry.S pushes it.  The upper half of cs is the saved event mask. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Registers the exception table and the upcalls.  0 or -errno. */
int traps_init(void);

/* Called by entry.S: returns if execution can go on at the frame. */
void trap_handle(struct trap_frame *f);
void trap_failsafe(const uint64_t *stack) __attribute__((noreturn));

#endif
