/* SPDX-License-Identifier: MIT */
/*
 * exit_task.c - task switches.  An event whose delivery switches tasks (a task
 * gate) is delivered by the switch, so it is not injected again; a fault on the
 * way there meets it.
 */

#include "../hvm/task_switch.h"
#include "vmx.h"

/* The instruction that switches ends the shadow it was in: the new task's flags
 * need not fit to one.  NMIs are blocked from the delivery of one until an IRET. */
static void set_blocking(bool nmi, bool iret)
{
    uint32_t old = vmread32(GUEST_INTERRUPTIBILITY), state = old & ~INTERRUPTIBILITY_SHADOW;

    if (nmi)
        state |= INTERRUPTIBILITY_NMI;
    else if (iret)
        state &= ~INTERRUPTIBILITY_NMI;
    if (state != old)
        vmwrite32(GUEST_INTERRUPTIBILITY, state);
}

/* SDM "Exit Qualification for Task Switches" */
enum exit_action exit_task_switch(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t qual = vmreadnw(EXIT_QUALIFICATION);
    uint32_t info = vmread32(IDT_VECTORING_INFO);
    unsigned int type = INTR_TYPE(info);
    struct task_switch t = {.selector = qual, .source = (qual >> 30) & 3};
    bool by_event = t.source == TASK_BY_GATE && (info & INTR_VALID);

    if (!by_event || intr_is_software(type))
        t.insn_len = vmread32(VM_EXIT_INSN_LEN);
    if (by_event) {
        t.fault = type == INTR_TYPE_HW_EXC;
        t.has_ec = info & INTR_EC_VALID;
        t.ec = t.has_ec ? vmread32(IDT_VECTORING_EC) : 0;
        vmx_requeue_vectoring(v);
    }
    set_blocking(by_event && type == INTR_TYPE_NMI, t.source == TASK_BY_IRET);
    hvm_task_switch(v, regs, &t);
    return EXIT_RESUME;
}
