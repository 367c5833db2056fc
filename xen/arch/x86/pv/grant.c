/* SPDX-License-Identifier: MIT */
/*
 * grant.c - grant mappings in a PV guest's own page tables.
 *
 * A grant mapping is an L1 entry like any other and holds the references that
 * any L1 entry holds; only the owner of the frame differs.  The entry is named
 * by the linear address it translates, or by its own machine address.
 */
#include "private.h"

#include <xen/grant_table.h>

/* An L1 entry of the current domain and what keeps its table one. */
struct l1_slot {
    pte_t *entry;
    struct page_info *table; /* with a reference if named by machine address */
};

/* paging_lock held. */
static int16_t slot_by_machine_address(struct vcpu *v, uint64_t addr, struct l1_slot *slot)
{
    struct page_info *table;

    if (addr & (sizeof(pte_t) - 1))
        return GNTST_general_error;
    table = get_page_from_gfn(v->domain, _gfn(addr >> PAGE_SHIFT), NULL);
    if (!table)
        return GNTST_general_error;
    /* With the lock held a table in use stays one. */
    if ((table->type_info & PGT_type_mask) != PGT_l1_page_table ||
        !(table->type_info & PGT_count_mask) || (table->type_info & PGT_partial)) {
        put_page(table);
        return GNTST_general_error;
    }
    slot->table = table;
    slot->entry = (pte_t *)page_to_virt(table) + PAGE_OFFSET(addr) / sizeof(pte_t);
    return GNTST_okay;
}

static int16_t slot_get(struct vcpu *v, uint64_t addr, bool by_machine, struct l1_slot *slot)
{
    struct page_info *table;

    slot->table = NULL;
    if (by_machine)
        return slot_by_machine_address(v, addr, slot);
    slot->entry = pv_address_ok(addr) ? pv_walk_l1(v, addr, &table) : NULL;
    return slot->entry ? GNTST_okay : GNTST_general_error;
}

static void slot_put(const struct l1_slot *slot)
{
    if (slot->table)
        put_page(slot->table);
}

static uint64_t entry_flags(uint32_t flags)
{
    uint64_t pte = PTE_P | PTE_A | PTE_D | PTE_U;

    if (!(flags & GNTMAP_readonly))
        pte |= PTE_W;
    /* Three bits of the entry are the guest kernel's: 9 to 11. */
    return pte | ((flags >> _GNTMAP_guest_avail0 & 7ul) << 9);
}

int16_t pv_grant_map(struct domain *rd, mfn_t mfn, uint64_t addr, uint32_t flags)
{
    struct vcpu *v = current;
    struct domain *d = v->domain;
    struct l1_slot slot;
    int16_t status;

    scoped_lock(&d->arch.paging_lock);
    status = slot_get(v, addr, flags & GNTMAP_contains_pte, &slot);
    if (status == GNTST_okay) {
        if (pv_set_l1_entry(d, rd, slot.entry, pte_make(mfn, entry_flags(flags)), false))
            status = GNTST_general_error;
        slot_put(&slot);
    }
    return status;
}

/* The entry must still be what the mapping made it: same frame, same right. */
static bool slot_holds(const struct l1_slot *slot, mfn_t mfn, uint32_t flags)
{
    pte_t e = {ACCESS_ONCE(slot->entry->pte)};

    return (e.pte & PTE_P) && mfn_eq(pte_mfn(e), mfn) &&
           !(e.pte & PTE_W) == !!(flags & GNTMAP_readonly);
}

int16_t pv_grant_unmap(mfn_t mfn, uint64_t addr, uint64_t new_addr, uint32_t flags)
{
    struct vcpu *v = current;
    struct domain *d = v->domain;
    struct l1_slot slot, from = {0};
    int16_t status;

    /* The other entry is named by linear address; so must this one be. */
    if (new_addr && (flags & GNTMAP_contains_pte))
        return GNTST_general_error;
    scoped_lock(&d->arch.paging_lock);
    status = slot_get(v, addr, flags & GNTMAP_contains_pte, &slot);
    if (status == GNTST_okay) {
        if (!slot_holds(&slot, mfn, flags))
            status = GNTST_general_error;
        if (status == GNTST_okay && new_addr)
            status = slot_get(v, new_addr, false, &from);
        if (status == GNTST_okay)
            pv_move_l1_entry(d, slot.entry, from.entry);
        slot_put(&slot);
    }
    return status;
}
