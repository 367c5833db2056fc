/* SPDX-License-Identifier: MIT */
/*
 * role.h - what a shadow table means: its kind, and what one guest entry
 * allows its shadow.  Pure (role.c, propagate.c): host-tested by
 * test/unit/test_xen_shadow_*.c.
 *
 * Hardware tables are of 512 entries whatever the guest has.  A 2-level
 * guest's table of 1024 entries has shadows by quadrant: 4 of a directory
 * (each guest entry of 4 MiB is two shadow entries of 2 MiB), 2 of a table.
 * A direct table shadows nothing of the guest's: it maps guest-physical
 * memory in a row, below a superpage or for a guest without paging.
 */
#ifndef X86_MM_SHADOW_ROLE_H
#define X86_MM_SHADOW_ROLE_H

#include <asm/page.h>

#include "../guest_walk.h"

/* A kind packs level, guest levels, quadrant and the role's switches. */
typedef uint16_t shadow_kind_t;

#define KIND_LEVEL(k)        ((k)&7)
#define KIND_GUEST_LEVELS(k) (((k) >> 3) & 7) /* 0: direct */
#define KIND_QUADRANT(k)     (((k) >> 6) & 3)
#define KIND_WP              (1u << 8)
#define KIND_NX              (1u << 9)
#define KIND_SMEP            (1u << 10)
#define KIND_SMAP            (1u << 11)
#define KIND_PSE             (1u << 12)
/* Without WP only: an upper level forbids writing.  It must be known here,
 * as a supervisor's write goes through all the same and upper entries of the
 * shadow are then always writable. */
#define KIND_RO (1u << 13)

/* The role's part of a kind; 0 with paging off, whatever else is set. */
shadow_kind_t shadow_role_bits(const struct paging_role *role);
static inline shadow_kind_t shadow_kind(shadow_kind_t role_bits, unsigned int level,
                                        unsigned int quadrant, bool ro)
{
    return role_bits | level | quadrant << 6 | (ro ? KIND_RO : 0);
}
static inline shadow_kind_t shadow_kind_direct(unsigned int level)
{
    return level;
}
static inline bool shadow_kind_is_direct(shadow_kind_t k)
{
    return KIND_GUEST_LEVELS(k) == 0;
}

/* The role again; what the kind does not hold comes from @constants. */
void shadow_role_of(shadow_kind_t kind, const struct paging_role *constants,
                    struct paging_role *role);
/* Which of the guest's entries slot @slot of a table shadows. */
unsigned int shadow_guest_index(shadow_kind_t kind, unsigned int slot);

/* What a guest entry allows. */
struct shadow_view {
    bool present; /* else no shadow entry: absent, reserved bits, or not yet accessed */
    bool leaf;
    bool dirty;     /* leaf: may become writable */
    bool table_ro;  /* not leaf: its tables are of KIND_RO */
    uint64_t gfn;   /* of the page (the first of a large one) or the next table */
    uint64_t flags; /* PTE_P U W NX, at most these */
};

/*
 * shadow_propagate - view of guest entry @e at @level in a table of @role;
 * @ro: that table is of KIND_RO.  Accessed and dirty must be set in @e for the
 * shadow to be present and writable, so that the first access faults and the
 * walker sets them.
 */
void shadow_propagate(const struct paging_role *role, unsigned int level, uint64_t e, bool ro,
                      struct shadow_view *view);
/* The same for an entry through which a walk has just gone: it is present and
 * accessed and no reserved bit is set. */
void shadow_propagate_walked(const struct paging_role *role, unsigned int level, uint64_t e,
                             bool ro, struct shadow_view *view);
/* Of a leaf of level 1, the flags alone. */
static inline uint64_t shadow_leaf_flags(const struct paging_role *role, uint64_t e, bool ro)
{
    uint64_t flags = PTE_P | (e & PTE_U) | (role->nx ? e & PTE_NX : 0);
    return (e & PTE_W) && (e & PTE_D) && !ro ? flags | PTE_W : flags;
}
/*
 * The flags under which a supervisor writes to a page that is read-only to the
 * guest while CR0.WP is 0: the processor's WP is always 1, so the page is made
 * writable, the supervisor's alone, and under SMEP not executable if it was
 * the user's.  0 if this role and page have no such state: under SMAP a user's
 * page must stay one, and such writes are emulated.
 */
uint64_t shadow_flip_flags(const struct paging_role *role, const struct shadow_view *view);
/* May a shadow entry with @flags stand for a guest entry of @view? */
bool shadow_flags_allowed(const struct paging_role *role, const struct shadow_view *view,
                          uint64_t flags);

#endif
