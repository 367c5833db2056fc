/* SPDX-License-Identifier: MIT */
/*
 * mmuext.c - HYPERVISOR_mmuext_op: pinning tables, changing roots, flushing.
 *
 * A batch like mmu_update's; an operation either happens as a whole or can be
 * started again (-ERESTART) with the work so far kept in the frame.
 */
#include "private.h"

static int pin_table(struct domain *pg_owner, struct page_info *page, uint64_t type)
{
    int rc;

    spin_lock(&pg_owner->arch.paging_lock);
    rc = get_page_type(page, type);
    if (!rc && (page->type_info & PGT_pinned)) {
        put_page_type(page);
        rc = -EINVAL;
    } else if (!rc) {
        page->type_info |= PGT_pinned;
    }
    spin_unlock(&pg_owner->arch.paging_lock);
    return rc;
}

static int unpin_table(struct vcpu *v, struct domain *pg_owner, struct page_info *page)
{
    int rc = -EINVAL;

    spin_lock(&pg_owner->arch.paging_lock);
    if (page->type_info & PGT_pinned) {
        page->type_info &= ~PGT_pinned;
        pv_release_table(v, page);
        rc = 0;
    }
    spin_unlock(&pg_owner->arch.paging_lock);
    return rc;
}

static int pin_op(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
{
    bool unpin = op->cmd == MMUEXT_UNPIN_TABLE;
    struct page_info *page;
    int rc;

    if (pg_owner->is_hvm)
        return -EOPNOTSUPP;
    page = get_page_from_gfn(pg_owner, _gfn(op->arg1.mfn), NULL);
    if (!page)
        return -EINVAL;
    rc = unpin ? unpin_table(v, pg_owner, page)
               : pin_table(pg_owner, page, (uint64_t)(op->cmd - MMUEXT_PIN_L1_TABLE + 1) << 60);
    if (rc || unpin)
        put_page(page);
    return rc; /* pinned: the pin keeps both references */
}

static int clear_or_copy(struct domain *pg_owner, const struct mmuext_op *op)
{
    struct page_info *dst = get_page_from_gfn(pg_owner, _gfn(op->arg1.mfn), NULL), *src = NULL;
    int rc = -EINVAL;

    if (!dst)
        return -EINVAL;
    if (op->cmd == MMUEXT_COPY_PAGE) {
        src = get_page_from_gfn(pg_owner, _gfn(op->arg2.src_mfn), NULL);
        if (!src)
            goto out;
    }
    rc = get_page_type(dst, PGT_writable_page);
    if (rc)
        goto out;
    if (src)
        memcpy(page_to_virt(dst), page_to_virt(src), PAGE_SIZE);
    else
        clear_page(page_to_virt(dst));
    put_page_type(dst);
out:
    if (src)
        put_page(src);
    put_page(dst);
    return rc;
}

static int set_ldt(struct vcpu *v, unsigned long base, unsigned int ents)
{
    if (ents > 8192 || PAGE_OFFSET(base) || (ents && !pv_address_ok(base)) ||
        (ents && !pv_address_ok(base + ents * 8 - 1)))
        return -EINVAL;
    if (v->arch.pv.ldt_ents == ents && v->arch.pv.ldt_base == base)
        return 0;
    spin_lock(&v->domain->arch.paging_lock);
    pv_destroy_ldt(v);
    v->arch.pv.ldt_base = base;
    v->arch.pv.ldt_ents = ents;
    pv_load_ldt(v);
    spin_unlock(&v->domain->arch.paging_lock);
    return 0;
}

static int flush(const struct mmuext_op *op)
{
    bool one = op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_INVLPG_MULTI ||
               op->cmd == MMUEXT_INVLPG_ALL;
    unsigned long mask;

    if ((op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI) &&
        copy_from_guest_va(&mask, op->arg2.vcpumask.p))
        return -EINVAL;
    /* Which CPUs the named vCPUs use is not worth finding out. */
    bool local = op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_TLB_FLUSH_LOCAL;
    cpumask_t cpus = local ? 1ul << smp_processor_id() : CPU_MASK_ALL;

    if (!one)
        tlb_flush_mask(cpus);
    else if (pv_address_ok(op->arg1.linear_addr))
        tlb_flush_one_mask(cpus, op->arg1.linear_addr);
    return 0;
}

static int flush_cache(struct domain *d)
{
    /* Only who may map device memory can have a use for it. */
    if (!d->is_privileged)
        return -EACCES;
    __asm__ volatile("wbinvd" ::: "memory");
    return 0;
}

static int new_base(struct vcpu *v, const struct mmuext_op *op)
{
    int rc;

    spin_lock(&v->domain->arch.paging_lock);
    rc = op->cmd == MMUEXT_NEW_BASEPTR ? pv_new_kernel_base(v, _mfn(op->arg1.mfn))
                                       : pv_new_user_base(v, _mfn(op->arg1.mfn));
    spin_unlock(&v->domain->arch.paging_lock);
    return rc;
}

/* Operations on the caller itself, whatever foreigndom says, are refused. */
static int run_op(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
{
    bool self = pg_owner == v->domain;

    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
    case MMUEXT_UNPIN_TABLE:
        return pin_op(v, pg_owner, op);
    case MMUEXT_NEW_BASEPTR:
    case MMUEXT_NEW_USER_BASEPTR:
        return self ? new_base(v, op) : -EPERM;
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_INVLPG_ALL:
        return self ? flush(op) : -EPERM;
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return self ? flush_cache(v->domain) : -EPERM;
    case MMUEXT_SET_LDT:
        return self ? set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents) : -EPERM;
    case MMUEXT_CLEAR_PAGE:
    case MMUEXT_COPY_PAGE:
        return clear_or_copy(pg_owner, op);
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER: /* none here; what cannot be one is wrong before that */
        return op->arg1.mfn % PT_ENTRIES || !mfn_valid(_mfn(op->arg1.mfn)) ? -EINVAL : -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}

static int one_op(const struct pv_batch *b, unsigned long at)
{
    struct mmuext_op op;

    if (copy_from_guest_va(&op, at))
        return -EFAULT;
    return run_op(current, b->pg_owner, &op);
}

long do_mmuext_op(unsigned long uops, unsigned long count, unsigned long pdone,
                  unsigned long foreigndom)
{
    long rc;
    struct pv_batch b = {.one = one_op,
                         .size = sizeof(struct mmuext_op),
                         .pg_owner = pv_get_pg_owner(foreigndom, &rc)};

    if (!b.pg_owner)
        return rc;
    rc = pv_run_batch(&b, uops, count, pdone);
    put_domain(b.pg_owner);
    return rc;
}
