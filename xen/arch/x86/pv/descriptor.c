/* SPDX-License-Identifier: MIT */
/*
 * descriptor.c - a PV guest's GDT and LDT, seen through the per-domain window.
 *
 * Frames of either have type PGT_seg_desc_page while the window shows them,
 * so the guest cannot write them but by update_descriptor.  The GDT is mapped
 * when set; the LDT frame by frame when the processor first touches it.
 */
#include "private.h"

#define WINDOW_FLAGS (PAGE_HYPERVISOR & ~PTE_G)

int pv_validate_descriptors(uint64_t *desc)
{
    for (unsigned int i = 0; i < PAGE_SIZE / 8; i++)
        if (!pv_check_descriptor(&desc[i]))
            return -EINVAL;
    return 0;
}

static void window_set(struct vcpu *v, unsigned long va, pte_t pte)
{
    pv_window_pte(v, va)->pte = pte.pte;
    if (v == current)
        tlb_flush_one_mask(CPU_MASK_ALL, va);
}

/* ---- GDT ---- */

void pv_destroy_gdt(struct vcpu *v)
{
    unsigned int n = DIV_ROUND_UP(v->arch.pv.gdt_ents, 512u);

    v->arch.pv.gdt_ents = 0;
    for (unsigned int i = 0; i < n; i++) {
        window_set(v, GDT_VA(v->vcpu_id) + i * PAGE_SIZE, (pte_t){0});
        put_page_and_type(mfn_to_page(_mfn(v->arch.pv.gdt_frames[i])));
        v->arch.pv.gdt_frames[i] = 0;
    }
}

int pv_set_gdt(struct vcpu *v, const unsigned long *frames, unsigned int entries)
{
    unsigned int n = DIV_ROUND_UP(entries, 512u), i;
    int rc = 0;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    for (i = 0; i < n; i++) {
        rc = pv_get_frame(v->domain, _mfn(frames[i]), PGT_seg_desc_page);
        if (rc)
            break;
    }
    if (rc) {
        while (i-- > 0)
            put_page_and_type(mfn_to_page(_mfn(frames[i])));
        return rc;
    }
    pv_destroy_gdt(v);
    for (i = 0; i < n; i++) {
        v->arch.pv.gdt_frames[i] = frames[i];
        window_set(v, GDT_VA(v->vcpu_id) + i * PAGE_SIZE, pte_make(_mfn(frames[i]), WINDOW_FLAGS));
    }
    v->arch.pv.gdt_ents = entries;
    return 0;
}

long do_set_gdt(unsigned long frame_list, unsigned long entries)
{
    unsigned long frames[16];
    unsigned int n;

    entries = (uint32_t)entries;
    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    n = DIV_ROUND_UP(entries, 512ul);
    if (raw_copy_from_guest(frames, frame_list, n * sizeof(frames[0])))
        return -EFAULT;
    scoped_lock(&current->domain->arch.paging_lock);
    return pv_set_gdt(current, frames, entries);
}

/* ---- LDT ---- */

bool pv_destroy_ldt(struct vcpu *v)
{
    uint32_t mapped = v->arch.pv.ldt_mapped;

    v->arch.pv.ldt_mapped = 0;
    for (unsigned int i = 0; i < 16; i++) {
        unsigned long va = LDT_VA(v->vcpu_id) + i * PAGE_SIZE;
        mfn_t mfn;

        if (!(mapped & (1u << i)))
            continue;
        mfn = pte_mfn(*pv_window_pte(v, va));
        window_set(v, va, (pte_t){0});
        put_page_and_type(mfn_to_page(mfn));
    }
    return mapped;
}

void pv_load_ldt(struct vcpu *v)
{
    cpu_gdt_set_ldt(LDT_VA(v->vcpu_id), v->arch.pv.ldt_ents);
}

/* Put the guest's LDT page @offset into the window; lock held. */
static bool ldt_fill(struct vcpu *v, unsigned long offset)
{
    unsigned long va = v->arch.pv.ldt_base + (offset & PAGE_MASK);
    struct page_info *table;
    pte_t *entry, e;

    if (!pv_address_ok(va))
        return false;
    entry = pv_walk_l1(v, va, &table);
    if (!entry)
        return false;
    e = (pte_t){ACCESS_ONCE(entry->pte)};
    if (!(e.pte & PTE_P) || pv_get_frame(v->domain, pte_mfn(e), PGT_seg_desc_page))
        return false;
    window_set(v, LDT_VA(v->vcpu_id) + (offset & PAGE_MASK), pte_make(pte_mfn(e), WINDOW_FLAGS));
    v->arch.pv.ldt_mapped |= 1u << (offset >> PAGE_SHIFT);
    return true;
}

bool pv_map_ldt_page(struct vcpu *v, unsigned long offset)
{
    /* No selector is loaded with a lock held. */
    scoped_lock(&v->domain->arch.paging_lock);
    return offset < v->arch.pv.ldt_ents * 8ul &&
           !(v->arch.pv.ldt_mapped & (1u << (offset >> PAGE_SHIFT))) && ldt_fill(v, offset);
}

/* ---- update_descriptor ---- */

static int write_descriptor(struct page_info *page, unsigned long offset, uint64_t desc)
{
    uint64_t type = page->type_info & PGT_type_mask;
    int rc;

    if (type != PGT_seg_desc_page || !(page->type_info & PGT_count_mask))
        type = PGT_writable_page;
    rc = get_page_type(page, type);
    if (rc)
        return rc;
    ACCESS_ONCE(*(uint64_t *)((char *)page_to_virt(page) + offset)) = desc;
    put_page_type(page);
    return 0;
}

long do_update_descriptor(unsigned long maddr, unsigned long desc)
{
    struct domain *d = current->domain;
    uint64_t val = desc;
    struct page_info *page;
    int rc;

    if ((maddr & 7) || !pv_check_descriptor(&val))
        return -EINVAL;
    page = get_page_from_gfn(d, _gfn(maddr >> PAGE_SHIFT), NULL);
    if (!page)
        return -EINVAL;
    spin_lock(&d->arch.paging_lock);
    rc = write_descriptor(page, PAGE_OFFSET(maddr), val);
    spin_unlock(&d->arch.paging_lock);
    put_page(page);
    return rc;
}
