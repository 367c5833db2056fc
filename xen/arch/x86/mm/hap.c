/* SPDX-License-Identifier: MIT */
/*
 * hap.c - struct paging_ops for EPT: the hardware walks the guest's own
 * tables, so there is little to do.
 */
#include <asm/hvm.h>
#include <asm/paging.h>
#include <cairn/domain.h>

/* GUEST_CR3 is the guest's CR3: hvm_update_ctrl() writes it. */
static void hap_load_root(struct vcpu *v) {}

/* Page faults do not exit under EPT; one that comes is the guest's. */
static bool hap_page_fault(struct vcpu *v, gva_t va, uint32_t *ec)
{
    return false;
}

static void hap_invlpg(struct vcpu *v, gva_t va)
{
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
}

static void hap_mode_changed(struct vcpu *v)
{
    v->arch.hvm.work |= HVM_WORK_FLUSH_VPID;
}

/* ept_set() asks for the flush. */
static void hap_p2m_changed(struct domain *d, gfn_t gfn) {}

const struct paging_ops hap_ops = {
    .name = "hap",
    .load_root = hap_load_root,
    .page_fault = hap_page_fault,
    .invlpg = hap_invlpg,
    .mode_changed = hap_mode_changed,
    .p2m_changed = hap_p2m_changed,
};
