/* SPDX-License-Identifier: MIT */
/*
 * guests.c - what runs on the CPUs: guests that use event channels, grants
 * and pages of each other in every order, a control domain that pauses, moves,
 * creates and kills them, idle CPUs that wake what sleeps.
 */
#include "stress.h"

#include "../../xen/common/grant_private.h"
#include "../../xen/common/sched_private.h"

#include <asm/current.h>
#include <cairn/errno.h>
#include <cairn/evtchn_port.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <stdio.h>
#include <unistd.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

/* As in the hypervisor: one control operation at a time. */
static DEFINE_SPINLOCK(control, LOCK_DOMCTL);
static unsigned long pages_at_start;

uint32_t rng_below(struct rng *r, uint32_t n)
{
    r->x ^= r->x >> 12;
    r->x ^= r->x << 25;
    r->x ^= r->x >> 27;
    return (r->x * 0x2545f4914f6cdd1dull >> 33) % n;
}

/* ---- event channels ---- */

static long event_op(unsigned int cmd, void *op)
{
    return do_event_channel_op(cmd, (unsigned long)op);
}

static void event_step(struct rng *r)
{
    domid_t other = rng_below(r, NR_DOMAINS + 1);
    uint32_t port = rng_below(r, NR_PORTS), vcpu = rng_below(r, VCPUS + 1);

    switch (rng_below(r, 10)) {
    case 0: {
        struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = other};
        event_op(EVTCHNOP_alloc_unbound, &op);
        break;
    }
    case 1: {
        struct evtchn_bind_interdomain op = {.remote_dom = other, .remote_port = port};
        event_op(EVTCHNOP_bind_interdomain, &op);
        break;
    }
    case 2: {
        struct evtchn_bind_virq op = {.virq = rng_below(r, NR_VIRQS + 1), .vcpu = vcpu};
        event_op(EVTCHNOP_bind_virq, &op);
        break;
    }
    case 3: {
        struct evtchn_bind_ipi op = {.vcpu = vcpu};
        event_op(EVTCHNOP_bind_ipi, &op);
        break;
    }
    case 4: {
        struct evtchn_close op = {.port = port};
        event_op(EVTCHNOP_close, &op);
        break;
    }
    case 5: {
        struct evtchn_unmask op = {.port = port};
        event_op(EVTCHNOP_unmask, &op);
        break;
    }
    case 6: {
        struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};
        event_op(EVTCHNOP_bind_vcpu, &op);
        break;
    }
    case 7: {
        struct evtchn_status op = {.dom = other, .port = port};
        event_op(EVTCHNOP_status, &op);
        break;
    }
    case 8:
        if (!rng_below(r, 200)) {
            struct evtchn_reset op = {.dom = DOMID_SELF};
            event_op(EVTCHNOP_reset, &op);
        }
        break;
    default: {
        struct evtchn_send op = {.port = port};
        event_op(EVTCHNOP_send, &op);
        break;
    }
    }
}

/* ---- pages ---- */

static const uint64_t page_types[] = {PGT_writable_page, PGT_writable_page, PGT_seg_desc_page,
                                      PGT_l1_page_table};

static void use_page(struct rng *r, struct domain *d)
{
    struct page_info *pg = &stress_frames[some_frame(r, d)];
    uint64_t type = page_types[rng_below(r, ARRAY_SIZE(page_types))];
    int rc = -EINVAL;

    if (!get_page(pg, d))
        return;
    /* Types of tables are taken under the lock, plain ones are not. */
    if (type != PGT_writable_page)
        spin_lock(&d->arch.paging_lock);
    while ((rc = get_page_type(pg, type)) == -ERESTART)
        ;
    if (!rc)
        put_page_type(pg);
    if (type != PGT_writable_page)
        spin_unlock(&d->arch.paging_lock);
    put_page(pg);
}

/* What another has left there is seen here: nobody else knows these pages. */
static void use_fresh_pages(unsigned int order)
{
    uint64_t *word = alloc_xen_pages(order, 0);

    for (unsigned int i = 0; word && i < (PAGE_SIZE << order) / sizeof(*word); i += 64) {
        BUG_ON(word[i]);
        word[i] = 1;
    }
    free_xen_pages(word, order);
}

static void page_step(struct rng *r)
{
    struct domain *d = current->domain;

    switch (rng_below(r, 8)) {
    case 0:
        alloc_domheap_pages(d, rng_below(r, 3), 0);
        use_fresh_pages(rng_below(r, 3));
        break;
    case 1: { /* as decrease_reservation does */
        struct page_info *pg = &stress_frames[some_frame(r, d)];
        if (get_page(pg, d)) {
            if (!(pg->count_info & PGC_xen_heap))
                put_page_alloc_ref(pg);
            put_page(pg);
        }
        break;
    }
    default:
        use_page(r, d);
    }
}

/* ---- the control domain ---- */

static void new_domain(domid_t domid)
{
    const struct xen_domctl_createdomain cfg = {.max_vcpus = VCPUS,
                                                .max_evtchn_port = NR_PORTS,
                                                .max_grant_frames = 2,
                                                .max_maptrack_frames = 4,
                                                .grant_opts = 1};
    int rc;
    struct domain *d = domain_create(domid, &cfg, false, &rc);

    if (!d)
        return;
    d->max_pages = 3 * FIRST_PAGES;
    for (unsigned int i = 0; i < FIRST_PAGES; i++)
        alloc_domheap_pages(d, 0, 0);
    for (unsigned int i = 0; i < VCPUS; i++) {
        struct vcpu *v = vcpu_create(d, i, &rc);
        if (!v)
            continue;
        v->is_initialised = true;
        __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
    }
    domain_unpause_by_controller(d);
}

static struct vcpu *some_vcpu(struct rng *r, struct domain *d)
{
    return domain_vcpu(d, rng_below(r, VCPUS));
}

/* A domain that the control domain may stop: neither itself nor the mortals'
 * creator. */
static void control_domain(struct rng *r, struct domain *d)
{
    struct vcpu *v = some_vcpu(r, d);

    switch (rng_below(r, 6)) {
    case 0:
        if (v && d != current->domain) {
            vcpu_pause(v);
            vcpu_unpause(v);
        }
        break;
    case 1:
        if (d != current->domain) {
            domain_pause(d);
            domain_unpause(d);
        }
        break;
    case 2:
        if (v)
            vcpu_set_affinity(v, 1 + rng_below(r, (1u << nr_cpus_online) - 1));
        break;
    case 3:
        __atomic_store_n(&d->sched.weight, 64 + rng_below(r, 512), __ATOMIC_RELAXED);
        break;
    case 4:
        if (d->domain_id > MORTALS && !rng_below(r, 4))
            domain_shutdown(d, SHUTDOWN_poweroff);
        break;
    default:
        if (d->domain_id > MORTALS && !rng_below(r, 3))
            while (domain_kill(d) == -ERESTART)
                ;
    }
}

static void control_step(struct rng *r)
{
    domid_t domid = rng_below(r, NR_DOMAINS);
    struct domain *d;

    /* Who waits for the lock must go on scheduling. */
    if (!spin_trylock(&control))
        return;
    d = get_domain_by_id(domid);
    if (d) {
        control_domain(r, d);
        put_domain(d);
    } else if (domid) {
        new_domain(domid);
    }
    spin_unlock(&control);
}

/* ---- scheduling ---- */

static unsigned int lost_wakes, lost_time; /* atomic */

/* All its time since its creation is some state's, whoever asks and when. */
static void read_time(const struct vcpu *v)
{
    s_time_t t = vcpu_cpu_time(v);

    if (t < 0 || t > NOW())
        __atomic_add_fetch(&lost_time, 1, __ATOMIC_RELAXED);
}

/* Another CPU may be between unblocking it and queueing it; what is lost stays lost. */
static bool stays_off_queue(const struct vcpu *v)
{
    for (unsigned int i = 0; i < 1000; i++) {
        if (!vcpu_runnable(v) || queued(v))
            return false;
        smp_poll();
        usleep(1000);
    }
    return true;
}

/* While nobody is paused or continued: who blocked for nothing goes on. */
static void block(void)
{
    vcpu_block();
    if (!spin_trylock(&control))
        return;
    if (stays_off_queue(current))
        __atomic_add_fetch(&lost_wakes, 1, __ATOMIC_RELAXED);
    spin_unlock(&control);
}

/* As VCPUOP_down and VCPUOP_up, by one vCPU to another. */
static void down_and_up(struct vcpu *v)
{
    if (!spin_trylock(&control))
        return;
    __atomic_or_fetch(&v->pause_flags, VPF_down, __ATOMIC_SEQ_CST);
    vcpu_sleep_nosync(v);
    __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
    vcpu_wake(v);
    spin_unlock(&control);
}

static void sched_step(struct rng *r)
{
    struct vcpu *v = some_vcpu(r, current->domain);

    switch (rng_below(r, 6)) {
    case 0:
        vcpu_yield();
        break;
    case 1:
        block();
        break;
    case 2:
        if (v)
            send_guest_virq(v, VIRQ_TIMER);
        break;
    case 3:
        if (v)
            down_and_up(v);
        break;
    case 4:
        if (v)
            read_time(v);
        break;
    default:
        if (v)
            vcpu_unblock(v);
    }
}

static void idle_step(struct rng *r)
{
    struct domain *d = get_domain_by_id(rng_below(r, NR_DOMAINS));

    scrub_free_pages();
    if (!d)
        return;
    for_each_vcpu(d, v)
        vcpu_unblock(v);
    put_domain(d);
}

void guest_step(struct rng *r)
{
    if (is_idle_vcpu(current)) {
        idle_step(r);
        return;
    }
    if (current->domain->is_privileged && !rng_below(r, 4)) {
        control_step(r);
        return;
    }
    switch (rng_below(r, 8)) {
    case 0:
    case 1:
    case 2:
        event_step(r);
        break;
    case 3:
    case 4:
        grant_step(r);
        break;
    case 5:
    case 6:
        page_step(r);
        break;
    default:
        sched_step(r);
    }
}

/* ---- before and after ---- */

void guests_init(void)
{
    const struct xen_domctl_createdomain cfg = {.max_vcpus = VCPUS,
                                                .max_evtchn_port = NR_PORTS,
                                                .max_grant_frames = 2,
                                                .max_maptrack_frames = 4,
                                                .grant_opts = 1};
    int rc;

    dom0 = domain_create(0, &cfg, true, &rc);
    BUG_ON(!dom0);
    dom0->max_pages = 3 * FIRST_PAGES;
    for (unsigned int i = 0; i < VCPUS; i++) {
        struct vcpu *v = vcpu_create(dom0, i, &rc);
        v->is_initialised = true;
        v->pause_flags = 0;
    }
    domain_unpause_by_controller(dom0);
    pages_at_start = avail_pages();
}

static bool complain(const char *what, unsigned long found, unsigned long wanted)
{
    if (found != wanted)
        fprintf(stderr, "check: %s: found %lu, wanted %lu\n", what, found, wanted);
    return found == wanted;
}

/* Each end of a channel is bound to the other. */
static bool check_ports(struct domain *d)
{
    for (unsigned int port = 1; port < d->max_evtchn_port; port++) {
        const struct evtchn *chn = &d->evtchn[0][port];
        if (chn->state != ECS_INTERDOMAIN)
            continue;
        struct domain *rd = get_domain_by_id(chn->remote_domid);
        if (!rd)
            continue;
        const struct evtchn *other = &rd->evtchn[0][chn->remote_port];
        bool good = other->state == ECS_INTERDOMAIN && other->remote_port == port &&
                    other->remote_domid == d->domain_id;
        put_domain(rd);
        if (!good)
            return complain("other end of a channel", other->state, ECS_INTERDOMAIN);
    }
    return true;
}

/* A vCPU is queued, once and where it belongs, exactly if it may run. */
static bool check_queues(void)
{
    bool good = true;

    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++) {
        const struct run_queue *rq = &run_queues[cpu];
        unsigned long nr = 0, load = 0;
        struct vcpu *v;
        list_for_each_entry(v, &rq->queue, sched.list) {
            nr++;
            load += v->queued_weight;
            good &= complain("CPU of a queued vCPU", v->processor, cpu);
            good &= complain("queued vCPU may run", vcpu_runnable(v), true);
        }
        good &= complain("length of a queue", rq->nr, nr);
        good &= complain("load of a queue", rq->load, load);
    }
    return good;
}

static bool check_vcpus(const struct domain *d)
{
    for_each_vcpu(d, v)
        if (vcpu_runnable(v) != queued(v))
            return complain("vCPU queued", queued(v), vcpu_runnable(v));
    return true;
}

static unsigned int active_entries(const struct grant_table *gt)
{
    unsigned int n = 0;

    for (uint32_t ref = 0; ref < grant_nr_entries(gt); ref++)
        n += grant_in_use(grant_active(gt, ref)->pins);
    return n;
}

/* domain_pause() would wait for vCPUs of CPUs that have ended. */
static void pause_for_good(struct domain *d)
{
    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    for_each_vcpu(d, v)
        vcpu_sleep_nosync(v);
    machine_quiesce();
}

bool guests_check(void)
{
    bool good = check_queues() && complain("wakes lost", lost_wakes, 0) &&
                complain("times out of place", lost_time, 0);

    for (domid_t id = 0; id < NR_DOMAINS; id++) {
        struct domain *d = get_domain_by_id(id);
        if (!d)
            continue;
        good &= check_ports(d) && check_vcpus(d);
        put_domain(d);
    }
    /* This thread goes on as the idle CPU that every killed vCPU leaves. */
    for (domid_t id = 1; id < NR_DOMAINS; id++) {
        struct domain *d = get_domain_by_id(id);
        if (!d)
            continue;
        pause_for_good(d);
        while (domain_kill(d) == -ERESTART)
            ;
        put_domain(d);
    }
    pause_for_good(dom0);
    release_slots(dom0);
    while (grant_release_mappings(dom0) == -ERESTART)
        ;
    machine_quiesce();
    good &= complain("vCPUs that still run", !is_idle_vcpu(current), 0);
    for (domid_t id = 1; id < NR_DOMAINS; id++)
        good &= complain("domains that are still known", get_domain_by_id(id) != NULL, 0);
    /* What dom0 holds stays: its own pages, mapping records, frames of grants. */
    unsigned long kept = dom0->tot_pages + dom0->grant->nr_map_frames +
                         (dom0->grant->maptrack != NULL) +
                         (dom0->grant->nr_frames - 1) * (1 + (1u << ACTIVE_ORDER));
    good &= complain("active grants of dom0", active_entries(dom0->grant), 0);
    good &= complain("free pages", avail_pages() + kept, pages_at_start);
    scrub_free_pages();
    good &= complain("pages still to be cleared", dirty_pages(), 0);
    return good;
}
