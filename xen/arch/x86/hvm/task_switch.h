/* SPDX-License-Identifier: MIT */
/* task_switch.h - hardware task switches, which VMX leaves to us. */
#ifndef X86_HVM_TASK_SWITCH_H
#define X86_HVM_TASK_SWITCH_H

#include <cairn/types.h>
#include <xen/xen.h>

struct vcpu;

enum task_switch_source { TASK_BY_CALL, TASK_BY_IRET, TASK_BY_JMP, TASK_BY_GATE };

struct task_switch {
    uint16_t selector; /* of the new TSS */
    enum task_switch_source source;
    unsigned int insn_len; /* 0: the old task resumes at its RIP */
    bool fault;            /* by a fault: its saved flags have RF */
    bool has_ec;           /* push @ec on the new stack */
    uint32_t ec;
};

/* hvm_task_switch - of the current vCPU.  Afterwards it is in the new task, or
 * an exception is pending, or (a 16-bit TSS) the domain has crashed. */
void hvm_task_switch(struct vcpu *v, struct cpu_user_regs *regs, const struct task_switch *t);

#endif
