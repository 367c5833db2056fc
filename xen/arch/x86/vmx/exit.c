/* SPDX-License-Identifier: MIT */
/*
 * exit.c - from a VM exit back to the next VM entry.
 *
 * One table, indexed by exit reason.  A handler says what is to become of the
 * instruction; this file is the only writer of the guest's RIP on that path.
 * Interrupts are off until the reason is known not to be an event of the
 * host's, on while a handler runs, and off again for the entry.
 */
#include <asm/traps.h>
#include <cairn/softirq.h>
#include <cairn/stretch.h>
#include <xen/sched.h>

#include "../hvm/irq.h"
#include "vmx.h"

/* Nothing to do but to have been here: interrupts were let in on the way. */
static enum exit_action exit_preempt_timer(struct vcpu *v, struct cpu_user_regs *regs)
{
    return EXIT_RESUME;
}

static enum exit_action exit_hlt(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t rflags = vmreadnw(GUEST_RFLAGS);

    /* The instruction is over before the vCPU waits; the trap behind it wakes. */
    if (likely(!(rflags & X86_EFLAGS_TF)))
        hvm_hlt(v, rflags);
    return EXIT_ADVANCE;
}

static enum exit_action exit_vmcall(struct vcpu *v, struct cpu_user_regs *regs)
{
    /* hvm_get_cpl() and hvm_cs_is_64bit(), in line: guests do little else as often. */
    unsigned int cpl = SEG_AR_DPL(vmread32(GUEST_SS_AR));
    bool is_64 =
        (v->arch.hvm.vmx.entry_controls & ENTRY_IA32E_GUEST) && (vmread32(GUEST_CS_AR) & SEG_AR_L);
    return hvm_hypercall(regs, cpl, is_64) ? EXIT_ADVANCE : EXIT_RESUME;
}

static enum exit_action exit_triple_fault(struct vcpu *v, struct cpu_user_regs *regs)
{
    printk(XENLOG_GUEST XENLOG_INFO "d%dv%u: triple fault at %04x:%lx\n", v->domain->domain_id,
           v->vcpu_id, vmread16(GUEST_CS_SELECTOR), (unsigned long)vmreadnw(GUEST_RIP));
    domain_shutdown(v->domain, SHUTDOWN_reboot);
    return EXIT_RESUME;
}

static enum exit_action exit_intr_window(struct vcpu *v, struct cpu_user_regs *regs)
{
    vmx_set_proc_control(v, PROC_INTR_WINDOW, false);
    hvm_post(v, HVM_POSTED_INTR);
    return EXIT_RESUME;
}

static enum exit_action exit_nmi_window(struct vcpu *v, struct cpu_user_regs *regs)
{
    vmx_set_proc_control(v, PROC_NMI_WINDOW, false);
    return EXIT_RESUME;
}

enum exit_action exit_inject(struct vcpu *v, unsigned int vector)
{
    hvm_inject_exception(v, vector, 0);
    return EXIT_RESUME;
}

/* Instructions that the guest's CPUID hides: no such opcode. */
static enum exit_action exit_undefined(struct vcpu *v, struct cpu_user_regs *regs)
{
    return exit_inject(v, X86_EXC_UD);
}

/* RDPMC: there are no counters, so any number is out of range; but in the
 * counting build a guest reads ours, to know what its instructions cost. */
static enum exit_action exit_rdpmc(struct vcpu *v, struct cpu_user_regs *regs)
{
#ifdef CAIRN_COUNT
    static const unsigned int counter[] = {PERFC_vmentries, PERFC_vmreads, PERFC_vmwrites};
    if ((uint32_t)regs->rcx < ARRAY_SIZE(counter)) {
        regs_set_edx_eax(regs, perfc_sum(counter[(uint32_t)regs->rcx]));
        return EXIT_ADVANCE;
    }
#endif
    return exit_inject(v, X86_EXC_GP);
}

/* Caches are coherent for a guest without devices: nothing to do. */
static enum exit_action exit_cache(struct vcpu *v, struct cpu_user_regs *regs)
{
    return EXIT_ADVANCE;
}

#define MAY_INTERRUPT_DELIVERY 1u /* the exit can hit while an event is delivered */

/* Without a handler the domain ends. */
static const struct exit_entry {
    exit_handler *fn;
    const char *name;
    unsigned int flags;
} exit_table[NR_EXIT_REASONS] = {
    [EXIT_EXCEPTION_NMI] = {exit_exception, "exception or NMI", MAY_INTERRUPT_DELIVERY},
    [EXIT_EXT_INTERRUPT] = {NULL, "external interrupt"},
    [EXIT_TRIPLE_FAULT] = {exit_triple_fault, "triple fault"},
    [EXIT_INIT] = {NULL, "INIT"},
    [EXIT_SIPI] = {NULL, "SIPI"},
    [EXIT_INTR_WINDOW] = {exit_intr_window, "interrupt window"},
    [EXIT_NMI_WINDOW] = {exit_nmi_window, "NMI window"},
    [EXIT_TASK_SWITCH] = {exit_task_switch, "task switch"},
    [EXIT_CPUID] = {exit_cpuid, "CPUID"},
    [EXIT_GETSEC] = {exit_undefined, "GETSEC"},
    [EXIT_HLT] = {exit_hlt, "HLT"},
    [EXIT_INVD] = {exit_cache, "INVD"},
    [EXIT_INVLPG] = {exit_invlpg, "INVLPG"},
    [EXIT_RDPMC] = {exit_rdpmc, "RDPMC"},
    [EXIT_RDTSC] = {NULL, "RDTSC"},
    [EXIT_VMCALL] = {exit_vmcall, "VMCALL"},
    [EXIT_VMCLEAR... EXIT_VMXON] = {exit_undefined, "VMX instruction"},
    [EXIT_CR_ACCESS] = {exit_cr_access, "control register"},
    [EXIT_DR_ACCESS] = {exit_dr_access, "debug register"},
    [EXIT_IO] = {exit_io, "I/O"},
    [EXIT_RDMSR] = {exit_rdmsr, "RDMSR"},
    [EXIT_WRMSR] = {exit_wrmsr, "WRMSR"},
    [EXIT_BAD_GUEST_STATE] = {NULL, "invalid guest state"},
    [EXIT_BAD_MSR_LOAD] = {NULL, "MSR loading"},
    [EXIT_MWAIT] = {exit_undefined, "MWAIT"},
    [EXIT_MONITOR] = {exit_undefined, "MONITOR"},
    [EXIT_MCE_DURING_ENTRY] = {NULL, "machine check"},
    [EXIT_APIC_ACCESS] = {NULL, "APIC access"},
    [EXIT_EPT_VIOLATION] = {exit_ept_violation, "EPT violation", MAY_INTERRUPT_DELIVERY},
    [EXIT_EPT_MISCONFIG] = {NULL, "EPT misconfiguration"},
    [EXIT_INVEPT] = {exit_undefined, "INVEPT"},
    [EXIT_PREEMPT_TIMER] = {exit_preempt_timer, "preemption timer"},
    [EXIT_INVVPID] = {exit_undefined, "INVVPID"},
    [EXIT_WBINVD] = {exit_cache, "WBINVD"},
    [EXIT_XSETBV] = {exit_undefined, "XSETBV"},
    [EXIT_VMFUNC] = {exit_undefined, "VMFUNC"},
    [EXIT_ENCLS] = {exit_undefined, "ENCLS"},
    [EXIT_XSAVES] = {exit_undefined, "XSAVES"},
    [EXIT_XRSTORS] = {exit_undefined, "XRSTORS"},
};

static const char *reason_name(unsigned int reason)
{
    return reason < NR_EXIT_REASONS && exit_table[reason].name ? exit_table[reason].name : "?";
}

/* The instruction is done: its successor is not in its shadow, and a guest
 * that single-steps traps after it. */
static always_inline void advance_rip(struct vcpu *v, unsigned int len)
{
    uint64_t rip = vmreadnw(GUEST_RIP) + len;
    if (!(v->arch.hvm.vmx.entry_controls & ENTRY_IA32E_GUEST))
        rip = (uint32_t)rip;
    else if (unlikely((rip >> 32) != 0) && !hvm_cs_is_64bit(v))
        rip = (uint32_t)rip;
    vmwritenw(GUEST_RIP, rip);

    uint32_t shadow = vmread32(GUEST_INTERRUPTIBILITY);
    if (unlikely(shadow & INTERRUPTIBILITY_SHADOW))
        vmwrite32(GUEST_INTERRUPTIBILITY, shadow & ~INTERRUPTIBILITY_SHADOW);
    if (unlikely(vmreadnw(GUEST_RFLAGS) & X86_EFLAGS_TF))
        vmwritenw(GUEST_PENDING_DBG, vmreadnw(GUEST_PENDING_DBG) | PENDING_DBG_BS);
}

static void crash_unknown(struct vcpu *v, uint32_t reason)
{
    domain_crash(v->domain, "vmx: exit %u (%s), qualification %lx, not handled", reason & 0xffff,
                 reason_name(reason & 0xffff), (unsigned long)vmreadnw(EXIT_QUALIFICATION));
}

/* Events of the host's that stopped the guest; still with interrupts off. */
static bool handle_host_event(uint32_t reason)
{
    if (reason == EXIT_EXT_INTERRUPT) {
        do_irq_vector(vmread32(VM_EXIT_INTR_INFO) & INTR_VECTOR_MASK);
        return true;
    }
    if (reason != EXIT_EXCEPTION_NMI)
        return false;
    uint32_t info = vmread32(VM_EXIT_INTR_INFO);
    if ((info & INTR_TYPE_MASK) == INTR_TYPE_NMI << INTR_TYPE_SHIFT) {
        /* NMIs stay blocked after such an exit until the handler's IRET. */
        __asm__ volatile("int $2" ::: "memory");
        return true;
    }
    if ((info & INTR_VECTOR_MASK) == X86_EXC_MC) {
        __asm__ volatile("int $18" ::: "memory");
        return true;
    }
    return false;
}

static void dispatch(struct vcpu *v, struct cpu_user_regs *regs, uint32_t reason)
{
    if (unlikely(reason >= NR_EXIT_REASONS) || unlikely(!exit_table[reason].fn)) {
        crash_unknown(v, reason);
        return;
    }
    perfc_incra(vmexits, reason);
    if (exit_table[reason].flags & MAY_INTERRUPT_DELIVERY)
        vmx_requeue_vectoring(v);

    switch (exit_table[reason].fn(v, regs)) {
    case EXIT_ADVANCE:
        advance_rip(v, vmread32(VM_EXIT_INSN_LEN));
        break;
    case EXIT_CRASH:
        crash_unknown(v, reason);
        break;
    case EXIT_RESUME:
        break;
    }
}

/* Softirqs, events, owed flushes; returns with interrupts off.  May switch to
 * another vCPU: then this stack is forgotten and hvm_enter_guest runs later. */
static always_inline void prepare_entry(struct vcpu *v)
{
    for (;;) {
        local_irq_disable();
        if (unlikely(get_cpu_info()->softirq_pending)) {
            local_irq_enable();
            do_softirq();
            continue;
        }
        if (likely(!v->arch.hvm.any_work))
            break;
        if (vmx_intr_assist(v))
            break;
    }
    perfc_incr(vmentries);
    stretch_end();
    v->arch.hvm.vmx.ctrl_stale = true;
#ifdef CAIRN_DEBUG
    if (get_cpu_info()->perfc[PERFC_vmentries] % 64 == 1)
        vmcs_audit(v);
#endif
}

struct cpu_user_regs *vmx_handle_exit(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;
    uint32_t reason = vmread32(VM_EXIT_REASON);
    stretch_begin(STRETCH_VMEXIT, reason & 0xffff);

    if (unlikely(reason & EXIT_REASON_ENTRY_FAILURE)) {
        local_irq_enable();
        domain_crash(v->domain, "vmx: entry failed, reason %u (%s), qualification %lx",
                     reason & 0xffff, reason_name(reason & 0xffff),
                     (unsigned long)vmreadnw(EXIT_QUALIFICATION));
    } else if ((reason <= EXIT_EXT_INTERRUPT) && handle_host_event(reason)) {
        perfc_incra(vmexits, reason);
        local_irq_enable();
    } else {
        local_irq_enable();
        dispatch(v, regs, reason);
    }
    prepare_entry(v);
    return regs;
}

struct vmx_entry vmx_prepare_entry(void)
{
    struct vcpu *v = current;
    vmx_crash_unless_runnable(v);
    v->arch.hvm.in_hlt = v->arch.hvm.halted = false;
    prepare_entry(v);
    vmx_inject_into_list(v);
    struct vmx_entry e = {.regs = guest_cpu_user_regs(), .launched = v->arch.hvm.vmx.launched};
    v->arch.hvm.vmx.launched = true;
    return e;
}

void vmx_entry_failed(void)
{
    struct vcpu *v = current;
    unsigned long error = ~0ul;

    local_irq_enable();
    v->arch.hvm.vmx.launched = false;
    vmread_safe(VM_INSN_ERROR, &error);
    domain_crash(v->domain, "vmx: VM entry refused, instruction error %lu", error);
}
