/* SPDX-License-Identifier: MIT */
/* audit_policy.c - what a frame's words must say.  See cairn/audit.h. */
#include <cairn/audit.h>

#include <cairn/mm.h>

void audit_count_add(struct audit_count *c, uint64_t type)
{
    c->refs++;
    if (type == PGT_none)
        return;
    if (c->uses && c->type != type >> 60)
        c->mixed = true;
    c->type = type >> 60;
    c->uses++;
}

unsigned int audit_check(const struct audit_count *c, uint64_t count_info, uint64_t type_info,
                         bool owned, struct audit_expect *want)
{
    unsigned int wrong = 0;
    bool pinned = type_info & PGT_pinned;

    if (!owned) {
        want->refs = want->uses = 0;
        return c->refs || (count_info & PGC_count_mask) ? AUDIT_OWNER : 0;
    }
    /* The allocation, a pin and a half-done validation hold one each; a page of
     * the hypervisor's that is shared was made writable once for all. */
    want->refs = c->refs + !!(count_info & PGC_allocated) + pinned + !!(type_info & PGT_partial);
    want->uses = c->uses + pinned + !!(count_info & PGC_xen_heap);
    if ((count_info & PGC_count_mask) != want->refs)
        wrong |= AUDIT_REFS;
    if ((type_info & PGT_count_mask) != want->uses)
        wrong |= AUDIT_USES;
    if (c->mixed || (c->uses && (type_info & PGT_type_mask) >> 60 != c->type))
        wrong |= AUDIT_TYPE;
    return wrong;
}
