/* SPDX-License-Identifier: MIT */
/*
 * init_sipi.c - INIT and start-up messages.
 *
 * A vCPU without register state (!is_initialised) waits for a start-up
 * message, or for VCPUOP_initialise.  Any other carries out an INIT itself,
 * before its next VM entry, also if it was down.  d->lock covers the change of
 * state: of a vCPU without one, nobody but its holder ends the wait.
 * Source: SDM "Processor State After Reset", "Multiple-Processor Initialization".
 */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

#include "irq.h"
#include "reset.h"

static bool is_bsp(const struct vcpu *v)
{
    return v->arch.hvm.vlapic.s.base & VLAPIC_BASE_BSP;
}

/* The registers of INIT; MSRs, FPU and TSC stay.  @v is current. */
static void apply_init(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;
    struct cpu_user_regs *regs = guest_cpu_user_regs();

    __atomic_fetch_and(&hvm->posted, ~(HVM_POSTED_INIT | HVM_POSTED_NMI | HVM_POSTED_INTR),
                       __ATOMIC_SEQ_CST);
    hvm_forget_events(v);
    hvm_vcpu_reset(v, HVM_INIT);
    memset(regs, 0, sizeof(*regs));
    regs->rdx = v->domain->arch.policy.basic[1].a;
    memset(v->arch.dr, 0, sizeof(v->arch.dr));
    write_cr2(0);
    vlapic_init_signal(v);
    hvm->halted = hvm->in_hlt = false;
    /* The APIC has forgotten it, and while it waits no other event tells. */
    if (v->vcpu_info && v->vcpu_info->evtchn_upcall_pending)
        hvm_assert_upcall(v);
}

/* Start at page @page of real-mode memory; d->lock. */
static void start(struct vcpu *v, unsigned int page)
{
    struct hvm_cpu_state s;

    hvm_get_cpu_state(v, &s);
    s.seg[SEG_CS].sel = page << 8;
    s.seg[SEG_CS].base = page << 12;
    s.rip = 0;
    hvm_set_cpu_state(v, &s);
    v->is_initialised = true;
    __atomic_and_fetch(&v->pause_flags, ~(VPF_down | VPF_blocked), __ATOMIC_SEQ_CST);
    vcpu_wake(v);
}

/* From now on the vCPU waits for a start-up message; d->lock. */
static void stop(struct vcpu *v)
{
    __atomic_or_fetch(&v->pause_flags, VPF_down, __ATOMIC_SEQ_CST);
    v->is_initialised = false;
    vcpu_sleep_nosync(v);
}

/* Also one that is down. */
static void tell(struct vcpu *v, unsigned int bit)
{
    hvm_post(v, bit);
    v->arch.hvm.halted = false;
    if (__atomic_fetch_and(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST) & VPF_down)
        vcpu_wake(v);
}

void hvm_init_signal(struct vcpu *v)
{
    struct domain *d = v->domain;

    scoped_lock(&d->lock);
    /* Else it is reset already; an event upcall may wait in its APIC. */
    if (v->is_initialised)
        tell(v, HVM_POSTED_INIT);
}

void hvm_take_init(struct vcpu *v)
{
    struct domain *d = v->domain;

    ASSERT(v == current);
    scoped_lock(&d->lock);
    unsigned int posted = v->arch.hvm.posted;
    __atomic_fetch_and(&v->arch.hvm.posted, ~HVM_POSTED_SIPI, __ATOMIC_SEQ_CST);
    apply_init(v);
    if (!is_bsp(v)) {
        stop(v);
        if (posted & HVM_POSTED_SIPI)
            start(v, v->arch.hvm.sipi_page);
    }
}

void hvm_startup_signal(struct vcpu *v, unsigned int page)
{
    struct domain *d = v->domain;

    scoped_lock(&d->lock);
    if (v->is_initialised && (v->arch.hvm.posted & HVM_POSTED_INIT) && !is_bsp(v)) {
        v->arch.hvm.sipi_page = page;
        tell(v, HVM_POSTED_SIPI);
    } else if (!v->is_initialised) {
        vcpu_sleep_sync(v); /* it may be on its way off its CPU */
        start(v, page);
    }
}
