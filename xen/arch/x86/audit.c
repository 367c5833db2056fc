/* SPDX-License-Identifier: MIT */
/* audit.c - where x86 domains hold references to frames.  See cairn/audit.h. */
#include <cairn/audit.h>

#include <asm/p2m.h>
#include <asm/pv.h>
#include <cairn/domain.h>

void arch_audit_refs(struct domain *d, audit_fn fn, void *ctx)
{
    /* An HVM domain's p2m holds none: its RAM is its own by allocation, and
     * what it maps by grants is counted with the grants. */
    if (!d->is_hvm)
        pv_audit_refs(d, fn, ctx);
}

bool arch_audit_place(struct domain *d, const struct page_info *pg)
{
    unsigned long gfn = get_gpfn_from_mfn(page_to_mfn(pg));

    if (!d->is_hvm || gfn == INVALID_M2P_ENTRY || d->state >= DOMAIN_dying)
        return true;
    return mfn_eq(p2m_lookup(d, _gfn(gfn), NULL), page_to_mfn(pg));
}
