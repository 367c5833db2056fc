/* SPDX-License-Identifier: MIT */
/*
 * intr.c - events for the guest: exceptions, the event-channel upcall, NMIs,
 * and again those whose delivery a VM exit interrupted.
 *
 * At most one event waits in hvm_vcpu.event; it is written to the VMCS just
 * before the entry, so a second one raised while handling the same exit
 * meets it there and the rules of double faults apply.
 * Source: SDM "Event Injection", "Interrupt 8 - Double Fault Exception".
 */
#include <cairn/sched.h>
#include <xen/sched.h>

#include "../hvm/irq.h"
#include "vmx.h"

static bool is_contributory(unsigned int vector)
{
    const uint32_t set = 1u << X86_EXC_DE | 1u << X86_EXC_TS | 1u << X86_EXC_NP | 1u << X86_EXC_SS |
                         1u << X86_EXC_GP | 1u << X86_EXC_CP;
    return vector < 32 && (set & (1u << vector));
}

enum combined { COMBINE_SECOND, COMBINE_DOUBLE_FAULT, COMBINE_TRIPLE_FAULT };

/* What an exception becomes that is raised while @first is delivered. */
static enum combined combine_exceptions(unsigned int first, unsigned int second)
{
    bool bad_second = is_contributory(second) || second == X86_EXC_PF;
    if (first == X86_EXC_DF && bad_second)
        return COMBINE_TRIPLE_FAULT;
    if (first == X86_EXC_PF && bad_second)
        return COMBINE_DOUBLE_FAULT;
    if (is_contributory(first) && is_contributory(second))
        return COMBINE_DOUBLE_FAULT;
    return COMBINE_SECOND;
}

void hvm_queue_event(struct vcpu *v, unsigned int vector, unsigned int type, bool has_ec,
                     uint32_t ec, unsigned int insn_len)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    if ((hvm->work & HVM_WORK_EVENT) && hvm->event.type == INTR_TYPE_HW_EXC &&
        type == INTR_TYPE_HW_EXC) {
        switch (combine_exceptions(hvm->event.vector, vector)) {
        case COMBINE_TRIPLE_FAULT:
            hvm->work &= ~HVM_WORK_EVENT;
            domain_shutdown(v->domain, SHUTDOWN_reboot);
            return;
        case COMBINE_DOUBLE_FAULT:
            vector = X86_EXC_DF;
            has_ec = true;
            ec = 0;
            break;
        case COMBINE_SECOND:
            break;
        }
    }
    hvm->event.vector = vector;
    hvm->event.type = type;
    hvm->event.has_ec = has_ec && (hvm->ctrl.cr0 & X86_CR0_PE);
    hvm->event.ec = ec;
    hvm->event.insn_len = insn_len;
    hvm->work |= HVM_WORK_EVENT;
}

void hvm_inject_exception(struct vcpu *v, unsigned int vector, uint32_t ec)
{
    bool has_ec = X86_EXC_HAS_EC & (1u << vector);
    /* A fault: the saved flags let the instruction restart past a breakpoint. */
    vmwritenw(GUEST_RFLAGS, vmreadnw(GUEST_RFLAGS) | X86_EFLAGS_RF);
    hvm_queue_event(v, vector, INTR_TYPE_HW_EXC, has_ec, ec, 0);
}

void hvm_inject_page_fault(struct vcpu *v, gva_t va, uint32_t ec)
{
    v->arch.hvm.ctrl.cr2 = va;
    write_cr2(va); /* live while the vCPU is on the CPU */
    hvm_inject_exception(v, X86_EXC_PF, ec);
}

void vmx_requeue_vectoring(struct vcpu *v)
{
    uint32_t info = vmread32(IDT_VECTORING_INFO);
    if (likely(!(info & INTR_VALID)))
        return;
    unsigned int type = INTR_TYPE(info);
    uint32_t ec = info & INTR_EC_VALID ? vmread32(IDT_VECTORING_EC) : 0;
    unsigned int len = intr_is_software(type) ? vmread32(VM_EXIT_INSN_LEN) : 0;
    /* An NMI is not yet delivered: it must not be blocked by itself. */
    if (type == INTR_TYPE_NMI)
        vmwrite32(GUEST_INTERRUPTIBILITY, vmread32(GUEST_INTERRUPTIBILITY) & ~INTERRUPTIBILITY_NMI);
    hvm_queue_event(v, info & INTR_VECTOR_MASK, type, info & INTR_EC_VALID, ec, len);
}

static void write_event(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;
    uint32_t info = INTR_VALID | hvm->event.type << INTR_TYPE_SHIFT | hvm->event.vector;
    if (hvm->event.has_ec) {
        info |= INTR_EC_VALID;
        vmwrite32(VM_ENTRY_EXCEPTION_EC, hvm->event.ec);
    }
    if (hvm->event.insn_len)
        vmwrite32(VM_ENTRY_INSN_LEN, hvm->event.insn_len);
    vmwrite32(VM_ENTRY_INTR_INFO, info);
    hvm->work &= ~HVM_WORK_EVENT;
}

/* ---- what others sent ---- */

static bool nmi_blocked(void)
{
    return vmread32(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_NMI;
}

/* The trap of an instruction that was executed here comes before interrupts,
 * and an entry that injects one would drop it. */
static bool trap_waits(void)
{
    return vmreadnw(GUEST_PENDING_DBG) & (PENDING_DBG_BS | PENDING_DBG_ENABLED_BP);
}

static bool interrupts_open(void)
{
    return (vmreadnw(GUEST_RFLAGS) & X86_EFLAGS_IF) &&
           !(vmread32(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_SHADOW) && !trap_waits();
}

/* Without virtual NMIs nothing tells when IRET unblocks: the next exit may. */
static void want_nmi_window(struct vcpu *v)
{
    if (vmx_caps.virtual_nmis)
        vmx_set_proc_control(v, PROC_NMI_WINDOW, true);
}

static bool try_nmi(struct vcpu *v)
{
    if (nmi_blocked() || (vmread32(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_SHADOW) ||
        trap_waits()) {
        want_nmi_window(v);
        return false;
    }
    __atomic_fetch_and(&v->arch.hvm.posted, ~HVM_POSTED_NMI, __ATOMIC_SEQ_CST);
    vmwrite32(VM_ENTRY_INTR_INFO, INTR_VALID | INTR_TYPE_NMI << INTR_TYPE_SHIFT | X86_EXC_NMI);
    return true;
}

/* Inject what has priority, unless @busy with another event; ask for an exit
 * as soon as what remains could be delivered. */
static void try_interrupt(struct vcpu *v, bool busy)
{
    __atomic_fetch_and(&v->arch.hvm.posted, ~HVM_POSTED_INTR, __ATOMIC_SEQ_CST);
    struct hvm_intr intr = hvm_intr_pending(v);
    if (intr.source == HVM_INTR_NONE)
        return;
    if (busy || !interrupts_open()) {
        vmx_set_proc_control(v, PROC_INTR_WINDOW, true);
        return;
    }
    int vector = hvm_intr_ack(v, intr);
    if (vector < 0)
        return;
    vmwrite32(VM_ENTRY_INTR_INFO, INTR_VALID | INTR_TYPE_EXT << INTR_TYPE_SHIFT | vector);
    if (intr.source == HVM_INTR_UPCALL)
        return;
    if (hvm_intr_pending(v).source != HVM_INTR_NONE)
        vmx_set_proc_control(v, PROC_INTR_WINDOW, true);
}

/*
 * What anybody asked for by hvm_ask_domain(), and the vCPU's own.  Waiting for
 * a lock serves the calls of others, who then take us for out of the guest: so
 * again, until nothing came meanwhile.  Later requests end the entry at once.
 */
static bool owes(const struct hvm_vcpu *hvm)
{
    return (hvm->work & HVM_WORK_OWED) || (hvm->posted & HVM_POSTED_OWED);
}

static noinline void pay_debts(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    do {
        uint32_t owed = hvm->posted & HVM_POSTED_OWED;
        if (unlikely(owed))
            owed = __atomic_fetch_and(&hvm->posted, ~HVM_POSTED_OWED, __ATOMIC_SEQ_CST);

        if ((hvm->work & HVM_WORK_ROOT) || (owed & HVM_POSTED_ROOT)) {
            v->domain->arch.paging->update_root(v);
            hvm->work &= ~(HVM_WORK_ROOT | HVM_WORK_ROLE);
        }
        if (owed & HVM_POSTED_FLUSH_EPT)
            hvm_flush_ept(&v->domain->arch.p2m);
        if ((hvm->work & HVM_WORK_FLUSH_VPID) || (owed & HVM_POSTED_FLUSH_VPID)) {
            hvm->work &= ~HVM_WORK_FLUSH_VPID;
            vmx_invvpid(v);
        }
    } while (owes(hvm));
}

static bool prepare_events(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    hvm->in_hlt = false;
    if (hvm->posted & HVM_POSTED_INIT) {
        hvm_take_init(v);
        return false;
    }
    if (owes(hvm))
        pay_debts(v);
    bool busy = hvm->work & HVM_WORK_EVENT;
    if (busy)
        write_event(v);
    if (hvm->posted & HVM_POSTED_NMI) {
        if (busy)
            want_nmi_window(v);
        else
            busy = try_nmi(v);
    }
    if (hvm->posted & HVM_POSTED_INTR)
        try_interrupt(v, busy);
    return true;
}

bool hvm_event_deliverable(struct vcpu *v)
{
    const struct hvm_vcpu *hvm = &v->arch.hvm;

    ASSERT(v == current);
    if (hvm->posted & HVM_POSTED_INIT)
        return true;
    if ((hvm->posted & HVM_POSTED_NMI) && !nmi_blocked())
        return true;
    return (vmreadnw(GUEST_RFLAGS) & X86_EFLAGS_IF) && hvm_intr_pending(v).source != HVM_INTR_NONE;
}

__cold void hvm_forget_events(struct vcpu *v)
{
    v->arch.hvm.work &= ~HVM_WORK_EVENT;
    vmcs_enter(v);
    vmwrite32(GUEST_INTERRUPTIBILITY, 0);
    vmwrite32(GUEST_ACTIVITY, 0);
    vmwritenw(GUEST_PENDING_DBG, 0);
    vmwrite32(VM_ENTRY_INTR_INFO, 0);
    vmx_set_proc_control(v, PROC_INTR_WINDOW, false);
    vmx_set_proc_control(v, PROC_NMI_WINDOW, false);
    vmx_save_debug_registers(v);
    vmcs_exit(v);
}

bool vmx_intr_assist(struct vcpu *v)
{
    if (!prepare_events(v))
        return false;
    if (unlikely(v->arch.hvm.vmx.vm86) || unlikely(v->arch.hvm.work & HVM_WORK_STATE))
        if (!vmx_make_enterable(v))
            return false;
    if (unlikely(owes(&v->arch.hvm)))
        pay_debts(v);
    return true;
}

void hvm_hlt(struct vcpu *v, uint64_t rflags)
{
    if (rflags & X86_EFLAGS_IF) {
        v->arch.hvm.in_hlt = true;
        vcpu_block();
        return;
    }
    /* Only NMI and INIT can wake it, and those come from another vCPU. */
    v->arch.hvm.halted = true;
    __atomic_or_fetch(&v->pause_flags, VPF_down, __ATOMIC_SEQ_CST);
    /* After the flag: one that comes from now on takes it away. */
    if (v->arch.hvm.posted & (HVM_POSTED_NMI | HVM_POSTED_INIT)) {
        v->arch.hvm.halted = false;
        __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
        vcpu_wake(v); /* it may have been taken off its queue, see vcpu_block() */
        return;
    }
    vcpu_sleep_nosync(v);
    for_each_vcpu(v->domain, other)
        if (!(other->pause_flags & VPF_down))
            return;
    domain_shutdown(v->domain, SHUTDOWN_poweroff);
}
