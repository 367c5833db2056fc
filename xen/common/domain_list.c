/* SPDX-License-Identifier: MIT */
/*
 * domain_list.c - finding domains, and keeping them while they are used.
 *
 * Owns the list of domains and their reference counts.
 * Promises: a domain with a reference stays; its number is not given out
 * again before it is freed.
 */
#include <cairn/domain.h>

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>

#define HASH_SIZE 256

static DEFINE_SPINLOCK(domlist_lock, LOCK_DOMLIST);
/* Within all that put_page() may come with; around those that interrupts take. */
_Static_assert(LOCK_DOMLIST > LOCK_HEAP && LOCK_DOMLIST < LOCK_SCHED, "put_domain() takes it");
static LIST_HEAD(domain_list);
static struct domain *domain_hash[HASH_SIZE];
static bool dom_exc_pending;
static DEFINE_PER_CPU(struct domain *, dead_domains); /* by dead_next */

/* Without the lock: only removal is a danger, and a removed domain is freed
 * when every CPU has run a softirq, which this one does not meanwhile. */
static struct domain *hash_find(domid_t domid)
{
    struct domain *d = domain_hash[domid % HASH_SIZE];

    while (d && d->domain_id != domid)
        d = d->hash_next;
    return d;
}

bool domain_list_insert(struct domain *d)
{
    struct domain **bucket = &domain_hash[d->domain_id % HASH_SIZE];
    struct domain *pos;

    scoped_lock(&domlist_lock);
    if (hash_find(d->domain_id))
        return false;
    d->hash_next = *bucket;
    *bucket = d;
    list_for_each_entry(pos, &domain_list, list)
        if (pos->domain_id > d->domain_id)
            break;
    list_add_tail(&d->list, &pos->list);
    return true;
}

static void domain_list_remove(struct domain *d)
{
    struct domain **p = &domain_hash[d->domain_id % HASH_SIZE];

    scoped_lock(&domlist_lock);
    while (*p && *p != d)
        p = &(*p)->hash_next;
    if (*p) {
        *p = d->hash_next;
        list_del(&d->list);
    }
}

static bool get_domain_unless_dead(struct domain *d)
{
    unsigned int old = __atomic_load_n(&d->refcnt, __ATOMIC_RELAXED);

    do {
        if (!old)
            return false;
    } while (!__atomic_compare_exchange_n(&d->refcnt, &old, old + 1, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return true;
}

/* Once it is not, all of it can be seen. */
static bool is_being_built(const struct domain *d)
{
    return __atomic_load_n(&d->state, __ATOMIC_ACQUIRE) == DOMAIN_building;
}

void get_knownalive_domain(struct domain *d)
{
    unsigned int old = __atomic_fetch_add(&d->refcnt, 1, __ATOMIC_RELAXED);

    BUG_ON(!old || old > UINT32_MAX / 2);
}

struct domain *get_domain_by_id(domid_t domid)
{
    struct domain *d;

    scoped_lock(&domlist_lock);
    d = hash_find(domid);
    return d && !is_being_built(d) && get_domain_unless_dead(d) ? d : NULL;
}

struct domain *domain_next(domid_t from)
{
    struct domain *d;

    scoped_lock(&domlist_lock);
    list_for_each_entry(d, &domain_list, list)
        if (d->domain_id >= from && !is_being_built(d) && get_domain_unless_dead(d))
            return d;
    return NULL;
}

struct domain *get_domain_for_op(domid_t domid)
{
    if (domid == DOMID_SELF || domid == current->domain->domain_id) {
        get_knownalive_domain(current->domain);
        return current->domain;
    }
    return get_domain_by_id(domid);
}

struct domain *hypercall_target(domid_t domid, long *rc)
{
    struct domain *d = get_domain_for_op(domid);

    *rc = d ? 0 : -ESRCH;
    if (d && d != current->domain && !current->domain->is_privileged) {
        put_domain(d);
        *rc = -EPERM;
        return NULL;
    }
    return d;
}

struct domain *page_owner(const struct page_info *pg)
{
    domid_t owner = pg->owner;

    return owner < DOMID_FIRST_RESERVED ? hash_find(owner) : NULL;
}

static void bury_on(unsigned int cpu, struct domain *d)
{
    struct domain **list = &per_cpu(dead_domains, cpu);
    struct domain *head = __atomic_load_n(list, __ATOMIC_RELAXED);

    do {
        d->dead_next = head;
    } while (
        !__atomic_compare_exchange_n(list, &head, d, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    softirq_raise_on(cpu, RECLAIM_SOFTIRQ);
}

static unsigned int next_online_cpu(unsigned int cpu)
{
    cpumask_t above = cpu_online_mask & ~((2ul << cpu) - 1);

    return __builtin_ctzll(above ? above : cpu_online_mask);
}

void put_domain(struct domain *d)
{
    if (__atomic_sub_fetch(&d->refcnt, 1, __ATOMIC_ACQ_REL))
        return;
    BUG_ON(d->state != DOMAIN_dead);
    domain_list_remove(d);
    d->dead_hops = nr_cpus_online;
    bury_on(smp_processor_id(), d);
}

void domain_exception_raise(void)
{
    __atomic_store_n(&dom_exc_pending, true, __ATOMIC_RELEASE);
    softirq_raise(RECLAIM_SOFTIRQ);
}

/* What could not be done where it became due, for the locks held there. */
static void housekeeping(void)
{
    struct domain *d = __atomic_exchange_n(&this_cpu(dead_domains), NULL, __ATOMIC_ACQUIRE);

    if (__atomic_exchange_n(&dom_exc_pending, false, __ATOMIC_ACQUIRE))
        send_global_virq(VIRQ_DOM_EXC);
    while (d) {
        struct domain *next = d->dead_next;

        /* A softirq runs when this CPU holds no pointer that it found in the
         * list: once it has run on all of them, nobody does. */
        if (--d->dead_hops == 0)
            domain_free(d);
        else
            bury_on(next_online_cpu(smp_processor_id()), d);
        d = next;
    }
}

void domain_init(void)
{
    softirq_open(RECLAIM_SOFTIRQ, housekeeping);
}
