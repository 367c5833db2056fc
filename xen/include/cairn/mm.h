/* SPDX-License-Identifier: MIT */
/*
 * mm.h - machine memory: the frame table, the page allocator, the small heap.
 *
 * Terms: a *frame* is 4 KiB.  mfn_t counts machine frames, gfn_t a guest's
 * frames (equal to mfn_t for a PV guest).  See asm/addr.h.
 *
 * Each frame has one struct page_info.  Its owner is a domain or nobody
 * (free, or the hypervisor's own).  Two counts guard it:
 *   count  general references; the allocation itself holds one
 *          (PGC_allocated).  The frame is freed when the count reaches 0.
 *   type   what the frame is used as, with a count of such uses.  A frame
 *          changes type only while its type count is 0: a page table can
 *          never be writable.  This is the isolation argument of PV guests.
 */
#ifndef CAIRN_MM_H
#define CAIRN_MM_H

#include <asm/addr.h>
#include <cairn/list.h>
#include <cairn/types.h>

struct domain;

/* type_info: bits 63:60 type, flags below, low 32 bits count */
#define PGT_none          (0ul << 60)
#define PGT_l1_page_table (1ul << 60)
#define PGT_l2_page_table (2ul << 60)
#define PGT_l3_page_table (3ul << 60)
#define PGT_l4_page_table (4ul << 60)
#define PGT_seg_desc_page (5ul << 60) /* GDT or LDT frame */
#define PGT_shadow_page   (6ul << 60)
#define PGT_writable_page (7ul << 60)
#define PGT_type_mask     (15ul << 60)
#define PGT_pinned        (1ul << 59) /* owner asked to keep the type */
#define PGT_validated     (1ul << 58) /* entries have been checked and counted */
#define PGT_partial       (1ul << 57) /* validation stopped half-way (preempted) */
#define PGT_count_mask    0xfffffffful

/* count_info: flags in the top bits, low 32 bits count */
#define PGC_allocated  (1ul << 63) /* the owner's own reference */
#define PGC_xen_heap   (1ul << 62) /* hypervisor page (maybe shared with owner) */
#define PGC_free       (1ul << 61) /* in the buddy allocator */
#define PGC_clean      (1ul << 58) /* free and zeroed */
#define PGC_count_mask 0xfffffffful

struct page_info {
    /* Volatile: other CPUs take and drop references at any time. */
    volatile uint64_t count_info;
    volatile uint64_t type_info;
    uint32_t next, prev; /* frame numbers: buddy list or owner's page list */
    uint16_t owner;      /* domid, or DOMID_INVALID: nobody */
    union {
        uint8_t order;         /* of a free block's head, of a heap block */
        uint16_t entries_done; /* of a table, validated so far while PGT_partial */
    };
    union {
        uint32_t tlb_stamp;   /* tlb_clock() when a mapping of it last went away; 0: none */
        uint32_t first_dirty; /* of a free block's head: see buddy.h */
    };
};
_Static_assert(sizeof(struct page_info) == 32, "frame table <= 32 bytes a page");

#define FRAME_NONE 0xffffffffu

extern unsigned long max_page;    /* one past the last frame with a page_info */
extern unsigned long total_pages; /* RAM frames at boot */

bool mfn_valid(mfn_t mfn);
struct page_info *mfn_to_page(mfn_t mfn); /* mfn must be valid */
mfn_t page_to_mfn(const struct page_info *pg);

/* Directmap address of a frame, and back. */
void *mfn_to_virt(mfn_t mfn);
mfn_t virt_to_mfn(const void *va); /* directmap or hypervisor image address */
static inline uint64_t virt_to_maddr(const void *va)
{
    return mfn_x(virt_to_mfn(va)) << PAGE_SHIFT | PAGE_OFFSET(va);
}
static inline void *page_to_virt(const struct page_info *pg)
{
    return mfn_to_virt(page_to_mfn(pg));
}
static inline struct page_info *virt_to_page(const void *va)
{
    return mfn_to_page(virt_to_mfn(va));
}

/* ---- page_alloc.c: buddy allocator, orders 0..MAX_ORDER ---- */
#define MAX_ORDER     18
#define MEMF_below_4g 1u /* frames under 4 GiB */
#define MEMF_exchange 4u /* may take @d over its limit once: it gives as many back */
#define MEMF_no_scrub 2u /* caller overwrites all of it */

void page_alloc_init(void); /* from boot_info; mm_init calls it */
/* Zeroed hypervisor frames, directmap address; NULL if none. */
void *alloc_xen_pages(unsigned int order, unsigned int memf);
void free_xen_pages(void *va, unsigned int order);
static inline void *alloc_xen_page(void)
{
    return alloc_xen_pages(0, 0);
}
static inline void free_xen_page(void *va)
{
    free_xen_pages(va, 0);
}
/* Frames owned by @d: on d's page list, counted in d->tot_pages, each with
 * count 1 | PGC_allocated and type none.  NULL: no memory or over max_pages. */
struct page_info *alloc_domheap_pages(struct domain *d, unsigned int order, unsigned int memf);
/* Give up PGC_allocated of one page of @d (it dies with its last reference). */
void put_page_alloc_ref(struct page_info *pg);
unsigned long avail_pages(void); /* free ones */
unsigned long dirty_pages(void); /* free ones that are still to be cleared */
/* scrub_free_pages - clears free frames until none is dirty or the CPU has
 * something better to do; it is the idle loop's. */
void scrub_free_pages(void);
bool scrub_wanted(void);              /* there is something to clear that no CPU is clearing */
unsigned long hypervisor_pages(void); /* frames not free and not a domain's */
/* A walk over the page list of the dying @d while others may give up the last
 * reference of any page of it: page_list_rewind(), then until it is NULL
 * page_list_hold(), the page at d->relmem_cursor with a reference, and
 * page_list_pass(), which drops that and moves on.  Each takes page_alloc_lock. */
void page_list_rewind(struct domain *d);
struct page_info *page_list_hold(struct domain *d);
void page_list_pass(struct domain *d, struct page_info *pg);
/* relinquish_pages - the dying @d gives up what d->relmem_cursor is at, a block
 * if only @d itself holds it, else the reference of one page, and the cursor
 * moves on.  *@n grows by how many.  False: nothing was left. */
bool relinquish_pages(struct domain *d, unsigned long *n);
/* free_domain_page - the last reference of @pg is gone (put_page calls it):
 * takes it off its owner's list and frees it.  A shared hypervisor page only
 * loses its owner. */
void free_domain_page(struct page_info *pg);
/* Give boot memory (modules, .init) to the allocator: whole pages within. */
void free_boot_range(maddr_t start, maddr_t end);
/* Make an alloc_xen_page() frame visible to @d (shared_info...): sets owner,
 * type writable, adds a reference.  Undone by put_page_alloc_ref(). */
void share_xen_page_with_guest(struct page_info *pg, struct domain *d, bool readonly);

/* ---- heap.c: small objects ---- */
void *xzalloc_bytes(size_t size, size_t align); /* zeroed; NULL if none */
void xfree(void *p);
#define xzalloc(type)          ((type *)xzalloc_bytes(sizeof(type), __alignof__(type)))
#define xzalloc_array(type, n) ((type *)xzalloc_bytes(sizeof(type) * (n), __alignof__(type)))
size_t heap_bytes_used(void);

/* ---- arch/x86/mm/page_type.c: references and types ---- */

/* get_page - take a reference on @pg if @d owns it and it is not dying. */
bool __must_check get_page(struct page_info *pg, const struct domain *d);
/* page_count_inc - one more reference, whoever owns @pg.  False: it has none,
 * or too many. */
bool __must_check page_count_inc(struct page_info *pg);
void put_page(struct page_info *pg);
/* get_page_type - count one more use of @pg as @type (PGT_*_page*).
 * Returns 0, -EINVAL the frame is in use as another type or its contents are
 * not legal as a table, -ERESTART preempted: call again. */
int __must_check get_page_type(struct page_info *pg, uint64_t type);
void put_page_type(struct page_info *pg);
int __must_check get_page_and_type(struct page_info *pg, struct domain *d, uint64_t type);
void put_page_and_type(struct page_info *pg);
/* The page behind gfn of @d with a reference, or NULL. PV: gfn == mfn. */
struct page_info *get_page_from_gfn(struct domain *d, gfn_t gfn, bool *writable);

/* ---- arch/x86/mm/pgtable.c ---- */
void mm_init(void); /* final page tables, frame table, allocator, M2P */
/* Map @size bytes of device memory uncached; never fails at boot. */
void *ioremap(maddr_t addr, size_t size);
/* wx_count - entries of the live hypervisor tables that allow both writing and
 * executing; prints each.  0 is the only right answer. */
unsigned int wx_count(void);
/* Map existing frame into a hypervisor page-table slot (per-domain area...). */
int map_pages_to_xen(unsigned long va, mfn_t mfn, unsigned long nr, uint64_t flags);
void set_gpfn_from_mfn(mfn_t mfn, unsigned long pfn);                     /* the M2P */
void set_gpfns_from_mfns(mfn_t mfn, unsigned long pfn, unsigned long nr); /* of RAM, both upwards */
unsigned long get_gpfn_from_mfn(mfn_t mfn);
#define INVALID_M2P_ENTRY (~0ul)

#endif
