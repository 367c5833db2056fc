/* SPDX-License-Identifier: MIT */
/*
 * guest_walk.h - translate and check a guest's access by its own page tables.
 *
 * Pure: memory is reached through a callback, so the walker runs on the host
 * too.  One walker for all modes: none, 2 levels (32-bit), 3 (PAE), 4.
 */
#ifndef X86_MM_GUEST_WALK_H
#define X86_MM_GUEST_WALK_H

#include <asm/hvm.h>

/* Everything that changes the meaning of the tables, and nothing else: bits
 * that do not matter in a mode are false in it. */
struct paging_role {
    uint8_t levels; /* 0 no paging, 2, 3 PAE, 4 */
    bool wp, nx, smep, smap;
    bool pse;     /* 2 levels: 4 MiB pages */
    bool pse36;   /* with pse: 40-bit addresses in them */
    bool page_1g; /* 4 levels */
    uint8_t maxphysaddr;
};

/* @pse36, @page_1g, @maxphysaddr: the policy's */
void paging_role(const struct x86_ctrl *ctrl, bool pse36, bool page_1g, uint8_t maxphysaddr,
                 struct paging_role *role);

/* Kind of access */
#define WALK_WRITE 1u
#define WALK_USER  2u /* CPL 3 and not implicit */
#define WALK_FETCH 4u
#define WALK_AC    8u /* EFLAGS.AC of an explicit supervisor access: SMAP is off */

struct walk_memory {
    /* Read @len (4 or 8) bytes at @addr; false: no memory is there. */
    bool (*read)(void *ctx, gaddr_t addr, void *buf, size_t len);
    /* Set bits in the entry at @addr if it still is @old; false: it changed,
     * walk again.  NULL: leave accessed and dirty bits alone. */
    bool (*update)(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len);
    void *ctx;
};

struct walk_result {
    gaddr_t addr;        /* translation of the address */
    unsigned int order;  /* of the page: 0, 9, 10 (4 MiB) or 18 */
    bool user, writable; /* of the page */
    unsigned int seen;   /* on success: entries walked, from the top, as they are now */
    uint64_t entry[4];
    uint32_t ec;        /* on failure: error code of the #PF */
    bool not_canonical; /* on failure: #GP (or #SS) instead of #PF */
    bool retry;         /* on failure: no fault, entries changed again and again */
};

/*
 * guest_walk - @va with @access.
 * @root   CR3; @pdpte  the four latched entries, for PAE only
 * Returns true and the translation, or false and the fault.  Accessed and
 * dirty bits are set once the whole walk has succeeded.
 * Source: SDM "Paging", tables of entry formats; "Page-Fault Exceptions".
 */
bool guest_walk(const struct paging_role *role, uint64_t root, const uint64_t pdpte[4], gva_t va,
                unsigned int access, const struct walk_memory *mem, struct walk_result *res);

/*
 * guest_leaf_allows - the last step of such a walk, into entry @e of level 1.
 * @above  what all entries before it leave: PTE_U, PTE_W if none forbids, and
 *         PTE_NX if one does
 * True: *@now is what the entry becomes.  False: *@ec is the fault's.
 */
bool guest_leaf_allows(const struct paging_role *role, uint64_t above, uint64_t e,
                       unsigned int access, uint64_t *now, uint32_t *ec);

/* ---- one present entry of a table of @level, 1 lowest ---- */
bool guest_entry_reserved(const struct paging_role *role, unsigned int level, uint64_t e);
bool guest_entry_is_leaf(const struct paging_role *role, unsigned int level, uint64_t e);
/* Where its page or the next table begins. */
uint64_t guest_entry_address(const struct paging_role *role, unsigned int level, uint64_t e);

#endif
