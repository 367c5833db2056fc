/* SPDX-License-Identifier: MIT */
/*
 * audit.c - does the shadow say what the guest's tables say?  Debug key 'S',
 * and in debug builds before a domain's tables are freed.  Changes nothing.
 */
#include <cairn/console.h>

#include "shadow.h"

#define REPORTS_MAX 8

struct audit {
    struct domain *d;
    unsigned int wrong, entries, tables, oos;
};

static void report(struct audit *a, const struct shadow_table *t, unsigned int slot,
                   const char *what)
{
    if (a->wrong++ < REPORTS_MAX)
        printk(XENLOG_ERR "shadow audit: d%d gfn %lx kind %04x slot %u entry %lx: %s\n",
               a->d->domain_id, (unsigned long)t->gfn, t->kind, slot, (unsigned long)t->entry[slot],
               what);
}

static void audit_direct(struct audit *a, const struct shadow_table *t, unsigned int slot)
{
    uint64_t e = t->entry[slot];
    if (KIND_LEVEL(t->kind) > 1) {
        const struct shadow_table *child = shadow_table_of(a->d, e);
        if (child->kind != shadow_kind_direct(1) ||
            child->gfn != t->gfn + (uint64_t)slot * PT_ENTRIES)
            report(a, t, slot, "leads to a wrong table");
        return;
    }
    enum p2m_type type;
    mfn_t mfn = p2m_lookup(a->d, _gfn(t->gfn + slot), &type);
    if (mfn_x(mfn) != (e & PTE_ADDR_MASK) >> PAGE_SHIFT)
        report(a, t, slot, "not the frame of the p2m");
    else if ((e & PTE_W) && p2m_is_readonly(type))
        report(a, t, slot, "writable, but read-only in the p2m");
}

/* No leaf may let the guest write to a table that is in sync. */
static void audit_protection(struct audit *a, const struct shadow_table *t, unsigned int slot)
{
    uint64_t e = t->entry[slot];
    if (KIND_LEVEL(t->kind) != 1 || !(e & PTE_W))
        return;
    unsigned long gfn = get_gpfn_from_mfn(_mfn((e & PTE_ADDR_MASK) >> PAGE_SHIFT));
    if (gfn != INVALID_M2P_ENTRY && shadow_is_protected(a->d, gfn))
        report(a, t, slot, "lets the guest write to a table in sync");
}

static void audit_table(struct audit *a, const struct shadow_table *t)
{
    bool direct = shadow_kind_is_direct(t->kind);
    const void *guest = direct ? NULL : shadow_map_guest(a->d, t->gfn, false);

    a->tables++;
    a->oos += t->oos;
    for (unsigned int slot = 0; slot < PT_ENTRIES; slot++) {
        uint64_t e = t->entry[slot];
        if (!e)
            continue;
        a->entries++;
        if (slot < t->low || slot > t->high)
            report(a, t, slot, "outside the table's bounds");
        if (direct)
            audit_direct(a, t, slot);
        else if (!t->oos && !shadow_entry_current(a->d, t, slot, e, guest))
            report(a, t, slot, "the guest's entry does not allow this");
        audit_protection(a, t, slot);
    }
}

unsigned int shadow_audit(struct domain *d)
{
    struct shadow_domain *s = d->arch.shadow;
    struct audit a = {.d = d};

    spin_lock(&d->arch.paging_lock);
    for (uint32_t i = 0; i < s->nr_filled; i++)
        if (s->table[i].used && s->table[i].generation == s->generation)
            audit_table(&a, &s->table[i]);
    spin_unlock(&d->arch.paging_lock);
    if (a.wrong)
        printk(XENLOG_ERR "shadow audit: d%d: %u of %u entries are wrong\n", d->domain_id, a.wrong,
               a.entries);
    return a.wrong;
}

static void audit_key(char key)
{
    printk("'%c' pressed -> audit of shadow tables\n", key);
    for_each_domain(d) {
        if (d->arch.shadow && d->arch.shadow->table) {
            struct shadow_domain *s = d->arch.shadow;
            unsigned int wrong = shadow_audit(d);
            printk("  d%d: %u tables, %u in use, %u gfns out of sync, %u entries wrong\n",
                   d->domain_id, s->nr_filled, s->nr_used, s->nr_oos, wrong);
        }
    }
}
DEBUG_KEY('S', audit_key, "audit shadow tables");
