/* SPDX-License-Identifier: MIT */
/*
 * Event channels: the life of a port bound to ourselves, of a virtual interrupt
 * and of an IPI; then every operation on ports that are closed, of the wrong
 * kind, or no ports at all; then ports until there are no more; the last one's
 * bits in shared_info.
 *
 * Bare: there is no hypervisor to ask; skipped.
 */
#include <guest/test.h>

const char test_title[] = "Event channels";

#define NO_DOMAIN 0x7f00
#define WORD_BITS (sizeof(ulong) * 8)
#define PORTS     (WORD_BITS * WORD_BITS) /* of the two-level ABI */

static union {
    struct shared_info info;
    uint8_t bytes[PAGE_SIZE];
} shared PAGE_BSS;

static long op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static long alloc(domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = remote};
    long rc = op(EVTCHNOP_alloc_unbound, &a);

    *port = a.port;
    return rc;
}

static long close_port(evtchn_port_t port)
{
    struct evtchn_close c = {.port = port};

    return op(EVTCHNOP_close, &c);
}

static uint32_t status_of(evtchn_port_t port)
{
    struct evtchn_status s = {.dom = DOMID_SELF, .port = port};

    return op(EVTCHNOP_status, &s) ? UINT32_MAX : s.status;
}

static bool pending(evtchn_port_t port)
{
    const volatile ulong *word = (ulong *)shared.info.evtchn_pending;

    return word[port / WORD_BITS] >> (port % WORD_BITS) & 1;
}

static void check_pair(void)
{
    evtchn_port_t a;
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_send send;

    check_equal("alloc_unbound", alloc(DOMID_SELF, &a), 0);
    check_equal("its status", status_of(a), EVTCHNSTAT_unbound);
    bind.remote_port = a;
    check_equal("bind_interdomain", op(EVTCHNOP_bind_interdomain, &bind), 0);
    check_equal("status of one end", status_of(a), EVTCHNSTAT_interdomain);
    check_equal("status of the other", status_of(bind.local_port), EVTCHNSTAT_interdomain);
    check_equal("bind again", op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    send.port = bind.local_port;
    check_true("nothing pending yet", !pending(a));
    check_equal("send", op(EVTCHNOP_send, &send), 0);
    check_true("the event has arrived", pending(a));
    check_equal("close one end", close_port(bind.local_port), 0);
    check_equal("the other is unbound again", status_of(a), EVTCHNSTAT_unbound);
    check_equal("close it", close_port(a), 0);
    check_true("a closed port is not pending", !pending(a));
    check_equal("close it again", close_port(a), -XEN_EINVAL);
    check_equal("send through it", op(EVTCHNOP_send, &send), -XEN_EINVAL);
}

static void check_virq(void)
{
    struct evtchn_bind_virq v = {.virq = VIRQ_TIMER};
    struct evtchn_send send;
    evtchn_port_t port;

    check_equal("bind_virq(timer)", op(EVTCHNOP_bind_virq, &v), 0);
    port = v.port;
    check_equal("its status", status_of(port), EVTCHNSTAT_virq);
    check_equal("bind_virq again", op(EVTCHNOP_bind_virq, &v), -XEN_EEXIST);
    send.port = port;
    check_equal("send to a virtual interrupt", op(EVTCHNOP_send, &send), -XEN_EINVAL);
    check_equal("close", close_port(port), 0);
    v.virq = NR_VIRQS;
    check_equal("bind_virq beyond the last", op(EVTCHNOP_bind_virq, &v), -XEN_EINVAL);
    v = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 1000};
    check_equal("bind_virq on no vCPU", op(EVTCHNOP_bind_virq, &v), -XEN_ENOENT);
    v = (struct evtchn_bind_virq){.virq = VIRQ_DOM_EXC};
    check_equal("bind_virq of dom0's", op(EVTCHNOP_bind_virq, &v), -XEN_EPERM);
}

static void check_ipi(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_bind_vcpu to = {.vcpu = 0};
    struct evtchn_send send;

    check_equal("bind_ipi", op(EVTCHNOP_bind_ipi, &ipi), 0);
    send.port = to.port = ipi.port;
    check_equal("its status", status_of(ipi.port), EVTCHNSTAT_ipi);
    check_equal("send", op(EVTCHNOP_send, &send), 0);
    check_true("it has arrived", pending(ipi.port));
    check_equal("bind_vcpu of an IPI", op(EVTCHNOP_bind_vcpu, &to), -XEN_EINVAL);
    check_equal("close", close_port(ipi.port), 0);
    ipi.vcpu = 1000;
    check_equal("bind_ipi on no vCPU", op(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOENT);
}

/* Every operation on @port, which is none. */
static void check_no_port(evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};
    struct evtchn_unmask unmask = {.port = port};
    struct evtchn_bind_vcpu to = {.port = port};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF, .remote_port = port};

    check_equal("close of no port", close_port(port), -XEN_EINVAL);
    check_equal("send to no port", op(EVTCHNOP_send, &send), -XEN_EINVAL);
    check_equal("unmask of no port", op(EVTCHNOP_unmask, &unmask), -XEN_EINVAL);
    check_equal("bind_vcpu of no port", op(EVTCHNOP_bind_vcpu, &to), -XEN_EINVAL);
    check_equal("bind_interdomain to no port", op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
}

static void check_other_domains(void)
{
    struct evtchn_alloc_unbound a = {.dom = 0, .remote_dom = DOMID_SELF};
    struct evtchn_status s = {.dom = 0, .port = 1};
    struct evtchn_reset reset = {.dom = 0};
    struct evtchn_bind_interdomain bind = {.remote_dom = NO_DOMAIN, .remote_port = 1};

    check_equal("alloc_unbound for dom0", op(EVTCHNOP_alloc_unbound, &a), -XEN_EPERM);
    check_equal("status of dom0's port", op(EVTCHNOP_status, &s), -XEN_EPERM);
    check_equal("reset of dom0", op(EVTCHNOP_reset, &reset), -XEN_EPERM);
    check_equal("bind_interdomain to nobody", op(EVTCHNOP_bind_interdomain, &bind), -XEN_ESRCH);
    bind.remote_dom = 0;
    check_equal("bind_interdomain to a port of dom0's that is not for us",
                op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    a.dom = NO_DOMAIN;
    check_equal("alloc_unbound for nobody", op(EVTCHNOP_alloc_unbound, &a), -XEN_ESRCH);
}

/* Ports of the right number and the wrong kind; the other ABI, refused. */
static void check_wrong_kinds(void)
{
    evtchn_port_t foreign, unbound;
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_bind_virq v = {.virq = VIRQ_TIMER};
    struct evtchn_bind_vcpu to = {.vcpu = 0};
    struct evtchn_send send;
    struct evtchn_status s = {.dom = DOMID_SELF, .port = PORTS};
    struct evtchn_init_control init = {.control_gfn = (ulong)&shared >> 12};

    check_equal("alloc_unbound for dom0's end", alloc(0, &foreign), 0);
    bind.remote_port = foreign;
    check_equal("bind_interdomain to a port kept for another", op(EVTCHNOP_bind_interdomain, &bind),
                -XEN_EINVAL);
    check_equal("alloc_unbound", alloc(DOMID_SELF, &unbound), 0);
    send.port = to.port = unbound;
    check_equal("send while nobody is bound", op(EVTCHNOP_send, &send), 0);
    check_true("it goes nowhere", !pending(unbound));
    check_equal("bind_vcpu of an unbound port", op(EVTCHNOP_bind_vcpu, &to), 0);
    to.vcpu = 1000;
    check_equal("bind_vcpu to no vCPU", op(EVTCHNOP_bind_vcpu, &to), -XEN_ENOENT);
    check_equal("bind_virq", op(EVTCHNOP_bind_virq, &v), 0);
    to = (struct evtchn_bind_vcpu){.port = v.port};
    check_equal("bind_vcpu of a vCPU's own interrupt", op(EVTCHNOP_bind_vcpu, &to), -XEN_EINVAL);
    check_equal("status beyond the last port", op(EVTCHNOP_status, &s), -XEN_EINVAL);
    init.offset = 4;
    check_equal("init_control, crooked", op(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    init.offset = PAGE_SIZE - 8;
    check_equal("init_control over the end", op(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    init.offset = 0;
    check_equal("init_control", op(EVTCHNOP_init_control, &init), -XEN_ENOSYS);
    init.vcpu = 1000;
    check_equal("init_control of no vCPU", op(EVTCHNOP_init_control, &init), -XEN_ENOENT);
    close_port(foreign);
    close_port(unbound);
    close_port(v.port);
}

/* An event of the last port while it is masked, and when it no longer is. */
static void check_last_port(void)
{
    volatile struct vcpu_info *vi = &shared.info.vcpu_info[0];
    volatile xen_ulong_t *mask = &shared.info.evtchn_mask[WORD_BITS - 1];
    const ulong bit = 1ul << (WORD_BITS - 1);
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_unmask unmask = {.port = PORTS - 1};

    check_equal("close the last port", close_port(PORTS - 1), 0);
    check_equal("bind_ipi gets it", op(EVTCHNOP_bind_ipi, &ipi), 0);
    check_equal("number", ipi.port, PORTS - 1);
    *mask = bit;
    vi->evtchn_pending_sel = 0;
    vi->evtchn_upcall_pending = 0;
    check_equal("send", xen_evtchn_send(ipi.port), 0);
    check_equal("its word", shared.info.evtchn_pending[WORD_BITS - 1], bit);
    check_true("but masked", !vi->evtchn_pending_sel && !vi->evtchn_upcall_pending);
    check_equal("unmask", op(EVTCHNOP_unmask, &unmask), 0);
    check_equal("mask", *mask, 0);
    check_true("the vCPU is told", vi->evtchn_upcall_pending);
    check_equal("of the last word", vi->evtchn_pending_sel, bit);
}

static void check_all_ports(void)
{
    unsigned int n = 0, first = 0;
    evtchn_port_t port, last = 0;
    long rc;

    while ((rc = alloc(DOMID_SELF, &port)) == 0 && n < PORTS) {
        first = first ? first : port;
        last = port;
        n++;
    }
    printk("  %u more ports\n", n);
    check_equal("no more ports", rc, -XEN_ENOSPC);
    check_equal("the last one", last, PORTS - 1);
    check_last_port();
    check_equal("close one", close_port(first), 0);
    check_equal("it is given again", alloc(DOMID_SELF, &port), 0);
    check_equal("the same one", port, first);
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    check_equal("add_to_physmap(shared_info)", xen_map_page(XENMAPSPACE_shared_info, 0, &shared),
                0);
    check_pair();
    check_virq();
    check_ipi();
    check_no_port(0);
    check_no_port(200);
    check_no_port(4096);
    check_no_port(UINT32_MAX);
    check_other_domains();
    check_wrong_kinds();
    check_equal("unknown operation", op(99, &shared), -XEN_ENOSYS);
    check_all_ports();
    report_success(NULL);
}
