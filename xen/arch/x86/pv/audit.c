/* SPDX-License-Identifier: MIT */
/*
 * audit.c - the references of a PV domain: entries of its tables as far as
 * they are validated, each vCPU's roots, descriptor frames, and what a
 * preempted operation still holds.
 */
#include "private.h"

static void l1_entry(pte_t e, audit_fn fn, void *ctx)
{
    mfn_t mfn = pte_mfn(e);

    /* Device memory is not counted. */
    if (!mfn_valid(mfn) || pv_is_device_frame(mfn))
        return;
    fn(ctx, mfn, e.pte & PTE_W ? PGT_writable_page : PGT_none);
}

static void table_entries(struct page_info *pg, audit_fn fn, void *ctx)
{
    uint64_t word = pg->type_info, type = word & PGT_type_mask;
    unsigned int level = type >> 60, n = word & PGT_partial ? pg->entries_done : PT_ENTRIES;
    const pte_t *t = page_to_virt(pg);

    if (level < 1 || level > 4 || !(word & (PGT_count_mask | PGT_partial)))
        return;
    for (unsigned int i = 0; i < n; i++) {
        if (!(t[i].pte & PTE_P) || pv_is_hypervisor_slot(level, i))
            continue;
        if (level == 1)
            l1_entry(t[i], fn, ctx);
        else if (level != 4 || !mfn_eq(pte_mfn(t[i]), page_to_mfn(pg)))
            fn(ctx, pte_mfn(t[i]), (uint64_t)(level - 1) << 60);
    }
}

static void root(mfn_t mfn, audit_fn fn, void *ctx)
{
    if (mfn_x(mfn))
        fn(ctx, mfn, mfn_to_page(mfn)->type_info & PGT_type_mask);
}

static void vcpu_frames(struct vcpu *v, audit_fn fn, void *ctx)
{
    struct pv_vcpu *pv = &v->arch.pv;

    root(pv->kernel_cr3, fn, ctx);
    root(pv->user_cr3, fn, ctx);
    root(pv->old_table, fn, ctx);
    for (unsigned int i = 0; i < DIV_ROUND_UP(pv->gdt_ents, 512u); i++)
        fn(ctx, _mfn(pv->gdt_frames[i]), PGT_seg_desc_page);
    for (unsigned int i = 0; i < 16; i++)
        if (pv->ldt_mapped & (1u << i))
            fn(ctx, pte_mfn(*pv_window_pte(v, LDT_VA(v->vcpu_id) + i * PAGE_SIZE)),
               PGT_seg_desc_page);
}

void pv_audit_refs(struct domain *d, audit_fn fn, void *ctx)
{
    for (uint32_t n = d->page_list; n != FRAME_NONE; n = mfn_to_page(_mfn(n))->next)
        table_entries(mfn_to_page(_mfn(n)), fn, ctx);
    for_each_vcpu(d, v)
        vcpu_frames(v, fn, ctx);
}
