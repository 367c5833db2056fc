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

static grant_entry_v1_t table[TABLE_FRAMES * 512] PAGE_BSS;

/* The table may have been moved away, by ourselves. */
static void renew_grants(void)
{
    for (unsigned int i = 0; i < TABLE_FRAMES; i++)
        xen_map_page(XENMAPSPACE_grant_table, i, (char *)table + i * PAGE_SIZE);
    grants_fill(table);
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

static void one(enum way way, bool shown)
{
    bool abi32 = is_abi32(way);
    struct attempt a;
    int64_t rc;

    attempt_make(&a, abi32);
    if (shown)
        attempt_show(&a, way);
    rc = call_do(&a.call, way);
    if (!is_user(way))
        cover_attempt(&a, abi32, rc);
    else if (rc != -XEN_EPERM)
        report_failure("hypercall %llx from ring 3: %llx", (unsigned long long)a.call.nr,
                       (unsigned long long)rc);
    if (a.disturbs)
        console_keep();
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
    uint64_t port;

    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    if (xen_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port) || !console_find(port) || !self_find()) {
        report_error("our console's port or our number cannot be found");
        return;
    }
    seed = cmdline_number("seed", 1) * 0x9e3779b97f4a7c15ull | 1;
    call_init();
    places_init();
    check_block();
    run(cmdline_number("calls", CALLS));
    console_keep();
    cover_print();
    check_equal("shutdown_code", hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown_code, &code),
                0);
    report_success("alive");
}
