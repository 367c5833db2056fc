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
    scoped_lock(&pg_owner->arch.paging_lock);
    int rc = get_page_type(page, type);
    if (rc)
        return rc;
    if (page->type_info & PGT_pinned) {
        put_page_type(page);
        return -EINVAL;
    }
    page->type_info |= PGT_pinned;
    return 0;
}

static int unpin_table(struct vcpu *v, struct domain *pg_owner, struct page_info *page)
{
    scoped_lock(&pg_owner->arch.paging_lock);
    if (!(page->type_info & PGT_pinned))
        return -EINVAL;
    page->type_info &= ~PGT_pinned;
    pv_release_table(v, page);
    return 0;
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

static int clear_or_copy(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
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

static int set_ldt(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
{
    unsigned long base = op->arg1.linear_addr;
    unsigned int ents = op->arg2.nr_ents;

    if (ents > 8192 || PAGE_OFFSET(base) || (ents && !pv_address_ok(base)) ||
        (ents && !pv_address_ok(base + ents * 8 - 1)))
        return -EINVAL;
    if (v->arch.pv.ldt_ents == ents && v->arch.pv.ldt_base == base)
        return 0;
    scoped_lock(&v->domain->arch.paging_lock);
    pv_destroy_ldt(v);
    v->arch.pv.ldt_base = base;
    v->arch.pv.ldt_ents = ents;
    pv_load_ldt(v);
    return 0;
}

static int flush(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
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

static int flush_cache(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
    /* Only who may map device memory can have a use for it. */
    if (!d->is_privileged)
        return -EACCES;
    __asm__ volatile("wbinvd" ::: "memory");
    return 0;
}

static int new_base(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
{
    scoped_lock(&v->domain->arch.paging_lock);
    return op->cmd == MMUEXT_NEW_BASEPTR ? pv_new_kernel_base(v, _mfn(op->arg1.mfn))
                                         : pv_new_user_base(v, _mfn(op->arg1.mfn));
}

/* There are none here; what cannot be one is wrong before that. */
static int mark_super(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op)
{
    return op->arg1.mfn % PT_ENTRIES || !mfn_valid(_mfn(op->arg1.mfn)) ? -EINVAL : -EOPNOTSUPP;
}

static const struct {
    int (*fn)(struct vcpu *v, struct domain *pg_owner, const struct mmuext_op *op);
    bool self; /* on the caller alone: refused if foreigndom names another */
} ops[] = {
    [MMUEXT_PIN_L1_TABLE... MMUEXT_UNPIN_TABLE] = {pin_op},
    [MMUEXT_NEW_BASEPTR] = {new_base, true},
    [MMUEXT_TLB_FLUSH_LOCAL... MMUEXT_INVLPG_ALL] = {flush, true},
    [MMUEXT_FLUSH_CACHE] = {flush_cache, true},
    [MMUEXT_SET_LDT] = {set_ldt, true},
    [MMUEXT_NEW_USER_BASEPTR] = {new_base, true},
    [MMUEXT_CLEAR_PAGE... MMUEXT_COPY_PAGE] = {clear_or_copy},
    [MMUEXT_FLUSH_CACHE_GLOBAL] = {flush_cache, true},
    [MMUEXT_MARK_SUPER... MMUEXT_UNMARK_SUPER] = {mark_super},
};

static int one_op(const struct pv_batch *b, unsigned long at)
{
    struct mmuext_op op;

    if (copy_from_guest_va(&op, at))
        return -EFAULT;
    if (op.cmd >= ARRAY_SIZE(ops) || !ops[op.cmd].fn)
        return -ENOSYS;
    if (ops[op.cmd].self && b->pg_owner != current->domain)
        return -EPERM;
    return ops[op.cmd].fn(current, b->pg_owner, &op);
}

long do_mmuext_op(unsigned long uops, unsigned long count, unsigned long pdone,
                  unsigned long foreigndom)
{
    long rc;
    struct domain *pg_owner __put_domain = pv_get_pg_owner(foreigndom, &rc);
    struct pv_batch b = {one_op, sizeof(struct mmuext_op), .pg_owner = pg_owner};

    return pg_owner ? pv_run_batch(&b, uops, count, pdone) : rc;
}
