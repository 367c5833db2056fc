/* SPDX-License-Identifier: MIT */
/*
 * realmode.c - guests in real mode on a processor without unrestricted guest.
 *
 * Between entries the VMCS holds the guest's own view of its segments and
 * flags ("shown"); just before an entry, if the state fits, it is turned into
 * virtual-8086 mode (hvm/vm86.c), and turned back when somebody asks for it or
 * an event is to be delivered.  What does not fit is executed in software, one
 * instruction after the other, until it does: the far jump after a change of
 * CR0.PE, and the loads of the other segments.  HVM_WORK_STATE brings us here
 * before an entry, so that nothing of this is on the way of other guests.
 */
#include "vmx.h"

#include <xen/sched.h>

#include "../hvm/vm86.h"

/* Linear address and limit of the TSS; false: the toolstack gave none. */
static bool find_tss(const struct domain *d, uint32_t *base, uint32_t *limit)
{
    uint64_t param = d->arch.hvm.params[HVM_PARAM_VM86_TSS_SIZED];

    *base = param;
    *limit = (param >> 32) - 1;
    return param;
}

void hvm_show_state(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;
    struct hvm_cpu_state hw, s;

    if (likely(!vmx->vm86_active))
        return;
    const struct vm86_hidden hidden = {.tr = vmx->real_tr, .iopl = vmx->real_iopl};
    vmx->vm86_active = false;
    vmx_read_state(&hw);
    vm86_decode(&hw, &hidden, &s);
    vmx_write_state(&s);
    vmwrite32(EXCEPTION_BITMAP, vmx->real_exceptions);
    v->arch.hvm.work |= HVM_WORK_STATE;
}

/* Into virtual-8086 mode; false: the state does not fit. */
static bool hide_real_state(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;
    struct hvm_cpu_state hw, s;
    uint32_t base, limit;

    vmx_read_state(&s);
    if (!find_tss(v->domain, &base, &limit) || !vm86_fits(&s))
        return false;
    vmx->real_tr = s.seg[SEG_TR];
    vmx->real_iopl = s.rflags & X86_EFLAGS_IOPL;
    vm86_encode(&s, base, limit, &hw);
    vmx_write_state(&hw);
    /* The IDTR holds real mode's vectors: nothing may be delivered by it. */
    vmx->real_exceptions = vmread32(EXCEPTION_BITMAP);
    vmwrite32(EXCEPTION_BITMAP, ~0u);
    vmx->vm86_active = true;
    return true;
}

/* ---- events ---- */

/* Do what the processor would with the event in the VMCS.  0, or an error
 * when memory is not there. */
static int deliver(struct vcpu *v, uint32_t info)
{
    unsigned int type = INTR_TYPE(info);
    struct hvm_cpu_state s;
    struct real_delivery d;
    uint32_t handler;

    vmx_read_state(&s);
    uint16_t ip = s.rip + (intr_is_software(type) ? vmread32(VM_ENTRY_INSN_LEN) : 0);
    real_deliver(&s, info & INTR_VECTOR_MASK, ip, &d);
    if (d.beyond_limit) {
        /* The #GP that this raises has its vector outside too, or is #DF's. */
        domain_shutdown(v->domain, SHUTDOWN_reboot);
        return 0;
    }
    int rc = hvm_copy_from_guest_phys(v->domain, &handler, _gaddr(d.vector_addr), sizeof(handler));
    for (unsigned int i = 0; i < 3 && !rc; i++)
        rc = hvm_copy_to_guest_phys(v->domain, _gaddr(d.push_addr[i]), &d.push[i],
                                    sizeof(d.push[i]));
    if (rc)
        return rc;
    real_enter_handler(&s, handler);
    vmx_write_state(&s);
    uint32_t blocked = vmread32(GUEST_INTERRUPTIBILITY) & ~INTERRUPTIBILITY_SHADOW;
    if (type == INTR_TYPE_NMI)
        blocked |= INTERRUPTIBILITY_NMI;
    vmwrite32(GUEST_INTERRUPTIBILITY, blocked);
    if ((info & INTR_VECTOR_MASK) == X86_EXC_DB)
        vmwritenw(GUEST_PENDING_DBG, 0); /* this was it */
    return 0;
}

static void deliver_pending(struct vcpu *v)
{
    uint32_t info = vmread32(VM_ENTRY_INTR_INFO);

    if (!(info & INTR_VALID))
        return;
    vmwrite32(VM_ENTRY_INTR_INFO, 0);
    hvm_show_state(v);
    if (deliver(v, info))
        domain_crash(v->domain,
                     "vmx: interrupt %02x in real mode: vector or stack is not in memory",
                     info & INTR_VECTOR_MASK);
}

enum exit_action vmx_real_mode_exception(struct vcpu *v, struct cpu_user_regs *regs, uint32_t info)
{
    unsigned int vector = info & INTR_VECTOR_MASK;
    unsigned int type = INTR_TYPE(info);

    if (vector == X86_EXC_GP) {
        /* Privileged at CPL 3, but not in real mode; or really a fault. */
        hvm_show_state(v);
        hvm_emulate_real_mode(v, regs);
    } else if (vector == X86_EXC_PF) {
        domain_crash(v->domain,
                     "vmx: page fault at %lx without paging: the page table at "
                     "HVM_PARAM_IDENT_PT was changed",
                     (unsigned long)vmreadnw(EXIT_QUALIFICATION));
    } else if (type == INTR_TYPE_SW_EXC) {
        hvm_queue_event(v, vector, type, false, 0, vmread32(VM_EXIT_INSN_LEN));
    } else {
        hvm_inject_exception(v, vector, 0);
    }
    return EXIT_RESUME;
}

/* ---- before an entry ---- */

/* An event waits in the VMCS, but there will be no entry yet: only software
 * goes on.  Interrupts can wait; an exception cannot. */
static void postpone_event(struct vcpu *v)
{
    uint32_t info = vmread32(VM_ENTRY_INTR_INFO);
    unsigned int vector = info & INTR_VECTOR_MASK;
    unsigned int type = INTR_TYPE(info);

    if (!(info & INTR_VALID))
        return;
    vmwrite32(VM_ENTRY_INTR_INFO, 0);
    if (type == INTR_TYPE_EXT || type == INTR_TYPE_NMI)
        hvm_queue_event(v, vector, type, false, 0, 0);
    else
        domain_crash(v->domain,
                     "vmx: exception %u in protected mode with segments of real mode "
                     "cannot be delivered",
                     vector);
}

bool vmx_make_enterable(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;
    bool fits;

    if (hvm->vmx.vm86) {
        deliver_pending(v);
        fits = hvm->vmx.vm86_active || hide_real_state(v);
    } else {
        struct hvm_cpu_state s;

        vmx_read_state(&s);
        fits = (s.rflags & X86_EFLAGS_VM) || protected_fits(&s);
        if (!fits)
            postpone_event(v);
    }
    if (fits || get_cpu_info()->softirq_pending) {
        if (fits)
            hvm->work &= ~HVM_WORK_STATE;
        return fits;
    }
    local_irq_enable();
    hvm_emulate_real_mode(v, guest_cpu_user_regs());
    return false;
}
