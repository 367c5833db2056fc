/* SPDX-License-Identifier: MIT */
/*
 * vcpu_context.h - struct vcpu_hvm_context as a vCPU state.  Pure.
 */
#ifndef X86_HVM_VCPU_CONTEXT_H
#define X86_HVM_VCPU_CONTEXT_H

#include <asm/hvm.h>
#include <xen/hvm/hvm_vcpu.h>

struct hvm_start_state {
    struct hvm_cpu_state cpu;
    struct x86_ctrl ctrl;
    uint64_t gpr[8]; /* rax rcx rdx rbx rsp rbp rsi rdi */
};

/* NULL, or what is wrong with @c.  The result still has to pass check.h. */
const char *hvm_context_to_state(const struct vcpu_hvm_context *c, struct hvm_start_state *out);

#endif
