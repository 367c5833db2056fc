/* SPDX-License-Identifier: MIT */
/*
 * A second CPU: it comes up by INIT and start-up messages, and by no message
 * that it did not wait for; IPIs between the two; INIT gets it out of a halt
 * for good; and Xen's own way of starting one, VCPUOP_initialise.  What INIT
 * leaves in its registers: ap-init.  Bare it wants a second CPU (--cpus 2).
 * Source: SDM vol. 3A, "MP Initialization".
 */
#include <guest/ap.h>
#include <guest/apic.h>
#include <guest/test.h>

#include "ap-start.h"

const char test_title[] = "Starting a second CPU";

static volatile uint32_t ap_value;

/* Bochs 2.7 has 0. */
static void check_signature(void)
{
    if (on_xen())
        check_equal("EDX after INIT is the signature", ap_first.edx, cpuid(1, 0).a);
}

static void read_id(ulong unused)
{
    ap_value = apic_id() << 8 | (cpuid(1, 0).b >> 24);
}

static void halt_for_good(ulong unused)
{
    ap_value = 2;
    for (;;)
        asm volatile("cli; hlt");
}

static void halt_open(ulong unused)
{
    apic_write(APIC_SPIV, 0x1ff);
    ap_value = 3;
    asm volatile("sti; hlt; cli");
    ap_value = 4;
}

static volatile uint32_t ap_target;

static void send_back(ulong vector)
{
    apic_icr(ap_target, ICR_FIXED | vector);
}

static void check_ipis(void)
{
    uint32_t id = ap_value >> 8;

    irq_reset();
    ap_target = apic_id();
    check_true("the AP runs", ap_run(send_back, 0x63));
    irq_on();
    irq_off();
    check_equal("IPI from the AP", irq_log.count[0x63], 1);

    irq_reset();
    ap_run_nowait(halt_open, 0);
    for (unsigned int i = 0; i < 1000 && ap_value != 3; i++)
        ap_relax();
    for (unsigned int i = 0; i < 20; i++)
        ap_relax();
    check_equal("the AP waits in HLT", ap_value, 3);
    apic_icr(id, ICR_FIXED | 0x64);
    for (unsigned int i = 0; i < 1000 && ap_value != 4; i++)
        ap_relax();
    check_equal("and an IPI ends that", ap_value, 4);
    check_equal("which it took", irq_log.count[0x64], 1);
}

static void check_restarts(void)
{
    check_true("a start-up message to a running AP is ignored", ap_ignores_startup());
    ap_run_nowait(halt_for_good, 0);
    for (unsigned int i = 0; i < 1000 && ap_value != 2; i++)
        ap_relax();
    ap_init();
    check_true("it comes up after INIT while halted with interrupts off", ap_startup());
}

#define VECTOR_UPCALL 0x65

/* An event for a vCPU that has not been started yet, by its own vector. */
static void send_early_event(void)
{
    struct xen_hvm_evtchn_upcall_vector set = {.vcpu = 1, .vector = VECTOR_UPCALL};
    struct evtchn_bind_ipi ipi = {.vcpu = 1};

    check_equal(
        "its upcall vector",
        hypercall(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, (ulong)&set, 0, 0, 0), 0);
    check_equal("a port for it",
                hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (ulong)&ipi, 0, 0, 0),
                0);
    xen_evtchn_send(ipi.port);
}

static void open_shortly(ulong unused)
{
    apic_write(APIC_SPIV, 0x1ff);
    asm volatile("sti; nop; cli");
}

void test_main(void)
{
    irq_init();
    if (!apic_init()) {
        report_skip("no local APIC");
        return;
    }
    if (on_xen()) {
        check_vcpuop_before();
        send_early_event();
    }
    ap_init();
    if (!ap_startup()) {
        if (on_xen())
            report_failure("the AP does not come up");
        else
            report_skip("one CPU only");
        return;
    }
    check_signature();
    irq_reset();
    check_true("the AP takes interrupts", ap_run(open_shortly, 0));
    if (on_xen())
        check_equal("an event came through its INIT", irq_log.count[VECTOR_UPCALL], 1);
    check_true("the AP answers", ap_run(read_id, 0));
    check_equal("its APIC ID and CPUID's", ap_value >> 8, ap_value & 0xff);
    check_true("its APIC ID is not ours", ap_value >> 8 != apic_id());
    check_ipis();
    check_restarts();
    if (on_xen()) {
        /* Nobody has cleared evtchn_upcall_pending, so no other event would tell. */
        irq_reset();
        check_true("the AP takes interrupts again", ap_run(open_shortly, 0));
        check_equal("INIT loses no event upcall", irq_log.count[VECTOR_UPCALL], 1);
        check_vcpuop();
    }
    report_success(NULL);
}
