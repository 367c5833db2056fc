/* SPDX-License-Identifier: MIT */
/*
 * ept.h - the format of EPT entries, and the tree of them that is a p2m.
 * Source: SDM "EPT Translation Mechanism".  Software owns bits 55:52 (type).
 */
#ifndef X86_MM_EPT_H
#define X86_MM_EPT_H

#include <asm/p2m.h>

typedef struct {
    uint64_t raw;
} epte_t;

#define EPT_R          0x1ull
#define EPT_W          0x2ull
#define EPT_X          0x4ull
#define EPT_RWX        0x7ull
#define EPT_MEMTYPE_WB (6ull << 3)
#define EPT_IGNORE_PAT (1ull << 6)
#define EPT_SUPERPAGE  (1ull << 7)
#define EPT_ADDR_MASK  0x000ffffffffff000ull
#define EPT_TYPE_SHIFT 52
#define EPT_TYPE_MASK  (0xfull << EPT_TYPE_SHIFT)

#define EPT_LEVELS   4
#define EPT_GFN_BITS 36

static inline uint64_t ept_make_pointer(mfn_t root, bool accessed_dirty)
{
    /* Write-back, walk length 4. */
    return mfn_x(root) << PAGE_SHIFT | 6 | (EPT_LEVELS - 1) << 3 | (accessed_dirty ? 1u << 6 : 0);
}

static inline mfn_t epte_mfn(epte_t e)
{
    return _mfn((e.raw & EPT_ADDR_MASK) >> PAGE_SHIFT);
}
static inline enum p2m_type epte_type(epte_t e)
{
    return (e.raw & EPT_TYPE_MASK) >> EPT_TYPE_SHIFT;
}
/* At levels above 1; an entry that is not 0 is a table or a leaf. */
static inline bool epte_is_table(epte_t e, unsigned int level)
{
    return level > 1 && (e.raw & EPT_RWX) && !(e.raw & EPT_SUPERPAGE);
}

/*
 * The tree.  p2m->lock held.  A level's table entry covers 1 << 9 * (level - 1)
 * frames.  ept_set notes in p2m->taken_away that it took a translation
 * away; under EPT the processors have forgotten it when it returns.
 * ept_set: 0; -ENOMEM, nothing changed.  @type P2M_none unmaps.
 */
int ept_init(struct p2m *p2m);
int ept_set(struct p2m *p2m, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type);
/* *@order: 1 << that many frames in a row from an aligned one are alike. */
mfn_t ept_lookup(const struct p2m *p2m, uint64_t gfn, enum p2m_type *type, unsigned int *order);
int ept_free(struct p2m *p2m); /* resumable, -ERESTART */

/* ept_merged_leaf - do the 512 leaves of @table, whose entries are of @level,
 * say what one leaf of the next level would?  That is *@leaf then. */
bool ept_merged_leaf(const epte_t *table, unsigned int level, epte_t *leaf);

/* ept_walk - calls @fn for every leaf that the guest can reach. */
typedef void (*ept_leaf_fn)(void *ctx, uint64_t gfn, mfn_t mfn, unsigned int order,
                            enum p2m_type type);
void ept_walk(const struct p2m *p2m, ept_leaf_fn fn, void *ctx);

#endif
