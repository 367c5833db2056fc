/* SPDX-License-Identifier: MIT */
/*
 * mm.c - what a PV guest's page tables may say.
 *
 * A present entry of a table holds references: an L1 entry one on the frame
 * it maps (and a writable use if it is writable), a higher entry one on the
 * next table and a use of it as that table.  So a frame in use as a table
 * cannot be mapped writable, by anybody.
 *
 * Linear tables: a root may map itself, read-only; that entry holds nothing,
 * since it lives no longer than the frame it names.  Through it the hypervisor's
 * part of the root can be reached one level too low, and with it 4 KiB of each
 * 2 MiB of all memory: ring 3 cannot read there, but ring 0 can, where a
 * hypercall's arguments lie there.  So the slots that ever held such an entry are
 * remembered, and what was read by way of them is refused (linear.c).
 * Anything else of the kind is refused with -EINVAL.  There are no superpages.
 */
#include "private.h"

#include <cairn/softirq.h>

#define PTE_AVAIL     (0xe00ul | 0x7ff0000000000000ul)
#define TABLE_ALLOWED (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_AVAIL | PTE_NX)
#define L1_CACHE_BITS (PTE_PWT | PTE_PCD | PTE_PS /* PAT */)
#define L1_ALLOWED    (TABLE_ALLOWED | L1_CACHE_BITS | PTE_G)

static bool opt_linear_pt = true;
boolean_param("pv-linear-pt", opt_linear_pt);

static uint64_t level_type(unsigned int level)
{
    return (uint64_t)level << 60;
}

static unsigned int type_level(uint64_t type)
{
    return type >> 60;
}

bool pv_is_hypervisor_slot(unsigned int level, unsigned int slot)
{
    return level == 4 && is_hypervisor_slot(slot);
}

/* ---- device memory ---- */

#define APIC_FRAME   0xfee00ul
#define IOAPIC_FRAME 0xfec00ul

/* Frames that are not RAM, and not the interrupt hardware which is ours. */
bool pv_is_device_frame(mfn_t mfn)
{
    uint64_t start = mfn_x(mfn) << PAGE_SHIFT, end = start + PAGE_SIZE;

    if (mfn_x(mfn) >> (host_cpu.paddr_bits - PAGE_SHIFT))
        return false;
    if (mfn_x(mfn) == APIC_FRAME || mfn_x(mfn) == IOAPIC_FRAME)
        return false;
    for_each_ram(e)
        if (start < e->addr + e->size && end > e->addr)
            return false;
    return true;
}

/* ---- L1 entries ---- */

static int l1e_get(struct domain *d, struct domain *pg_owner, pte_t e)
{
    mfn_t mfn = pte_mfn(e);

    if (!mfn_valid(mfn) || !(mfn_to_page(mfn)->count_info & PGC_count_mask))
        return d->is_privileged && pv_is_device_frame(mfn) ? 0 : -EINVAL;

    struct page_info *pg = mfn_to_page(mfn);

    if (!(e.pte & PTE_W))
        return get_page(pg, pg_owner) ? 0 : -EINVAL;
    return get_page_and_type(pg, pg_owner, PGT_writable_page);
}

static void drop_ldts(struct domain *d)
{
    for_each_vcpu(d, v)
        pv_destroy_ldt(v);
}

static void l1e_put(struct domain *d, pte_t e)
{
    mfn_t mfn = pte_mfn(e);

    if (!(e.pte & PTE_P) || !mfn_valid(mfn))
        return;

    struct page_info *pg = mfn_to_page(mfn);

    if (!(pg->count_info & PGC_count_mask))
        return; /* device memory */
    page_unmapped(pg);
    if (e.pte & PTE_W) {
        put_page_and_type(pg);
        return;
    }
    /* The LDT goes by linear address: an unmapped frame is not part of it. */
    if ((pg->type_info & PGT_type_mask) == PGT_seg_desc_page && (pg->type_info & PGT_count_mask) &&
        pg->owner == d->domain_id)
        drop_ldts(d);
    put_page(pg);
}

/* What the hardware gets for what the guest wrote. */
static pte_t l1e_adjust(pte_t e)
{
    mfn_t mfn = pte_mfn(e);

    e.pte = (e.pte | PTE_U) & ~PTE_G;
    /* RAM is write-back everywhere: no aliases of different cacheability. */
    if (mfn_valid(mfn) && (mfn_to_page(mfn)->count_info & PGC_count_mask))
        e.pte &= ~L1_CACHE_BITS;
    return e;
}

/* Returns the old value. The processor sets A and D under our hands. */
static pte_t entry_write(pte_t *entry, pte_t val, bool preserve_ad)
{
    uint64_t old = __atomic_load_n(&entry->pte, __ATOMIC_RELAXED), new;

    do {
        new = val.pte | (preserve_ad ? old & (PTE_A | PTE_D) : 0);
    } while (!__atomic_compare_exchange_n(&entry->pte, &old, new, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return (pte_t){old};
}

int pv_set_l1_entry(struct domain *d, struct domain *pg_owner, pte_t *entry, pte_t val,
                    bool preserve_ad)
{
    pte_t old = {ACCESS_ONCE(entry->pte)};
    int rc;

    if (pte_flags(val) & ~L1_ALLOWED)
        return -EINVAL;
    val = l1e_adjust(val);
    /* Same frame, same rights: the references stay as they are. */
    if ((old.pte & PTE_P) && !((old.pte ^ val.pte) & (PTE_ADDR_MASK | PTE_W))) {
        entry_write(entry, val, preserve_ad);
        return 0;
    }
    rc = l1e_get(d, pg_owner, val);
    if (!rc)
        l1e_put(d, entry_write(entry, val, preserve_ad));
    return rc;
}

int pv_mod_l1_entry(struct domain *d, struct domain *pg_owner, pte_t *entry, pte_t val,
                    bool preserve_ad)
{
    struct page_info *foreign;
    bool writable;
    int rc = -EINVAL;

    if (!(val.pte & PTE_P)) {
        l1e_put(d, entry_write(entry, val, preserve_ad));
        return 0;
    }
    if (!pg_owner->is_hvm)
        return pv_set_l1_entry(d, pg_owner, entry, val, preserve_ad);
    if (pte_flags(val) & ~L1_ALLOWED)
        return -EINVAL;
    foreign = get_page_from_gfn(pg_owner, _gfn(mfn_x(pte_mfn(val))), &writable);
    if (!foreign)
        return -EINVAL;
    if (writable || !(val.pte & PTE_W))
        rc = pv_set_l1_entry(d, pg_owner, entry, pte_make(page_to_mfn(foreign), pte_flags(val)),
                             preserve_ad);
    put_page(foreign);
    return rc;
}

void pv_move_l1_entry(struct domain *d, pte_t *entry, pte_t *from)
{
    const pte_t none = {0};
    pte_t val = from ? (pte_t){ACCESS_ONCE(from->pte)} : none;
    pte_t old = entry_write(entry, val, false);

    if (from)
        entry_write(from, none, false);
    l1e_put(d, old);
}

/* ---- entries of L2, L3, L4 ---- */

static bool is_self_map(unsigned int level, pte_t e, mfn_t table)
{
    return level == 4 && mfn_eq(pte_mfn(e), table);
}

static int self_map_get(struct domain *d, unsigned int slot, pte_t e)
{
    if (!opt_linear_pt || (e.pte & PTE_W))
        return -EINVAL;
    /* Before the entry is there: see raw_copy_from_guest(). */
    __atomic_or_fetch(&d->arch.pv.linear_slots[slot / 64], 1ul << slot % 64, __ATOMIC_SEQ_CST);
    __atomic_store_n(&d->arch.pv.linear, true, __ATOMIC_SEQ_CST);
    return 0;
}

int pv_get_frame(struct domain *d, mfn_t mfn, uint64_t type)
{
    return mfn_valid(mfn) ? get_page_and_type(mfn_to_page(mfn), d, type) : -EINVAL;
}

static int table_entry_get(struct domain *d, unsigned int level, unsigned int slot, pte_t e,
                           mfn_t table)
{
    if (pte_flags(e) & ~TABLE_ALLOWED)
        return -EINVAL;
    if (is_self_map(level, e, table))
        return self_map_get(d, slot, e);
    return pv_get_frame(d, pte_mfn(e), level_type(level - 1));
}

/* 0, or -ERESTART: the entry still holds its references. */
static int table_entry_put(unsigned int level, pte_t e, mfn_t table)
{
    if (is_self_map(level, e, table))
        return 0;
    return put_page_and_type_preemptible(mfn_to_page(pte_mfn(e)));
}

static int mod_upper_entry(struct domain *d, unsigned int level, struct page_info *page,
                           unsigned int slot, pte_t val, bool preserve_ad)
{
    mfn_t table = page_to_mfn(page);
    pte_t *entry = (pte_t *)page_to_virt(page) + slot;
    pte_t old = {ACCESS_ONCE(entry->pte)};

    if (pv_is_hypervisor_slot(level, slot))
        return -EINVAL;
    if (val.pte & PTE_P) {
        int rc;

        val.pte |= PTE_U;
        if ((old.pte & PTE_P) && mfn_eq(pte_mfn(old), pte_mfn(val)) &&
            !is_self_map(level, val, table)) {
            if (pte_flags(val) & ~TABLE_ALLOWED)
                return -EINVAL;
            entry_write(entry, val, preserve_ad);
            return 0;
        }
        rc = table_entry_get(d, level, slot, val, table);
        if (rc)
            return rc;
    }
    old = entry_write(entry, val, preserve_ad);
    if ((old.pte & PTE_P) && !is_self_map(level, old, table))
        pv_release_table(current, mfn_to_page(pte_mfn(old)));
    return 0;
}

int pv_mod_table_entry(struct domain *d, struct domain *pg_owner, struct page_info *page,
                       unsigned int slot, pte_t val, bool preserve_ad)
{
    unsigned int level = type_level(page->type_info & PGT_type_mask);

    if (level == 1)
        return pv_mod_l1_entry(d, pg_owner, (pte_t *)page_to_virt(page) + slot, val, preserve_ad);
    return mod_upper_entry(d, level, page, slot, val, preserve_ad);
}

void pv_release_table(struct vcpu *v, struct page_info *page)
{
    if (put_page_and_type_preemptible(page) == 0)
        return;
    BUG_ON(mfn_x(v->arch.pv.old_table));
    v->arch.pv.old_table = page_to_mfn(page);
}

int pv_put_old_table(struct vcpu *v)
{
    if (likely(!mfn_x(v->arch.pv.old_table)))
        return 0;
    struct page_info *page = mfn_to_page(v->arch.pv.old_table);
    scoped_lock(&page_owner(page)->arch.paging_lock);
    int rc = put_page_and_type_preemptible(page);
    if (!rc)
        v->arch.pv.old_table = _mfn(0);
    return rc;
}

/* ---- whole tables ---- */

/* The entry as it is in a table that was just made one, with its references. */
static int validate_entry(struct domain *d, unsigned int level, unsigned int slot, pte_t *entry,
                          mfn_t table)
{
    pte_t e = *entry;
    int rc;

    if (level > 1) {
        rc = table_entry_get(d, level, slot, e, table);
        e.pte |= PTE_U;
    } else if (pte_flags(e) & ~L1_ALLOWED) {
        rc = -EINVAL;
    } else {
        e = l1e_adjust(e);
        rc = l1e_get(d, d, e);
    }
    if (!rc && e.pte != entry->pte)
        *entry = e;
    return rc;
}

int pv_validate_table(struct page_info *pg, uint64_t type)
{
    struct domain *d = page_owner(pg);
    unsigned int level = type_level(type);
    pte_t *t = page_to_virt(pg);

    if (!d || d->is_hvm)
        return -EINVAL;
    if (type == PGT_seg_desc_page)
        return pv_validate_descriptors(page_to_virt(pg));
    for (unsigned int i = pg->entries_done; i < PT_ENTRIES; i++) {
        pg->entries_done = i;
        if (!(t[i].pte & PTE_P) || pv_is_hypervisor_slot(level, i))
            continue;
        int rc = validate_entry(d, level, i, &t[i], page_to_mfn(pg));
        if (rc)
            return rc;
        if (level > 1 && i + 1 < PT_ENTRIES && preempt_check()) {
            pg->entries_done = i + 1;
            return -ERESTART;
        }
    }
    pg->entries_done = PT_ENTRIES;
    if (level == 4)
        pv_install_hypervisor_slots(d, t);
    return 0;
}

int pv_devalidate_table(struct page_info *pg, uint64_t type)
{
    struct domain *d = page_owner(pg);
    unsigned int level = type_level(type);
    pte_t *t = page_to_virt(pg);

    if (type == PGT_seg_desc_page)
        pg->entries_done = 0;
    while (pg->entries_done > 0) {
        unsigned int i = pg->entries_done - 1;
        bool upper = level > 1 && !pv_is_hypervisor_slot(level, i) && (t[i].pte & PTE_P);
        int rc = upper ? table_entry_put(level, t[i], page_to_mfn(pg)) : 0;

        if (rc)
            return rc;
        if (level == 1)
            l1e_put(d, t[i]);
        else if (pv_is_hypervisor_slot(level, i))
            t[i].pte = 0;
        pg->entries_done = i;
        if (upper && i > 0 && preempt_check())
            return -ERESTART;
    }
    return 0;
}

/* ---- roots ---- */

pte_t *pv_walk_l1(struct vcpu *v, unsigned long va, struct page_info **table)
{
    mfn_t mfn = v->arch.pv.kernel_cr3;

    for (unsigned int level = 4; level > 1; level--) {
        pte_t e = ((pte_t *)mfn_to_virt(mfn))[PT_INDEX(va, level)];

        if (!(e.pte & PTE_P))
            return NULL;
        mfn = pte_mfn(e);
        /* A self-mapping root leads to other things than the next table, the
         * hypervisor's own among them: those are not to be changed. */
        *table = mfn_to_page(mfn);
        if (((*table)->type_info & PGT_type_mask) != level_type(level - 1) ||
            (*table)->owner != v->domain->domain_id)
            return NULL;
    }
    return (pte_t *)mfn_to_virt(mfn) + PT_INDEX(va, 1);
}

int pv_new_kernel_base(struct vcpu *v, mfn_t mfn)
{
    mfn_t old = v->arch.pv.kernel_cr3;
    int rc;

    if (mfn_eq(old, mfn)) {
        pv_write_ptbase(v);
        return 0;
    }
    rc = pv_get_frame(v->domain, mfn, PGT_l4_page_table);
    if (rc)
        return rc;
    pv_destroy_ldt(v);
    v->arch.pv.kernel_cr3 = mfn;
    pv_write_ptbase(v);
    if (mfn_x(old))
        pv_release_table(v, mfn_to_page(old));
    return 0;
}

int pv_new_user_base(struct vcpu *v, mfn_t mfn)
{
    mfn_t old = v->arch.pv.user_cr3;
    int rc;

    if (mfn_eq(old, mfn))
        return 0;
    rc = mfn_x(mfn) ? pv_get_frame(v->domain, mfn, PGT_l4_page_table) : 0;
    if (rc)
        return rc;
    v->arch.pv.user_cr3 = mfn;
    if (mfn_x(old))
        pv_release_table(v, mfn_to_page(old));
    return 0;
}

struct domain *pv_get_pg_owner(domid_t domid, long *rc)
{
    /* Device memory has no owner: the caller's right to it is what counts. */
    if (domid == DOMID_IO && current->domain->is_privileged)
        domid = DOMID_SELF;
    return hypercall_target(domid, rc);
}

bool pv_fixup_page_fault(unsigned long addr)
{
    struct vcpu *v = current;

    if (!v || is_idle_vcpu(v) || is_hvm_vcpu(v))
        return false;

    unsigned long ldt = LDT_VA(v->vcpu_id);

    if (addr - ldt < (16ul << PAGE_SHIFT))
        return pv_map_ldt_page(v, addr - ldt);
    return false;
}
