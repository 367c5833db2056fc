/* SPDX-License-Identifier: MIT */
/*
 * domain.h - domains and virtual CPUs, their life and who may change it.
 *
 * A domain's state has one writer, domain_set_state():
 *
 *   building --creation done--> alive --destroy--> dying --torn down--> dead
 *       |                                            ^
 *       +------------- creation failed --------------+
 *
 * alive covers paused and running; pauses are counts.  "shut down" (the
 * guest said so, or domain_crash()) is alive with is_shut_down set and every
 * vCPU paused once more.  dying is entered once; its teardown is resumable.
 */
#ifndef CAIRN_DOMAIN_H
#define CAIRN_DOMAIN_H

#include <asm/domain.h>
#include <asm/smp.h>
#include <cairn/event.h>
#include <cairn/grant.h>
#include <cairn/list.h>
#include <cairn/mm.h>
#include <cairn/sched_policy.h>
#include <cairn/spinlock.h>
#include <cairn/time.h>
#include <cairn/types.h>
#include <xen/xen.h>
#include <xen/vcpu.h>

#define MAX_VCPUS 32 /* a domain; the two-level shared_info's own limit */

enum domain_state { DOMAIN_building, DOMAIN_alive, DOMAIN_dying, DOMAIN_dead };

/* vcpu->pause_flags: reasons not to run, each set and cleared by its owner */
#define VPF_blocked (1u << 0) /* SCHEDOP_block, poll, HLT */
#define VPF_down    (1u << 1) /* not brought up, or taken down */
#define VPF_poll    (1u << 2) /* with VPF_blocked: in SCHEDOP_poll */

struct vcpu {
    unsigned int vcpu_id;
    struct domain *domain;
    unsigned int processor; /* CPU whose run queue it belongs to */

    /* sched.c; its CPU's run-queue lock */
    struct sched_entity sched;
    cpumask_t affinity;     /* CPUs that it may run on */
    uint32_t queued_weight; /* as counted in its queue's load */
    bool is_running;        /* or its state is not saved yet */
    bool yielding;          /* others first, this once */
    bool expelled;          /* to another CPU as soon as its state is saved */
    bool is_initialised;    /* has a register state */
    unsigned int pause_flags;
    unsigned int pause_count;           /* vcpu_pause() */
    struct vcpu_runstate_info runstate; /* up to the last change */
    uint64_t runstate_area; /* where the guest wants to read them, virtual; 0: nowhere */

    struct vcpu_info *vcpu_info; /* in shared_info or registered by the guest */
    struct page_info *vcpu_info_page;
    unsigned int poll_port; /* SCHEDOP_poll of one port; 0 = many */
    struct timer poll_timer;
    struct timer singleshot_timer; /* VCPUOP_set_singleshot_timer, set_timer_op */
    struct timer periodic_timer;
    s_time_t periodic_period;
    uint32_t virq_port[NR_VIRQS];

    struct arch_vcpu arch;
};

struct domain {
    domid_t domain_id;
    bool is_hvm; /* else PV */
    bool is_privileged;
    enum domain_state state;
    unsigned int refcnt;      /* get_domain(); freed at 0 once dead */
    struct list_head list;    /* in domain_list, by domid; LOCK_DOMLIST */
    struct domain *hash_next; /* by domid; LOCK_DOMLIST */
    struct domain *dead_next; /* domain_list.c: no reference is left */
    unsigned int dead_hops;   /* CPUs that may still be looking at it */
    spinlock_t lock;

    unsigned int max_vcpus;
    struct vcpu **vcpu; /* [max_vcpus]; read by domain_vcpu() */

    struct sched_share sched;            /* weight, cap; for all its vCPUs */
    unsigned int pause_count;            /* domain_pause() */
    unsigned int controller_pause_count; /* XEN_DOMCTL_pausedomain */
    bool is_shutting_down, is_shut_down;
    uint32_t shutdown_code; /* SHUTDOWN_* */

    spinlock_t page_alloc_lock;
    uint32_t page_list; /* first frame or FRAME_NONE */
    unsigned long tot_pages, max_pages;
    unsigned long xenheap_pages; /* hypervisor pages shared with it */

    struct shared_info *shared_info;
    bool shinfo_32; /* it and vcpu_info have the layout of 32-bit guests */

    spinlock_t event_lock;
    struct evtchn *evtchn[EVTCHN_BUCKETS];
    unsigned int max_evtchn_port; /* one past the last usable */

    struct grant_table *grant;

    unsigned int vm_assist;
    xen_domain_handle_t handle;
    uint32_t createflags;      /* XEN_DOMCTL_CDF_* */
    uint32_t destroy_step;     /* where resumable teardown goes on */
    uint32_t relmem_cursor;    /* next frame of page_list to give up */
    s_time_t guest_log_window; /* rate limit of its console lines */
    unsigned int guest_log_count;
    unsigned int guest_line_len; /* its console line not yet ended */
    char guest_line[120];

    struct arch_domain arch;
};

extern struct domain *dom0;
extern struct domain *idle_domain;

/* Changes at any time, but never back. */
static inline bool domain_is_dying(const struct domain *d)
{
    return ACCESS_ONCE(d->state) >= DOMAIN_dying;
}
/* The vCPU @id of @d, whole, or NULL while there is none. */
static inline struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? __atomic_load_n(&d->vcpu[id], __ATOMIC_ACQUIRE) : NULL;
}
/* The first that exists of @id and above, or NULL. */
static inline struct vcpu *domain_next_vcpu(const struct domain *d, unsigned int id)
{
    for (; id < d->max_vcpus; id++) {
        struct vcpu *v = domain_vcpu(d, id);

        if (v)
            return v;
    }
    return NULL;
}
#define for_each_vcpu(d, v) \
    for (struct vcpu *v = domain_next_vcpu(d, 0); v; v = domain_next_vcpu(d, v->vcpu_id + 1))
/* If not, its state is saved, and who has seen that may run or read it. */
static inline bool vcpu_on_cpu(const struct vcpu *v)
{
    return __atomic_load_n(&v->is_running, __ATOMIC_ACQUIRE);
}
static inline bool is_hvm_vcpu(const struct vcpu *v)
{
    return v->domain->is_hvm;
}
static inline bool is_idle_vcpu(const struct vcpu *v)
{
    return v->domain == idle_domain;
}

/* ---- domain.c ---- */
struct xen_domctl_createdomain;
/* Returns the domain with one reference, or an error in *@rc. */
struct domain *domain_create(domid_t domid, const struct xen_domctl_createdomain *cfg,
                             bool privileged, int *rc);
struct vcpu *vcpu_create(struct domain *d, unsigned int id, int *rc);
/* domain_kill - start or continue destroying. 0 when done, -ERESTART. */
int domain_kill(struct domain *d);
struct domain *get_domain_by_id(domid_t domid); /* reference taken, or NULL */
/* The last reference frees the domain, later and from a softirq: callable
 * with any lock held that interrupts do not take. */
void put_domain(struct domain *d);
void get_knownalive_domain(struct domain *d); /* the caller has a reference */
/* struct domain *d __put_domain = ...: unless NULL, put where the block ends. */
#define __put_domain __cleanup(put_domain_at)
static inline void put_domain_at(struct domain **d)
{
    if (*d)
        put_domain(*d);
}
/* Owner of a frame: its pages keep a domain alive.  NULL: none. No reference. */
struct domain *page_owner(const struct page_info *pg);
/* The lowest domid >= @from, with a reference; NULL if none. */
struct domain *domain_next(domid_t from);
/* for_each_domain - by number; each is held while the body runs. */
#define for_each_domain(d) \
    for (struct domain *d __put_domain = domain_next(0); d; d = domain_after(d))
static inline struct domain *domain_after(struct domain *d)
{
    domid_t id = d->domain_id;

    put_domain(d);
    return domain_next(id + 1);
}
/* DOMID_SELF or an id; with reference; NULL if none. */
struct domain *get_domain_for_op(domid_t domid);

void domain_pause(struct domain *d); /* and wait until no vCPU runs */
void domain_unpause(struct domain *d);
int domain_pause_by_controller(struct domain *d);
int domain_unpause_by_controller(struct domain *d);
/* The guest ends itself, or is ended: @reason SHUTDOWN_*.  Like domain_crash(),
 * callable with any lock held but a run queue's. */
void domain_shutdown(struct domain *d, unsigned int reason);
/* domain_crash - a guest beyond help: says why, dumps its registers, shuts
 * it down with SHUTDOWN_crash.  Returns; the caller unwinds normally. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);

/* domain_init - once at boot, before the idle domain. */
void domain_init(void);
/* ---- between domain.c and domain_list.c ---- */
/* False: the number is taken. */
bool domain_list_insert(struct domain *d);
/* Dom0 is told (VIRQ_DOM_EXC) that some domain's state has changed; soon, from
 * a softirq, so that it may be asked for with any lock held. */
void domain_exception_raise(void);
/* Everything of a domain without references that nobody can find any more. */
void domain_free(struct domain *d);

/* An empty domain without arch parts: domain_create and the idle domain. */
struct domain *domain_alloc(domid_t domid, unsigned int max_vcpus);
/* Where v->vcpu_info is when the guest has not registered a place. */
void vcpu_info_reset(struct vcpu *v);

/* ---- arch/x86/domain.c ---- */
int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *cfg);
int arch_domain_teardown(struct domain *d); /* resumable, -ERESTART */
void arch_domain_free(struct domain *d);
int arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
void context_switch(struct vcpu *prev,
                    struct vcpu *next); /* does not return to its caller's frame */
noreturn void reset_stack_and_jump(void (*fn)(void));
void vcpu_dump_registers(struct vcpu *v); /* guest state, symbolised little; any kind */
/* VCPUOP_initialise and domctl setvcpucontext; validated like any guest input. */
int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *ctxt);
/* Wake whatever way this kind of vCPU takes events. */
void vcpu_mark_events_pending(struct vcpu *v);
void arch_update_wallclock(struct domain *d);

#endif
