/* SPDX-License-Identifier: MIT */
/*
 * hap.c - struct paging_ops for EPT: the hardware walks the guest's own
 * tables, so there is little to do.
 */
#include <asm/paging.h>
#include <cairn/domain.h>

static void vcpu_nothing(struct vcpu *v) {}

static void hap_flush(struct vcpu *v)
{
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
}

static void hap_invlpg(struct vcpu *v, gva_t va)
{
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
}

/* Page faults do not exit under EPT; one that comes is the guest's. */
static enum paging_fault hap_page_fault(struct vcpu *v, gva_t va, uint32_t *ec, gaddr_t *addr)
{
    return PAGING_INJECT;
}

/* ept_set() has flushed, before it freed tables. */
static void hap_p2m_changed(struct domain *d, bool taken_away) {}

static void hap_frame_written(struct domain *d, gfn_t gfn) {}

/* The p2m takes its pages from the common pool: any budget is accepted, and
 * what is asked back is what is used. */
static int hap_set_allocation(struct domain *d, uint32_t mib)
{
    return 0;
}

static uint32_t hap_get_allocation(struct domain *d)
{
    return DIV_ROUND_UP(d->arch.p2m.nr_tables, 256ul);
}

static int domain_nothing(struct domain *d)
{
    return 0;
}

static void hap_domain_free(struct domain *d) {}

static int hap_vcpu_create(struct vcpu *v)
{
    return 0;
}

const struct paging_ops hap_ops = {
    .name = "hap",
    .update_root = vcpu_nothing, /* GUEST_CR3 is the guest's CR3: hvm_update_ctrl() */
    .flush = hap_flush,
    .invlpg = hap_invlpg,
    .page_fault = hap_page_fault,
    .p2m_changed = hap_p2m_changed,
    .frame_written = hap_frame_written,
    .set_allocation = hap_set_allocation,
    .get_allocation = hap_get_allocation,
    .domain_create = domain_nothing,
    .domain_teardown = domain_nothing,
    .domain_free = hap_domain_free,
    .vcpu_create = hap_vcpu_create,
    .vcpu_destroy = vcpu_nothing,
};
