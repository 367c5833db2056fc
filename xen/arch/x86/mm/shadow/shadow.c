/* SPDX-License-Identifier: MIT */
/*
 * shadow.c - struct paging_ops for shadow paging: takes the lock and calls
 * the others; life of a domain's and a vCPU's part.
 */
#include <cairn/stretch.h>

#include "shadow.h"

/* With nothing out of sync, what the guest may have in a TLB is what it has in
 * its tables.  While another CPU compares, this does not say so yet. */
static bool all_in_sync(const struct domain *d)
{
    return !__atomic_load_n(&d->arch.shadow->any_oos, __ATOMIC_ACQUIRE);
}

static void shadow_flush(struct vcpu *v)
{
    struct domain *d = v->domain;

    if (all_in_sync(d))
        return;
    scoped_lock(&d->arch.paging_lock);
    shadow_resync_all(d);
}

static void shadow_invlpg(struct vcpu *v, gva_t va)
{
    struct domain *d = v->domain;

    if (all_in_sync(d))
        return;
    scoped_lock(&d->arch.paging_lock);
    if (d->arch.shadow->nr_oos)
        shadow_sync_va(v, va);
}

/* New translations fault when they are used; one that went takes all with it. */
static void shadow_p2m_changed(struct domain *d, bool taken_away)
{
    scoped_lock(&d->arch.paging_lock);
    shadow_forget_frames(d);
    if (taken_away && d->arch.shadow->nr_used)
        shadow_zap_all(d);
}

/* A hypercall's result landed in a table: as if the guest had written it. */
static void shadow_frame_written(struct domain *d, gfn_t gfn)
{
    scoped_lock(&d->arch.paging_lock);
    if (shadow_is_protected(d, gfn_x(gfn)))
        shadow_unsync(d, gfn_x(gfn));
}

static int shadow_domain_create(struct domain *d)
{
    const struct cpu_policy *p = &d->arch.policy;
    struct shadow_domain *s = xzalloc(struct shadow_domain);

    if (!s)
        return -ENOMEM;
    s->constants = (struct paging_role){
        .pse36 = p->basic[1].d & (1u << 17),
        .page_1g = p->ext[1].d & (1u << 26),
        .maxphysaddr = p->maxphysaddr,
    };
    d->arch.shadow = s;
    return 0;
}

static int shadow_domain_teardown(struct domain *d)
{
    if (!d->arch.shadow)
        return 0;
#ifdef CAIRN_DEBUG
    if (!d->arch.shadow->unlinking) {
        uint64_t begin = rdtsc();

        shadow_audit(d);
        stretch_discount(rdtsc() - begin);
    }
#endif
    scoped_lock(&d->arch.paging_lock);
    return shadow_free_pool(d);
}

static void shadow_domain_free(struct domain *d)
{
    xfree(d->arch.shadow);
    d->arch.shadow = NULL;
}

static int shadow_vcpu_create(struct vcpu *v)
{
    struct shadow_vcpu *sv = xzalloc(struct shadow_vcpu);

    if (!sv)
        return -ENOMEM;
    sv->pdpt = alloc_xen_pages(0, MEMF_below_4g);
    if (!sv->pdpt) {
        xfree(sv);
        return -ENOMEM;
    }
    sv->pdpt_maddr = virt_to_maddr(sv->pdpt);
    for (unsigned int i = 0; i < ARRAY_SIZE(sv->root); i++)
        sv->root[i] = SHADOW_NONE;
    v->arch.hvm.shadow = sv;
    v->arch.hvm.work |= HVM_WORK_ROOT | HVM_WORK_ROLE;
    return 0;
}

static void shadow_vcpu_destroy(struct vcpu *v)
{
    struct shadow_vcpu *sv = v->arch.hvm.shadow;

    if (!sv)
        return;
    v->arch.hvm.shadow = NULL;
    free_xen_page(sv->pdpt);
    xfree(sv);
}

static int set_allocation(struct domain *d, uint32_t mib)
{
    scoped_lock(&d->arch.paging_lock);
    return shadow_set_allocation(d, mib);
}

const struct paging_ops shadow_ops = {
    .name = "shadow",
    .shadow = true,
    .update_root = shadow_update_root,
    .flush = shadow_flush,
    .invlpg = shadow_invlpg,
    .page_fault = shadow_page_fault,
    .p2m_changed = shadow_p2m_changed,
    .frame_written = shadow_frame_written,
    .set_allocation = set_allocation,
    .get_allocation = shadow_get_allocation,
    .domain_create = shadow_domain_create,
    .domain_teardown = shadow_domain_teardown,
    .domain_free = shadow_domain_free,
    .vcpu_create = shadow_vcpu_create,
    .vcpu_destroy = shadow_vcpu_destroy,
};
