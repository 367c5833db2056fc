/* SPDX-License-Identifier: MIT */
/*
 * irq.c - see irq.h.  The order of sources is Xen's: event-channel upcall by
 * vector, PIC, local APIC.
 */
#include "irq.h"

#include <asm/hvm.h>
#include <cairn/domain.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

#include "devices.h"
#include "vlapic_logic.h"

static bool upcall_wanted(const struct vcpu *v)
{
    return v->domain->arch.hvm.callback_vector && !v->arch.hvm.upcall_vector && v->vcpu_info &&
           ACCESS_ONCE(v->vcpu_info->evtchn_upcall_pending);
}

struct hvm_intr hvm_intr_pending(const struct vcpu *v)
{
    if (upcall_wanted(v))
        return (struct hvm_intr){HVM_INTR_UPCALL, v->domain->arch.hvm.callback_vector};
    if (vpic_output(v->domain) && vlapic_accepts_pic(v))
        return (struct hvm_intr){HVM_INTR_PIC, 0};
    int vector = vlapic_logic_pending(&v->arch.hvm.vlapic.s);
    if (vector >= 0)
        return (struct hvm_intr){HVM_INTR_LAPIC, vector};
    return (struct hvm_intr){HVM_INTR_NONE, 0};
}

int hvm_intr_ack(struct vcpu *v, struct hvm_intr intr)
{
    switch (intr.source) {
    case HVM_INTR_PIC:
        return vpic_acknowledge(v->domain);
    case HVM_INTR_LAPIC:
        vlapic_logic_ack(&v->arch.hvm.vlapic.s, intr.vector);
        return intr.vector;
    case HVM_INTR_UPCALL:
        /* A level: looked at again until the guest has cleared the flag. */
        hvm_post(v, HVM_POSTED_INTR);
        return intr.vector;
    default:
        return -1;
    }
}

void hvm_post(struct vcpu *v, unsigned int bits)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    __atomic_fetch_or(&hvm->posted, bits, __ATOMIC_SEQ_CST);
    vcpu_kick(v);
    if (likely(!ACCESS_ONCE(v->pause_flags)))
        return;
    /* HLT with interrupts off ends by NMI (and INIT) only. */
    if ((bits & HVM_POSTED_NMI) && hvm->halted && (v->pause_flags & VPF_down)) {
        hvm->halted = false;
        __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
        vcpu_wake(v);
        return;
    }
    if ((bits & (HVM_POSTED_NMI | HVM_POSTED_INIT)) || hvm_intr_pending(v).source != HVM_INTR_NONE)
        vcpu_unblock(v);
}

void hvm_assert_upcall(struct vcpu *v)
{
    /* Announced once, so it waits in an APIC that is switched off. */
    if (v->arch.hvm.upcall_vector)
        vlapic_logic_request(&v->arch.hvm.vlapic.s, v->arch.hvm.upcall_vector, false);
    hvm_post(v, HVM_POSTED_INTR);
    /* SCHEDOP_block ends by any event, taken or not; HLT by interrupts. */
    if (!v->arch.hvm.in_hlt)
        vcpu_unblock(v);
}
