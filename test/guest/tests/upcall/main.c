/* SPDX-License-Identifier: MIT */
/*
 * Event channels as interrupts: by the domain's callback vector (a level,
 * which stays until the guest clears evtchn_upcall_pending), by a vector of
 * each vCPU's local APIC, with vcpu_info where the guest put it, and what they
 * wake: HLT, SCHEDOP_block.  This is all that a PVH Linux lives on.
 *
 * All of shared_info has the layout of the guest's width, which is that of the
 * code which last had the hypercall page written or set the callback.
 */
#include <guest/apic.h>
#include <guest/call.h>
#include <guest/test.h>

#include <xen/features.h>
#include <xen/foreign/x86_32.h>
#include <xen/vcpu.h>

const char test_title[] = "Event channel upcalls";

#define VECTOR_DOMAIN 0x93
#define VECTOR_VCPU   0xa3

static uint8_t shared_page[4096] __attribute__((aligned(4096)));
static uint8_t info_page[4096] __attribute__((aligned(4096)));
static struct shared_info *const shared = (struct shared_info *)shared_page;
static struct vcpu_info *volatile info;
static evtchn_port_t port;
static volatile unsigned int ignore;

static long evtchn_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static long vcpu_op(unsigned int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, 0, (ulong)arg, 0, 0);
}

static long hvm_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_hvm_op, cmd, arg);
}

static volatile ulong *word_of(evtchn_port_t p)
{
    return (volatile ulong *)&shared->evtchn_pending[p / (8 * sizeof(ulong))];
}

/* What an event handler does; the first @ignore times it does nothing. */
static void take(unsigned int vector)
{
    if (ignore) {
        ignore--;
        return;
    }
    ((volatile struct vcpu_info *)info)->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(shared->evtchn_pending); i++)
        *(volatile ulong *)&shared->evtchn_pending[i] = 0;
}

static bool pending(evtchn_port_t p)
{
    return *word_of(p) >> (p % (8 * sizeof(ulong))) & 1;
}

static long set_callback(uint64_t value)
{
    struct xen_hvm_param p = {.domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ, .value = value};

    return hvm_op(HVMOP_set_param, &p);
}

static void check_features(void)
{
    struct xen_feature_info fi = {0};

    check_equal("XENVER_get_features", xen_version(XENVER_get_features, &fi), 0);
    check_true("XENFEAT_hvm_callback_vector", fi.submap >> XENFEAT_hvm_callback_vector & 1);
    struct cpuid leaf = cpuid(xen_cpuid_base + 4, 0);
    check_true("vCPU ID in the Xen leaf", (leaf.a & 8) && leaf.b == 0);
}

static void check_domain_vector(void)
{
    check_equal("a vector of an exception", set_callback(2ull << 56 | 14), -XEN_EINVAL);
    check_equal("set the callback", set_callback(2ull << 56 | VECTOR_DOMAIN), 0);
    irq_no_eoi = VECTOR_DOMAIN;
    irq_reset();
    xen_evtchn_send(port);
    check_equal("with interrupts off", irq_log.nr, 0);
    check_true("but pending", pending(port) && info->evtchn_upcall_pending);
    irq_on();
    irq_off();
    check_equal("with interrupts on", irq_log.count[VECTOR_DOMAIN], 1);
    check_true("taken", !pending(port));
    irq_on();
    xen_evtchn_send(port);
    irq_off();
    check_equal("at once", irq_log.count[VECTOR_DOMAIN], 2);
    /* A level: not cleared, it comes again. */
    irq_reset();
    ignore = 3;
    xen_evtchn_send(port);
    irq_on();
    xen_yield();
    for (unsigned int i = 0; i < 8; i++)
        cpuid(0, 0);
    irq_off();
    check_equal("until it is cleared", irq_log.count[VECTOR_DOMAIN], 4);
    /* Not a matter of the local APIC: its priority does not hold it back. */
    irq_reset();
    apic_write(APIC_TPR, 0xf0);
    xen_evtchn_send(port);
    irq_on();
    irq_off();
    check_equal("whatever TPR says", irq_log.count[VECTOR_DOMAIN], 1);
    apic_write(APIC_TPR, 0);
}

static volatile struct vcpu_runstate_info runstate;

static void register_runstate(void)
{
    struct vcpu_register_runstate_memory_area area = {.addr.p = (ulong)&runstate};

    check_equal("a place for the run state", vcpu_op(VCPUOP_register_runstate_memory_area, &area),
                0);
    check_equal("filled at once", runstate.state, RUNSTATE_running);
    check_true("since when",
               runstate.state_entry_time && runstate.state_entry_time <= xen_system_time(info));
}

static void check_waking(unsigned int vector)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct vcpu_set_singleshot_timer timer = {0};

    check_equal("bind VIRQ_TIMER", evtchn_op(EVTCHNOP_bind_virq, &virq), 0);
    register_runstate();
    irq_reset();
    timer.timeout_abs_ns = xen_system_time(info) + 2000000;
    check_equal("single-shot timer", vcpu_op(VCPUOP_set_singleshot_timer, &timer), 0);
    uint64_t entered = runstate.state_entry_time, blocked = runstate.time[RUNSTATE_blocked];
    asm volatile("sti; hlt; cli" : : : "memory");
    check_equal("running again", runstate.state, RUNSTATE_running);
    check_true("since it woke", runstate.state_entry_time > entered);
    check_true("having been blocked", runstate.time[RUNSTATE_blocked] > blocked);
    check_equal("it ends HLT", irq_log.count[vector], 1);
    check_true("not before its time", xen_system_time(info) >= timer.timeout_abs_ns);
    irq_reset();
    timer.timeout_abs_ns = xen_system_time(info) + 2000000;
    vcpu_op(VCPUOP_set_singleshot_timer, &timer);
    irq_on();
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_block, NULL);
    irq_off();
    check_equal("it ends SCHEDOP_block", irq_log.count[vector], 1);
    timer.timeout_abs_ns = 1;
    timer.flags = VCPU_SSHOTTMR_future;
    check_equal("a time gone by", vcpu_op(VCPUOP_set_singleshot_timer, &timer), -XEN_ETIME);
    struct evtchn_close close = {.port = virq.port};
    evtchn_op(EVTCHNOP_close, &close);
}

static void check_vcpu_info(void)
{
    struct vcpu_register_vcpu_info reg = {.mfn = (ulong)info_page >> 12, .offset = 66};

    check_equal("a crooked place", vcpu_op(VCPUOP_register_vcpu_info, &reg), -XEN_EINVAL);
    reg.offset = 64 + sizeof(ulong);
    check_equal("register_vcpu_info", vcpu_op(VCPUOP_register_vcpu_info, &reg), 0);
    info = (struct vcpu_info *)(info_page + reg.offset);
    check_equal("all words selected", info->evtchn_pending_sel, ~0ul);
    irq_reset();
    irq_on();
    irq_off();
    check_equal("one upcall to look what came", irq_log.count[VECTOR_DOMAIN], 1);
    irq_reset();
    xen_evtchn_send(port);
    irq_on();
    irq_off();
    check_equal("events arrive in the new place", irq_log.count[VECTOR_DOMAIN], 1);
    check_equal("only once", vcpu_op(VCPUOP_register_vcpu_info, &reg), -XEN_EINVAL);
}

static void check_wallclock(void)
{
    check_true("the wall clock is not being set", shared->wc_version && !(shared->wc_version & 1));
    check_true("its seconds", shared->wc_sec > 1600000000u);
    check_true("and nanoseconds", shared->wc_nsec < 1000000000u);
}

/* By 32-bit code of a 64-bit kernel, and back. */
static void check_latch(void)
{
    struct shared_info_x86_32 *narrow = (void *)shared_page;
    struct vcpu_info_x86_32 *vi = (void *)info;
    struct xen_hvm_param p = {
        .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ, .value = 2ull << 56 | VECTOR_DOMAIN};
    struct call call = {.nr = __HYPERVISOR_hvm_op, .arg = {HVMOP_set_param, (ulong)&p}};

    take(0);
    call_init();
    check_equal("callback set by 32-bit code", call_do(&call, WAY_COMPAT), 0);
    check_equal("the wall clock has moved", narrow->wc_sec, shared->wc_sec);
    xen_evtchn_send(port);
    check_true("pending", pending(port) && vi->evtchn_upcall_pending);
    check_equal("32-bit selector", vi->evtchn_pending_sel, 1u << port / 32);
    check_equal("not the 64-bit one", info->evtchn_pending_sel, 0);
    take(0);
    vi->evtchn_pending_sel = 0;
    check_equal("callback set by 64-bit code", set_callback(p.value), 0);
    xen_evtchn_send(port);
    check_equal("64-bit selector", info->evtchn_pending_sel, 1ul << port / 64);
    check_equal("not the 32-bit one", vi->evtchn_pending_sel, 0);
    take(0);
}

static volatile unsigned int in_service;

static void take_by_apic(unsigned int vector)
{
    in_service = apic_read(APIC_ISR + vector / 32 * 0x10) >> (vector % 32) & 1;
    take(vector);
}

static void check_vcpu_vector(void)
{
    struct xen_hvm_evtchn_upcall_vector set = {.vcpu = 0, .vector = 14};

    check_equal("a vector of an exception", hvm_op(HVMOP_set_evtchn_upcall_vector, &set),
                -XEN_EINVAL);
    set.vector = VECTOR_VCPU;
    set.vcpu = 7;
    check_equal("no such vCPU", hvm_op(HVMOP_set_evtchn_upcall_vector, &set), -XEN_ENOENT);
    set.vcpu = 0;
    check_equal("set this vCPU's vector", hvm_op(HVMOP_set_evtchn_upcall_vector, &set), 0);
    irq_hook = take_by_apic;
    irq_reset();
    apic_write(APIC_TPR, 0xf0);
    xen_evtchn_send(port);
    irq_on();
    irq_off();
    check_equal("held back by TPR", irq_log.nr, 0);
    apic_write(APIC_TPR, 0);
    irq_on();
    irq_off();
    check_equal("by the local APIC", irq_log.count[VECTOR_VCPU], 1);
    check_equal("instead of the domain's vector", irq_log.count[VECTOR_DOMAIN], 0);
    check_true("it was in service", in_service);

    /* Linux binds its console before it switches its APIC on. */
    uint32_t spiv = apic_read(APIC_SPIV);
    irq_reset();
    apic_write(APIC_SPIV, spiv & ~0x100u);
    xen_evtchn_send(port);
    irq_on();
    irq_off();
    check_equal("not by an APIC that is off", irq_log.nr, 0);
    apic_write(APIC_SPIV, spiv);
    irq_on();
    irq_off();
    check_equal("but when it is on", irq_log.count[VECTOR_VCPU], 1);
    check_waking(VECTOR_VCPU);
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("needs Xen");
        return;
    }
    irq_init();
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    if (!apic_init() || xen_map_page(XENMAPSPACE_shared_info, 0, shared_page) ||
        evtchn_op(EVTCHNOP_bind_ipi, &ipi)) {
        report_error("cannot set up");
        return;
    }
    port = ipi.port;
    info = &shared->vcpu_info[0];
    irq_hook = take;
    take(0);
    check_features();
    check_wallclock();
    check_domain_vector();
    if (sizeof(ulong) == 8)
        check_latch();
    check_waking(VECTOR_DOMAIN);
    check_vcpu_info();
    check_vcpu_vector();
    /* The console waits by polling from here on. */
    set_callback(0);
    report_success(NULL);
}
