/* SPDX-License-Identifier: MIT */
/*
 * domain.c - domains: creation, pausing, ending.
 *
 * Owns d->state (one writer: domain_set_state) and the pause counts.
 * Promises: killing takes bounded steps (-ERESTART); what a domain had is
 * given back completely, its pages zeroed before reuse.
 */
#include <cairn/domain.h>

#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <cairn/softirq.h>
#include <asm/current.h>
#include <asm/traps.h>
#include <xen/domctl.h>
#include <xen/sched.h>

struct domain *dom0;
struct domain *idle_domain;

static const char *const shutdown_names[] = {"poweroff", "reboot",   "suspend",
                                             "crash",    "watchdog", "soft-reset"};

/* Name of a SHUTDOWN_* reason, as xl says it. */
static const char *shutdown_reason_name(unsigned int reason)
{
    return reason < ARRAY_SIZE(shutdown_names) ? shutdown_names[reason] : "unknown";
}

static bool state_change_legal(enum domain_state from, enum domain_state to)
{
    switch (to) {
    case DOMAIN_alive:
        return from == DOMAIN_building;
    case DOMAIN_dying:
        return from == DOMAIN_building || from == DOMAIN_alive;
    case DOMAIN_dead:
        return from == DOMAIN_dying;
    default:
        return false;
    }
}

/* The one writer of d->state. */
static void domain_set_state(struct domain *d, enum domain_state to)
{
    BUG_ON(!state_change_legal(d->state, to));
    __atomic_store_n(&d->state, to, __ATOMIC_RELEASE);
}

/* ---- creation and freeing ---- */

void domain_free(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        if (!d->vcpu[i])
            continue;
        arch_vcpu_destroy(d->vcpu[i]);
        xfree(d->vcpu[i]);
    }
    arch_domain_free(d);
    evtchn_free(d);
    grant_free(d);
    xfree(d->vcpu);
    xfree(d);
}

struct domain *domain_alloc(domid_t domid, unsigned int max_vcpus)
{
    struct domain *d = xzalloc(struct domain);

    if (!d)
        return NULL;
    d->vcpu = xzalloc_array(struct vcpu *, max_vcpus);
    if (!d->vcpu) {
        xfree(d);
        return NULL;
    }
    d->domain_id = domid;
    d->max_vcpus = max_vcpus;
    d->state = DOMAIN_building;
    d->refcnt = 1;
    d->page_list = d->relmem_cursor = FRAME_NONE;
    d->sched.weight = SCHED_WEIGHT_DEFAULT;
    list_init(&d->list);
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    spin_lock_init(&d->event_lock, LOCK_EVENT);
    spin_lock_init(&d->page_alloc_lock, LOCK_PAGE_ALLOC);
    spin_lock_init(&d->arch.paging_lock, LOCK_PAGING);
    return d;
}

struct domain *domain_create(domid_t domid, const struct xen_domctl_createdomain *cfg,
                             bool privileged, int *rc)
{
    struct domain *d;

    *rc = -EINVAL;
    if (!cfg->max_vcpus || cfg->max_vcpus > MAX_VCPUS || domid >= DOMID_FIRST_RESERVED)
        return NULL;
    *rc = -ENOMEM;
    d = domain_alloc(domid, cfg->max_vcpus);
    if (!d)
        return NULL;
    d->is_hvm = cfg->flags & XEN_DOMCTL_CDF_hvm;
    d->is_privileged = privileged;
    d->createflags = cfg->flags;
    memcpy(d->handle, cfg->handle, sizeof(d->handle));
    d->max_pages = privileged ? UINT32_MAX : 0; /* XEN_DOMCTL_max_mem says */
    d->pause_count = d->controller_pause_count = 1;
    if (!domain_list_insert(d)) {
        *rc = -EEXIST;
        xfree(d->vcpu);
        xfree(d);
        return NULL;
    }
    *rc = evtchn_init(d, cfg->max_evtchn_port);
    if (!*rc)
        *rc = grant_init(d, cfg);
    if (!*rc)
        *rc = arch_domain_create(d, cfg);
    if (*rc) {
        grant_release(d);
        domain_set_state(d, DOMAIN_dying);
        domain_set_state(d, DOMAIN_dead);
        put_domain(d);
        return NULL;
    }
    domain_set_state(d, DOMAIN_alive);
    return d;
}

void vcpu_info_reset(struct vcpu *v)
{
    struct shared_info *si = v->domain->shared_info;

    v->vcpu_info = si && v->vcpu_id < XEN_LEGACY_MAX_VCPUS ? &si->vcpu_info[v->vcpu_id] : NULL;
}

/* Give back the registered page, if any. */
static void vcpu_info_release(struct vcpu *v)
{
    struct page_info *pg = v->vcpu_info_page;

    vcpu_info_reset(v);
    v->vcpu_info_page = NULL;
    if (pg)
        put_page_and_type(pg);
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id, int *rc)
{
    struct vcpu *v;

    *rc = -EINVAL;
    if (id >= d->max_vcpus || domain_vcpu(d, id))
        return NULL;
    *rc = -ENOMEM;
    v = xzalloc(struct vcpu);
    if (!v)
        return NULL;
    v->domain = d;
    v->vcpu_id = id;
    v->pause_flags = VPF_down;
    vcpu_info_reset(v);
    sched_vcpu_init(v);
    *rc = arch_vcpu_create(v);
    if (*rc) {
        sched_vcpu_destroy(v);
        xfree(v);
        return NULL;
    }
    __atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE);
    return v;
}

/* ---- ending ---- */

/* No more events or timers; others see its vCPUs no more. */
static int stop_activity(struct domain *d)
{
    int rc = evtchn_destroy(d);

    if (rc)
        return rc;
    grant_release(d);
    for_each_vcpu(d, v) {
        sched_vcpu_destroy(v);
        vcpu_info_release(v);
    }
    return 0;
}

static int begin_relinquishing(struct domain *d)
{
    page_list_rewind(d);
    return 0;
}

/* Each page's own reference; what others still map stays on the list. */
static int relinquish_memory(struct domain *d)
{
    unsigned long n = 0;

    while (relinquish_pages(d, &n))
        if (n >= 64 && preempt_check())
            return -ERESTART;
    return 0;
}

static int domain_teardown(struct domain *d)
{
    static int (*const steps[])(struct domain * d) = {
        stop_activity,
        arch_domain_teardown,
        /* After its page tables and p2m: nothing translates to what it mapped. */
        grant_release_mappings,
        begin_relinquishing,
        relinquish_memory,
    };

    for (; d->destroy_step < ARRAY_SIZE(steps); d->destroy_step++) {
        int rc = steps[d->destroy_step](d);

        if (rc)
            return rc;
    }
    return 0;
}

int domain_kill(struct domain *d)
{
    int rc;

    if (d == current->domain || d->state == DOMAIN_building)
        return -EINVAL;
    if (d->state == DOMAIN_dead)
        return 0;
    if (d->state == DOMAIN_alive) {
        domain_pause(d);
        spin_lock(&d->page_alloc_lock);
        domain_set_state(d, DOMAIN_dying);
        spin_unlock(&d->page_alloc_lock);
    }
    rc = domain_teardown(d);
    if (rc)
        return rc;
    domain_set_state(d, DOMAIN_dead);
    idle_wake(); /* to clear its memory */
    domain_exception_raise();
    put_domain(d); /* creation's reference */
    return 0;
}

/* dom0 is the machine's operator: its end is the machine's. */
static noreturn void hwdom_shutdown(unsigned int reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        printk(XENLOG_ERR "Hardware Dom0 halted: powering off\n");
        console_flush();
        machine_poweroff();
    case SHUTDOWN_crash:
        printk(XENLOG_ERR "Hardware Dom0 crashed: %s\n",
               opt_noreboot ? "halting (noreboot)" : "rebooting");
        console_flush();
        if (opt_noreboot)
            machine_halt();
        machine_restart();
    default:
        printk(XENLOG_ERR "Hardware Dom0 shut down (%s): rebooting\n",
               shutdown_reason_name(reason));
        console_flush();
        machine_restart();
    }
}

/* Whoever sets is_shutting_down first decides how the domain ends. */
static bool claim_shutdown(struct domain *d)
{
    return ACCESS_ONCE(d->state) == DOMAIN_alive &&
           !__atomic_exchange_n(&d->is_shutting_down, true, __ATOMIC_SEQ_CST);
}

static void finish_shutdown(struct domain *d, unsigned int reason)
{
    if (d == dom0)
        hwdom_shutdown(reason);
    d->shutdown_code = reason;
    __atomic_store_n(&d->is_shut_down, true, __ATOMIC_RELEASE);
    for_each_vcpu(d, v)
        vcpu_pause_nosync(v);
    printk(XENLOG_INFO "d%d: shut down: reason %s\n", d->domain_id, shutdown_reason_name(reason));
    domain_exception_raise();
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
    if (claim_shutdown(d))
        finish_shutdown(d, reason);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    struct vcpu *v = current->domain == d ? current : domain_vcpu(d, 0);
    char text[160];
    va_list args;

    if (!claim_shutdown(d))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    printk(XENLOG_ERR "d%d crashed: %s\n", d->domain_id, text);
    if (v)
        vcpu_dump_registers(v);
    finish_shutdown(d, SHUTDOWN_crash);
}

/* ---- pausing ---- */

void domain_pause(struct domain *d)
{
    ASSERT(d != current->domain);
    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    for_each_vcpu(d, v)
        vcpu_sleep_sync(v);
}

void domain_unpause(struct domain *d)
{
    if (__atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST))
        return;
    for_each_vcpu(d, v)
        vcpu_wake(v);
}

/* A toolstack that pauses without end must not wrap the count. */
#define CONTROLLER_PAUSE_MAX 255

int domain_pause_by_controller(struct domain *d)
{
    spin_lock(&d->lock);
    if (d->controller_pause_count >= CONTROLLER_PAUSE_MAX) {
        spin_unlock(&d->lock);
        return -EOVERFLOW;
    }
    d->controller_pause_count++;
    spin_unlock(&d->lock);
    domain_pause(d);
    return 0;
}

int domain_unpause_by_controller(struct domain *d)
{
    spin_lock(&d->lock);
    if (!d->controller_pause_count) {
        spin_unlock(&d->lock);
        return -EINVAL;
    }
    d->controller_pause_count--;
    spin_unlock(&d->lock);
    domain_unpause(d);
    return 0;
}
