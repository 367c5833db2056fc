/* SPDX-License-Identifier: MIT */
/* role.c - see role.h.  Pure: test/unit/test_xen_shadow_role.c. */
#include "role.h"

#include <cairn/lib.h>

shadow_kind_t shadow_role_bits(const struct paging_role *role)
{
    if (role->levels == 0)
        return 0;
    return role->levels << 3 | (role->wp ? KIND_WP : 0) | (role->nx ? KIND_NX : 0) |
           (role->smep ? KIND_SMEP : 0) | (role->smap ? KIND_SMAP : 0) | (role->pse ? KIND_PSE : 0);
}

void shadow_role_of(shadow_kind_t kind, const struct paging_role *constants,
                    struct paging_role *role)
{
    *role = (struct paging_role){
        .levels = KIND_GUEST_LEVELS(kind),
        .wp = kind & KIND_WP,
        .nx = kind & KIND_NX,
        .smep = kind & KIND_SMEP,
        .smap = kind & KIND_SMAP,
        .pse = kind & KIND_PSE,
        .pse36 = (kind & KIND_PSE) && constants->pse36,
        .page_1g = KIND_GUEST_LEVELS(kind) == 4 && constants->page_1g,
        .maxphysaddr = constants->maxphysaddr,
    };
}

unsigned int shadow_guest_index(shadow_kind_t kind, unsigned int slot)
{
    if (KIND_GUEST_LEVELS(kind) != 2)
        return slot;
    if (KIND_LEVEL(kind) == 1)
        return KIND_QUADRANT(kind) * 512 + slot;
    return KIND_QUADRANT(kind) * 256 + slot / 2;
}
