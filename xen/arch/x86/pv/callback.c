/* SPDX-License-Identifier: MIT */
/*
 * callback.c - entering the guest kernel: exceptions, events and system calls
 * as frames on its stack, and returning from them (the iret hypercall).
 */
#include "private.h"

#include <cairn/stretch.h>
#include <cairn/softirq.h>

/* Flags that the guest kernel is entered without. */
#define ENTRY_CLEARS (X86_EFLAGS_AC | X86_EFLAGS_VM | X86_EFLAGS_RF | X86_EFLAGS_NT | X86_EFLAGS_TF)

/* Flags that an iret hypercall may load; arithmetic ones included. */
#define IRET_FLAGS \
    (0xcd5ul | X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_ID)

/* What the frame says of the interrupted code: ring 0 stands for the guest
 * kernel, bits 39:32 hold the event mask. */
static uint64_t frame_cs(const struct vcpu *v, const struct cpu_user_regs *regs)
{
    uint64_t cs = v->arch.pv.in_kernel ? regs->cs & ~3u : regs->cs;

    return cs | (uint64_t)v->vcpu_info->evtchn_upcall_mask << 32;
}

static uint64_t frame_flags(const struct vcpu *v, const struct cpu_user_regs *regs)
{
    uint64_t flags = regs->rflags & ~(X86_EFLAGS_IF | X86_EFLAGS_IOPL);

    if (!v->vcpu_info->evtchn_upcall_mask)
        flags |= X86_EFLAGS_IF;
    if (v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        flags |= (uint64_t)v->arch.pv.iopl << 12;
    return flags;
}

/*
 * push_frame - switch to the kernel's stack and put the interrupted context
 * there, with @n @words between RCX, R11 and RIP; on return regs describe the
 * guest kernel at @entry, with events masked if @mask; or the domain has been
 * crashed.
 */
static void push_frame(struct vcpu *v, struct cpu_user_regs *regs, const uint64_t *words,
                       unsigned int n, uint16_t cs, unsigned long entry, bool mask)
{
    uint64_t frame[16], *p = frame;
    unsigned long sp;

    if (!entry || !is_canonical(entry)) {
        domain_crash(v->domain, "PV entry point %#lx: none registered, or not canonical", entry);
        return;
    }
    *p++ = regs->rcx;
    *p++ = regs->r11;
    for (unsigned int i = 0; i < n; i++)
        *p++ = words[i];
    *p++ = regs->rip;
    *p++ = frame_cs(v, regs);
    *p++ = frame_flags(v, regs);
    *p++ = regs->rsp;
    *p++ = regs->ss;

    if (!v->arch.pv.in_kernel) {
        pv_toggle_mode(v);
        sp = v->arch.pv.kernel_sp;
    } else {
        sp = regs->rsp;
    }
    sp = (sp & ~15ul) - (p - frame) * 8;
    if (raw_copy_to_guest(sp, frame, (p - frame) * 8)) {
        domain_crash(v->domain, "PV kernel stack %#lx not writable (entering %#lx)", sp, entry);
        return;
    }
    regs->rip = entry;
    regs->cs = pv_fixup_selector(cs);
    regs->rflags = (regs->rflags & ~(ENTRY_CLEARS | X86_EFLAGS_IOPL)) | X86_EFLAGS_IF;
    regs->rsp = sp;
    regs->ss = FLAT_KERNEL_SS64;
    /* RCX and R11 are on the guest's stack: SYSRET may have them. */
    regs->entry_vector = TRAP_syscall;
    if (mask)
        v->vcpu_info->evtchn_upcall_mask = 1;
}

static void pv_bounce(struct vcpu *v, struct cpu_user_regs *regs)
{
    struct trap_bounce *tb = &v->arch.pv.trap_bounce;
    uint64_t ec = tb->error_code;
    uint8_t flags = tb->flags;

    tb->flags = 0;
    push_frame(v, regs, &ec, flags & TBF_ERROR_CODE ? 1 : 0, tb->cs, tb->eip,
               flags & TBF_INTERRUPT);
    if (flags & TBF_CLEAR_DF)
        regs->rflags &= ~X86_EFLAGS_DF;
}

/* A selector of the guest's did not load at the switch to it. */
static void bounce_failsafe(struct vcpu *v, struct cpu_user_regs *regs)
{
    const struct cpu_user_regs *old = &v->arch.user_regs;
    const struct pv_callback *failsafe = &v->arch.pv.callback[CALLBACKTYPE_failsafe];
    uint64_t selectors[4] = {old->ds, old->es, old->fs, old->gs};

    v->arch.pv.segs_failed = false;
    if (failsafe->address) /* else: they are null now, it finds out */
        push_frame(v, regs, selectors, 4, FLAT_KERNEL_CS64, failsafe->address,
                   failsafe->masks_events);
}

static bool event_pending(const struct vcpu *v)
{
    const struct vcpu_info *vi = v->vcpu_info;

    return ACCESS_ONCE(vi->evtchn_upcall_pending) && !ACCESS_ONCE(vi->evtchn_upcall_mask) &&
           v->arch.pv.callback[CALLBACKTYPE_event].address;
}

/* SYSRET restores neither RCX, R11 nor odd selectors, and on Intel faults in
 * ring 0 on a RIP that is not canonical. */
static bool sysret_can(const struct cpu_user_regs *regs)
{
    return (regs->entry_vector & TRAP_syscall) && regs->cs == FLAT_RING3_CS64 &&
           regs->ss == FLAT_RING3_SS64 && is_canonical(regs->rip) &&
           !(regs->rflags & (X86_EFLAGS_RF | X86_EFLAGS_VM));
}

/* One thing that stands between v and its guest; false: nothing did. */
static noinline bool exit_work(struct vcpu *v, struct cpu_user_regs *regs)
{
    if (softirq_pending()) {
        local_irq_enable();
        do_softirq(); /* may switch away for ever */
        local_irq_disable();
    } else if (v->arch.pv.trap_bounce.flags) {
        pv_bounce(v, regs);
    } else if (v->arch.pv.segs_failed) {
        bounce_failsafe(v, regs);
    } else if (event_pending(v)) {
        push_frame(v, regs, NULL, 0, FLAT_KERNEL_CS64,
                   v->arch.pv.callback[CALLBACKTYPE_event].address, true);
    } else {
        return false;
    }
    return true;
}

/*
 * pv_exit_prepare - the last thing before a PV guest runs; interrupts off.
 * Returns nonzero if SYSRET will do.
 */
unsigned int pv_exit_prepare(struct cpu_user_regs *regs)
{
    const struct cpu_info *info = container_of(regs, struct cpu_info, guest_regs);
    struct vcpu *v = info->current_vcpu;

    while (unlikely(ACCESS_ONCE(info->softirq_pending) | v->arch.pv.trap_bounce.flags |
                    v->arch.pv.segs_failed | ACCESS_ONCE(v->vcpu_info->evtchn_upcall_pending)) &&
           exit_work(v, regs))
        continue;
    stretch_end();
    return sysret_can(regs);
}

/* ---- the iret hypercall ---- */

/* RAX may be any number, so it is no result: HYPERCALL_LEFT in any case. */
long do_iret(void)
{
    struct vcpu *v = current;
    struct cpu_user_regs *regs = guest_cpu_user_regs();
    struct iret_context frame;

    if (copy_from_guest_va(&frame, regs->rsp)) {
        domain_crash(v->domain, "iret frame at %#lx not readable", (unsigned long)regs->rsp);
        return HYPERCALL_LEFT;
    }
    if ((frame.cs & 3) == 3) {
        if (!mfn_x(v->arch.pv.user_cr3)) {
            domain_crash(v->domain, "iret to user mode without user page tables");
            return HYPERCALL_LEFT;
        }
        pv_toggle_mode(v);
    }
    if (v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        v->arch.pv.iopl = (frame.rflags & X86_EFLAGS_IOPL) >> 12;

    regs->rip = frame.rip;
    regs->cs = pv_fixup_selector(frame.cs);
    regs->rflags = (frame.rflags & IRET_FLAGS) | X86_EFLAGS_IF | X86_EFLAGS_MBS;
    regs->rsp = frame.rsp;
    regs->ss = pv_fixup_selector(frame.ss);
    if (!(frame.flags & VGCF_in_syscall)) {
        regs->entry_vector = 0;
        regs->rcx = frame.rcx;
        regs->r11 = frame.r11;
    }
    v->vcpu_info->evtchn_upcall_mask = !(frame.rflags & X86_EFLAGS_IF);
    regs->rax = frame.rax;
    return HYPERCALL_LEFT;
}

/* ---- registration ---- */

#define KNOWN_CALLBACKS                                                                    \
    (1u << CALLBACKTYPE_event | 1u << CALLBACKTYPE_failsafe | 1u << CALLBACKTYPE_syscall | \
     1u << CALLBACKTYPE_nmi | 1u << CALLBACKTYPE_sysenter | 1u << CALLBACKTYPE_syscall32)

static long register_callback(struct domain *d, void *arg)
{
    const struct callback_register *reg = arg;

    if (!is_canonical(reg->address))
        return -EINVAL;
    if (reg->type > CALLBACKTYPE_syscall32 || !(KNOWN_CALLBACKS >> reg->type & 1))
        return -ENOSYS;
    current->arch.pv.callback[reg->type] =
        (struct pv_callback){reg->address, reg->flags & CALLBACKF_mask_events};
    return 0;
}

static long unregister_callback(struct domain *d, void *arg)
{
    const struct callback_unregister *unreg = arg;

    switch (unreg->type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall:
    case CALLBACKTYPE_sysenter:
        return -EINVAL;
    case CALLBACKTYPE_nmi:
        current->arch.pv.callback[unreg->type].address = 0;
        return 0;
    default:
        return -ENOSYS;
    }
}

long do_callback_op(unsigned long cmd, unsigned long arg)
{
    static const struct arg_op ops[] = {
        [CALLBACKOP_register] = {register_callback, sizeof(struct callback_register)},
        [CALLBACKOP_unregister] = {unregister_callback, sizeof(struct callback_unregister)},
    };
    return run_arg_op(ARG_OP(ops, cmd), arg);
}

long do_set_callbacks(unsigned long event, unsigned long failsafe, unsigned long syscall)
{
    struct vcpu *v = current;

    if (!is_canonical(event) || !is_canonical(failsafe) || !is_canonical(syscall))
        return -EINVAL;
    v->arch.pv.callback[CALLBACKTYPE_event].address = event;
    v->arch.pv.callback[CALLBACKTYPE_failsafe].address = failsafe;
    v->arch.pv.callback[CALLBACKTYPE_syscall].address = syscall;
    return 0;
}
