/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest makes hypercalls: every operation with structures that are
 * almost right, and any number with anything; from ring 0 and ring 3, from 64-
 * and 32-bit code; arguments at good places, across a page's end, in absent and
 * read-only pages, at addresses that are none.  The random numbers are fixed by
 * the seed: `calls=N seed=N` on the command line; `show=N` prints the calls from the
 * N-th on.
 *
 * Here is checked that each result is one, that ring 3 is always refused
 * (-EPERM), and that we live on.  What each operation answered is printed for
 * the test of the host (test/system/test_hypercalls.py), which also looks
 * whether the host lives, its audit is clean and its memory comes back.
 *
 * Bare: there is no hypervisor to ask; skipped.
 */
#include "fuzz.h"

#include <xen/grant_table.h>
#include <xen/vcpu.h>

const char test_title[] = "Hostile hypercalls";

#define CALLS        10000u
#define TABLE_FRAMES 2u
#define GRANTS       24u

static grant_entry_v1_t table[TABLE_FRAMES * 512] PAGE_BSS;

static long evtchn_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

/* ---- the port of our console: dom0 is to hear of the ring ---- */

static evtchn_port_t console, remote;

static bool console_bound(void)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = console};

    if (evtchn_op(EVTCHNOP_status, &status) || status.status != EVTCHNSTAT_interdomain ||
        status.u.interdomain.dom != 0)
        return false;
    if (!remote)
        remote = status.u.interdomain.port;
    return status.u.interdomain.port == remote;
}

static bool find_console(void)
{
    uint64_t port;

    if (xen_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port))
        return false;
    console = port;
    return console_bound();
}

/* Ports are given lowest first: after a reset we get to the same again. */
static void keep_console(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_port = remote};
    struct evtchn_alloc_unbound fill = {.dom = DOMID_SELF, .remote_dom = 0};

    if (console_bound())
        return;
    evtchn_op(EVTCHNOP_reset, &reset);
    for (evtchn_port_t port = 1; port < console; port++)
        evtchn_op(EVTCHNOP_alloc_unbound, &fill);
    evtchn_op(EVTCHNOP_bind_interdomain, &bind);
    if (!console_bound())
        panic("our console's port cannot be had again");
}

/* ---- what calls refer to ---- */

/* A port that we may bind to ourselves tells our number. */
static bool find_self(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};

    if (evtchn_op(EVTCHNOP_alloc_unbound, &alloc))
        return false;
    status.port = alloc.port;
    if (evtchn_op(EVTCHNOP_status, &status))
        return false;
    self = status.u.unbound.dom;
    return true;
}

/* The table may have been moved away, by ourselves. */
static void renew_grants(void)
{
    for (unsigned int i = 0; i < TABLE_FRAMES; i++)
        xen_map_page(XENMAPSPACE_grant_table, i, (char *)table + i * PAGE_SIZE);
    for (unsigned int ref = 0; ref < GRANTS; ref++) {
        table[ref].domid = any(8) ? self : any_domid();
        table[ref].frame = any_gfn();
        table[ref].flags = any(8) ? GTF_permit_access | (any(3) ? 0 : GTF_readonly) : any(0x10000);
    }
}

static union {
    struct shared_info info;
    uint8_t bytes[PAGE_SIZE];
} shared PAGE_BSS;

/* Only @port raises an upcall, and none is pending: one that is already there,
 * of our console perhaps, would not end a wait with interrupts off. */
static void only_event(evtchn_port_t port)
{
    const unsigned int bits = sizeof(ulong) * 8;

    check_equal("add_to_physmap(shared_info)", xen_map_page(XENMAPSPACE_shared_info, 0, &shared),
                0);
    memset(shared.info.evtchn_mask, 0xff, sizeof(shared.info.evtchn_mask));
    shared.info.evtchn_mask[port / bits] &= ~(1ul << port % bits);
    shared.info.evtchn_pending[port / bits] &= ~(1ul << port % bits);
    shared.info.vcpu_info[0].evtchn_pending_sel = 0;
    shared.info.vcpu_info[0].evtchn_upcall_pending = 0;
}

/* SCHEDOP_block waits for an event: asked once, with a timer's to come. */
static void check_block(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct vcpu_runstate_info now;
    struct vcpu_set_singleshot_timer timer = {0};
    long rc;

    check_equal("bind_virq", evtchn_op(EVTCHNOP_bind_virq, &virq), 0);
    only_event(virq.port);
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (ulong)&now, 0, 0);
    timer.timeout_abs_ns = now.state_entry_time + 50000000;
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, (ulong)&timer, 0, 0);
    rc = hypercall2(__HYPERVISOR_sched_op, SCHEDOP_block, NULL);
    check_equal("block", rc, 0);
    memset(shared.info.evtchn_mask, 0, sizeof(shared.info.evtchn_mask));
    cover_note(is_abi32(WAY_NATIVE), __HYPERVISOR_sched_op, SCHEDOP_block, rc);
}

/* ---- the run ---- */

static void note(const struct attempt *a, bool abi32, int64_t rc)
{
    int16_t status;

    cover_note(abi32, a->call.nr, a->sub, rc);
    if (a->call.nr == __HYPERVISOR_multicall && !rc)
        multicall_results(a, abi32);
    if (rc || a->status_at < 0 || !a->place.seen)
        return;
    memcpy(&status, a->place.seen + a->status_at, sizeof(status));
    cover_note_status(abi32, a->call.nr, a->sub, status);
}

static void show(const struct attempt *a, enum way way)
{
    printk("%u: %llx(%llx, %llx, %llx)", way, (unsigned long long)a->call.nr,
           (unsigned long long)a->call.arg[0], (unsigned long long)a->call.arg[1],
           (unsigned long long)a->call.arg[2]);
    /* What follows the page may be absent. */
    for (const uint8_t *at = a->place.seen, *end = at + 48; at && at < end; at += 4)
        if (((ulong)at + 3) / PAGE_SIZE == (ulong)a->place.seen / PAGE_SIZE)
            printk(" %02x%02x%02x%02x", at[3], at[2], at[1], at[0]);
        else
            break;
    printk("\n");
}

static void one(enum way way, bool shown)
{
    bool abi32 = is_abi32(way);
    struct attempt a;
    int64_t rc;

    attempt_make(&a, abi32);
    if (shown)
        show(&a, way);
    rc = call_do(&a.call, way);
    if (!is_user(way))
        note(&a, abi32, rc);
    else if (rc != -XEN_EPERM)
        report_failure("hypercall %llx from ring 3: %llx", (unsigned long long)a.call.nr,
                       (unsigned long long)rc);
    if (a.disturbs)
        keep_console();
}

static void run(uint64_t calls)
{
    uint64_t by_way[WAYS] = {0}, shown = cmdline_number("show", calls);

    for (uint64_t i = 0; i < calls; i++) {
        enum way way = any(16)  ? any(3) ? WAY_NATIVE : WAY_COMPAT
                       : any(2) ? WAY_USER
                                : WAY_USER_COMPAT;

        if (i % 512 == 0)
            renew_grants();
        one(way, i >= shown);
        by_way[way]++;
    }
    printk("calls %llu: ring 0 %llu and %llu in the other mode, ring 3 %llu and %llu\n",
           (unsigned long long)calls, (unsigned long long)by_way[WAY_NATIVE],
           (unsigned long long)by_way[WAY_COMPAT], (unsigned long long)by_way[WAY_USER],
           (unsigned long long)by_way[WAY_USER_COMPAT]);
}

void test_main(void)
{
    struct sched_shutdown code = {.reason = SHUTDOWN_poweroff};

    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    if (!find_console() || !find_self()) {
        report_error("our console's port or our number cannot be found");
        return;
    }
    seed = cmdline_number("seed", 1) * 0x9e3779b97f4a7c15ull | 1;
    call_init();
    places_init();
    check_block();
    run(cmdline_number("calls", CALLS));
    keep_console();
    cover_print();
    check_equal("shutdown_code", hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown_code, &code),
                0);
    report_success("alive");
}
