/* SPDX-License-Identifier: MIT */
/* propagate.c - see role.h.  Pure: test/unit/test_xen_shadow_propagate.c. */
#include "role.h"

void shadow_propagate(const struct paging_role *role, unsigned int level, uint64_t e, bool ro,
                      struct shadow_view *view)
{
    if ((e & PTE_P) && (e & PTE_A) && !guest_entry_reserved(role, level, e))
        shadow_propagate_walked(role, level, e, ro, view);
    else
        *view = (struct shadow_view){0};
}

void shadow_propagate_walked(const struct paging_role *role, unsigned int level, uint64_t e,
                             bool ro, struct shadow_view *view)
{
    *view = (struct shadow_view){0};
    view->present = true;
    view->leaf = guest_entry_is_leaf(role, level, e);
    view->gfn = guest_entry_address(role, level, e) >> PAGE_SHIFT;
    view->flags = shadow_leaf_flags(role, e, ro);
    if (view->leaf) {
        view->dirty = e & PTE_D;
        return;
    }
    bool writable = (e & PTE_W) && !ro;
    view->flags &= ~PTE_W;
    view->table_ro = !role->wp && !writable;
    if (writable || !role->wp)
        view->flags |= PTE_W;
}

uint64_t shadow_flip_flags(const struct paging_role *role, const struct shadow_view *view)
{
    if (role->wp || !view->present || !view->leaf || !view->dirty)
        return 0;
    if (role->smap && (view->flags & PTE_U))
        return 0;
    uint64_t flags = (view->flags & ~PTE_U) | PTE_W;
    if (role->smep && (view->flags & PTE_U))
        flags |= PTE_NX;
    return flags;
}

/* Nothing allowed by @flags that @limit does not allow. */
static bool within(uint64_t flags, uint64_t limit)
{
    return !(flags & ~limit & (PTE_P | PTE_W | PTE_U)) && !(limit & ~flags & PTE_NX);
}

bool shadow_flags_allowed(const struct paging_role *role, const struct shadow_view *view,
                          uint64_t flags)
{
    if (!view->present)
        return false;
    /* To the supervisor, SMEP and SMAP make a user page the lesser one: then
     * neither kind can stand for the other. */
    bool same_user = !((flags ^ view->flags) & PTE_U) || !(role->smep || role->smap);
    if (same_user && within(flags, view->flags))
        return true;
    uint64_t flip = shadow_flip_flags(role, view);
    return flip && within(flags, flip);
}
