/* SPDX-License-Identifier: MIT */
/*
 * audit.c - counting every reference again.  See cairn/audit.h.
 *
 * Owns the debug keys 'O' (audit) and, in debug builds, 'o' (audit with errors
 * planted, which it must find).
 */
#include <cairn/audit.h>

#include <asm/current.h>
#include <cairn/console.h>
#include <cairn/faultinject.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

#define WINDOW_ORDER 6 /* pages of counts */
#define WINDOW       ((PAGE_SIZE << WINDOW_ORDER) / sizeof(struct audit_count))
#define MAX_LINES    10

struct audit {
    struct audit_count *count; /* of frames [first, first + WINDOW) */
    unsigned long first;
    unsigned long pages, owned; /* looked at; of domains */
    long differences;
};

/* ---- finding references ---- */

static void found(void *ctx, mfn_t mfn, uint64_t type)
{
    struct audit *a = ctx;

    if (mfn_x(mfn) - a->first < WINDOW)
        audit_count_add(&a->count[mfn_x(mfn) - a->first], type);
}

static void found_grant(void *ctx, mfn_t mfn, bool writable)
{
    found(ctx, mfn, writable ? PGT_writable_page : PGT_none);
}

static void collect_domain(struct audit *a, struct domain *d)
{
    for_each_vcpu(d, v)
        if (v->vcpu_info_page)
            found(a, page_to_mfn(v->vcpu_info_page), PGT_writable_page);
    grant_count_refs(d, found_grant, a);
    arch_audit_refs(d, found, a);
}

/* ---- comparing ---- */

static void report(struct audit *a, const struct page_info *pg, unsigned int wrong,
                   const struct audit_expect *want)
{
    if (a->differences++ >= MAX_LINES)
        return;
    printk(XENLOG_ERR "audit: frame %lx of d%u: references %lu, found %u; uses %lu, found %u;"
                      " words %016lx %016lx%s%s%s\n",
           mfn_x(page_to_mfn(pg)), pg->owner, pg->count_info & PGC_count_mask, want->refs,
           pg->type_info & PGT_count_mask, want->uses, pg->count_info, pg->type_info,
           wrong & AUDIT_TYPE ? ", wrong type" : "", wrong & AUDIT_OWNER ? ", no owner" : "",
           wrong ? "" : ", not where the physical map says");
}

static void check_frame(struct audit *a, unsigned long frame)
{
    struct page_info *pg = mfn_to_page(_mfn(frame));
    /* Free frames may name anybody. */
    struct domain *d = pg->count_info & PGC_count_mask ? page_owner(pg) : NULL;
    struct audit_expect want;
    unsigned int wrong;

    a->pages++;
    if (d && !(pg->count_info & PGC_xen_heap))
        a->owned++;
    wrong = audit_check(&a->count[frame - a->first], pg->count_info, pg->type_info, d, &want);
    if (wrong || (d && !arch_audit_place(d, pg)))
        report(a, pg, wrong, &want);
}

static void audit_window(struct audit *a)
{
    unsigned long end = min(a->first + WINDOW, max_page);

    memset(a->count, 0, PAGE_SIZE << WINDOW_ORDER);
    for_each_domain(d)
        collect_domain(a, d);
    for (unsigned long frame = a->first; frame < end; frame++)
        if (mfn_valid(_mfn(frame)))
            check_frame(a, frame);
}

/* ---- the domains' own sums ---- */

static void sum_pages(struct audit *a, struct domain *d)
{
    unsigned long listed = 0;

    for (uint32_t n = d->page_list; n != FRAME_NONE; n = mfn_to_page(_mfn(n))->next)
        listed++;
    if (listed != d->tot_pages) {
        printk(XENLOG_ERR "audit: d%u has %lu pages, %lu on its list\n", d->domain_id, d->tot_pages,
               listed);
        a->differences++;
    }
    a->owned -= d->tot_pages;
    a->differences += arch_audit_map(d);
}

/* All but the vCPU that we serve: a caller's others are paused one by one. */
static void stop_domain(struct domain *d)
{
    if (d != current->domain)
        domain_pause(d);
    else
        for_each_vcpu(d, v)
            if (v != current)
                vcpu_pause(v);
}

static void let_domain_go(struct domain *d)
{
    if (d != current->domain)
        domain_unpause(d);
    else
        for_each_vcpu(d, v)
            if (v != current)
                vcpu_unpause(v);
}

static long count_all(void)
{
    bool injecting = faultinject_hold();
    struct audit a = {.count = alloc_xen_pages(WINDOW_ORDER, 0)};

    faultinject_go_on(injecting);
    if (!a.count) {
        printk(XENLOG_ERR "audit: no memory\n");
        return -ENOMEM;
    }
    for_each_domain(d)
        stop_domain(d);
    for (; a.first < max_page; a.first += WINDOW)
        audit_window(&a);
    for_each_domain(d)
        sum_pages(&a, d);
    for_each_domain(d)
        let_domain_go(d);
    if (a.owned) {
        printk(XENLOG_ERR "audit: %ld pages owned and not counted\n", (long)a.owned);
        a.differences++;
    }
    free_xen_pages(a.count, WINDOW_ORDER);
    perfc_incr(audits);
    printk(XENLOG_INFO "audit: %lu pages, %ld differences\n", a.pages, a.differences);
    return a.differences;
}

/* Two at a time would pause each other. */
static long audit_run(void)
{
    static bool running;
    long rc = -EBUSY;

    if (!__atomic_exchange_n(&running, true, __ATOMIC_ACQUIRE)) {
        rc = count_all();
        __atomic_store_n(&running, false, __ATOMIC_RELEASE);
    }
    return rc;
}

/* ---- debug keys ---- */

static void key_audit(char key)
{
    audit_run();
}
DEBUG_KEY('O', key_audit, "audit every page's owner, references and uses");

#ifdef CAIRN_DEBUG
/* One reference, then one use too many: each must be found, and nothing else. */
static void key_planted(char key)
{
    struct page_info *pg = mfn_to_page(_mfn(dom0->page_list));
    unsigned int detected = 0;

    __atomic_add_fetch(&pg->count_info, 1, __ATOMIC_RELAXED);
    detected += audit_run() == 1;
    __atomic_sub_fetch(&pg->count_info, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&pg->type_info, 1, __ATOMIC_RELAXED);
    detected += audit_run() == 1;
    __atomic_sub_fetch(&pg->type_info, 1, __ATOMIC_RELAXED);
    printk(XENLOG_INFO "audit: 2 errors planted, %u found\n", detected);
}
DEBUG_KEY('o', key_planted, "audit with errors planted, to see that it finds them");
#endif
