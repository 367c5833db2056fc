/* SPDX-License-Identifier: MIT */
/*
 * mmu_update.c - HYPERVISOR_mmu_update: a batch of page-table and M2P writes;
 * and what runs such a batch, for mmuext.c too.
 *
 * Each request is checked and done as a whole; the batch stops at the first
 * that fails, and can be continued between any two.
 */
#include "private.h"

#include <cairn/softirq.h>

/* In the count argument of a continued call: *pdone holds the sum so far. */
#define BATCH_CONTINUED 0x80000000ul

/* The frame is a table in use, or plain memory of its owner. */
static int write_entry(struct domain *pt_owner, struct domain *pg_owner, struct page_info *page,
                       const struct mmu_update *req, bool preserve_ad)
{
    unsigned int slot = PAGE_OFFSET(req->ptr) / sizeof(pte_t);
    uint64_t type = page->type_info;
    int rc;

    if (type & PGT_partial)
        return -EINVAL;
    if ((type & PGT_count_mask) && (type & PGT_type_mask) >= PGT_l1_page_table &&
        (type & PGT_type_mask) <= PGT_l4_page_table)
        return pv_mod_table_entry(pt_owner, pg_owner, page, slot, (pte_t){req->val}, preserve_ad);

    rc = get_page_type(page, PGT_writable_page);
    if (rc)
        return rc;
    ((uint64_t *)page_to_virt(page))[slot] = req->val;
    put_page_type(page);
    return 0;
}

static int update_pt(struct domain *pt_owner, struct domain *pg_owner, struct mmu_update *req,
                     bool preserve_ad)
{
    struct page_info *page;
    int rc;

    req->ptr &= ~3ul;
    if (req->ptr & (sizeof(pte_t) - 1))
        return -EINVAL;
    page = get_page_from_gfn(pt_owner, _gfn(req->ptr >> PAGE_SHIFT), NULL);
    if (!page)
        return -EINVAL;
    spin_lock(&pt_owner->arch.paging_lock);
    rc = write_entry(pt_owner, pg_owner, page, req, preserve_ad);
    spin_unlock(&pt_owner->arch.paging_lock);
    put_page(page);
    return rc;
}

static int update_m2p(struct domain *pg_owner, const struct mmu_update *req)
{
    struct page_info *page;

    if (pg_owner->is_hvm)
        return -EPERM;
    page = get_page_from_gfn(pg_owner, _gfn(req->ptr >> PAGE_SHIFT), NULL);
    if (!page)
        return -EINVAL;
    set_gpfn_from_mfn(page_to_mfn(page), req->val);
    put_page(page);
    return 0;
}

static int one_update(const struct pv_batch *b, unsigned long at)
{
    struct mmu_update req;

    if (copy_from_guest_va(&req, at))
        return -EFAULT;
    switch (req.ptr & 3) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_PRESERVE_AD:
        return update_pt(b->pt_owner, b->pg_owner, &req, (req.ptr & 3) != MMU_NORMAL_PT_UPDATE);
    case MMU_MACHPHYS_UPDATE:
        return update_m2p(b->pg_owner, &req);
    default:
        return -ENOSYS;
    }
}

long pv_run_batch(struct pv_batch *b, unsigned long at, unsigned long count, unsigned long pdone)
{
    uint32_t left = count & ~BATCH_CONTINUED, done = 0;
    long rc = 0;

    if ((count & BATCH_CONTINUED) && pdone && copy_from_guest_va(&done, pdone))
        return -EFAULT;
    for (unsigned int i = 0; !rc; i++) {
        rc = pv_put_old_table(current);
        if (rc || !left)
            break;
        rc = i && preempt_check() ? -ERESTART : b->one(b, at);
        if (!rc) {
            at += b->size;
            left--;
            done++;
        }
    }
    if (pdone && copy_to_guest_va(pdone, &done))
        rc = rc == -ERESTART ? rc : -EFAULT;
    if (rc == -ERESTART) {
        hypercall_set_arg(0, at);
        hypercall_set_arg(1, left | BATCH_CONTINUED);
    }
    return rc;
}

long do_mmu_update(unsigned long ureqs, unsigned long count, unsigned long pdone,
                   unsigned long foreigndom)
{
    unsigned int pt = (uint32_t)foreigndom >> 16; /* domain id + 1 */
    long rc;
    struct domain *pt_owner __put_domain = pv_get_pg_owner(pt ? pt - 1 : DOMID_SELF, &rc);
    struct domain *pg_owner __put_domain = NULL;

    if (pt_owner)
        pg_owner = pv_get_pg_owner(foreigndom & 0xffff, &rc);
    if (!pg_owner)
        return rc;
    if (pt_owner->is_hvm)
        return -EINVAL;
    struct pv_batch b = {one_update, sizeof(struct mmu_update), pt_owner, pg_owner};
    return pv_run_batch(&b, ureqs, count, pdone);
}
