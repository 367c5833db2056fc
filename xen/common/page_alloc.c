/* SPDX-License-Identifier: MIT */
/*
 * page_alloc.c - machine frames: handing out, owning, giving back.
 *
 * Owns the buddy allocator's state and each domain's page list.
 * Promises: a frame handed out without MEMF_no_scrub holds zeroes: what its
 * last owner left is cleared by a CPU without other work or, if it is wanted
 * before that, when it is handed out; a frame with a reference is never free.
 */
#include <cairn/mm.h>

#include <asm/current.h>
#include <asm/page_type.h>
#include <cairn/buddy.h>
#include <cairn/faultinject.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <cairn/softirq.h>
#include <asm/mm.h>

#define RELINQUISH_ORDER 9 /* frames that a dying domain gives up in one go */

static DEFINE_SPINLOCK(heap_lock, LOCK_HEAP);
static struct buddy buddy;
static bool scrubbing;             /* a CPU is at it; atomic */
static unsigned long domain_pages; /* of all domains together; atomic */

unsigned long total_pages;

void page_alloc_init(void)
{
    buddy_init(&buddy, (struct page_info *)FRAMETABLE_VA_START, max_page, frame_present);
    for (unsigned int i = 0; i < boot_mem.nr; i++) {
        const struct bootmem_range *r = &boot_mem.range[i];

        buddy_free_range(&buddy, PFN_DOWN(r->start), PFN_DOWN(r->end));
    }
    boot_mem.nr = 0;
}

void free_boot_range(maddr_t start, maddr_t end)
{
    uint64_t first = PFN_UP(maddr_x(start)), last = PFN_DOWN(maddr_x(end));

    if (first >= last || !mfn_valid(_mfn(first)) || !mfn_valid(_mfn(last - 1)))
        return;
    scoped_lock(&heap_lock);
    buddy_free_range(&buddy, first, last);
}

/* Zeroed frames that nobody can take a reference of; the caller begins or frees them. */
static struct page_info *alloc_frames(unsigned int order, unsigned int memf)
{
    uint32_t n, first_dirty;

    if (order > MAX_ORDER || faultinject_fail())
        return NULL;
    spin_lock(&heap_lock);
    n = buddy_alloc(&buddy, order, memf & MEMF_below_4g, &first_dirty);
    spin_unlock(&heap_lock);
    if (n == FRAME_NONE)
        return NULL;

    struct page_info *pg = mfn_to_page(_mfn(n));

    for (uint32_t i = first_dirty; i < 1u << order && !(memf & MEMF_no_scrub); i++)
        if (!(pg[i].count_info & PGC_clean))
            clear_page(page_to_virt(&pg[i]));
    return pg;
}

/* What it has been is forgotten, then it may be referenced. */
static void begin_page(struct page_info *pg, domid_t owner, uint64_t count_info)
{
    pg->type_info = PGT_none;
    pg->owner = owner;
    pg->tlb_stamp = 0;
    __atomic_store_n(&pg->count_info, count_info, __ATOMIC_RELEASE);
}

static void free_frames(struct page_info *pg, unsigned int order)
{
    for (unsigned long i = 0; i < 1ul << order; i++) {
        BUG_ON(pg[i].count_info & (PGC_free | PGC_allocated | PGC_count_mask));
        pg[i].count_info = 0;
    }
    scoped_lock(&heap_lock);
    buddy_free(&buddy, mfn_x(page_to_mfn(pg)), order);
}

/* A few pages, as short as a softirq may wait. */
static void scrub_some(void)
{
    uint64_t before = rdtsc();
    uint32_t first, nr = buddy_clean(&buddy, &first);

    if (nr)
        clear_pages(mfn_to_virt(_mfn(first)), nr);
    perfc_add(idle_cleared, nr);
    perfc_add(idle_clearing, rdtsc() - before);
}

void scrub_free_pages(void)
{
    /* One CPU is enough to keep memory busy; the others sleep. */
    if (!scrub_wanted() || __atomic_exchange_n(&scrubbing, true, __ATOMIC_SEQ_CST))
        return;
    while (dirty_pages() && !softirq_pending()) {
        /* Who allocates goes first. */
        if (spin_trylock(&heap_lock)) {
            scrub_some();
            spin_unlock(&heap_lock);
        } else {
            cpu_relax();
        }
    }
    __atomic_store_n(&scrubbing, false, __ATOMIC_SEQ_CST);
    if (dirty_pages())
        idle_wake(); /* another may go on */
}

bool scrub_wanted(void)
{
    return dirty_pages() && !__atomic_load_n(&scrubbing, __ATOMIC_SEQ_CST);
}

void *alloc_xen_pages(unsigned int order, unsigned int memf)
{
    struct page_info *pg = alloc_frames(order, memf);

    if (!pg)
        return NULL;
    for (unsigned long i = 0; i < 1ul << order; i++)
        begin_page(&pg[i], DOMID_INVALID, PGC_xen_heap);
    return page_to_virt(pg);
}

void free_xen_pages(void *va, unsigned int order)
{
    if (!va)
        return;
    BUG_ON(!(virt_to_page(va)->count_info & PGC_xen_heap));
    free_frames(virt_to_page(va), order);
}

/* d->page_alloc_lock held.  The list runs upwards through the block. */
static void page_list_add(struct domain *d, struct page_info *pg, uint32_t nr)
{
    uint32_t n = mfn_x(page_to_mfn(pg));

    for (uint32_t i = 0; i < nr; i++) {
        pg[i].prev = n + i - 1;
        pg[i].next = n + i + 1;
        begin_page(&pg[i], d->domain_id, PGC_allocated | 1);
    }
    pg->prev = FRAME_NONE;
    pg[nr - 1].next = d->page_list;
    if (d->page_list != FRAME_NONE)
        mfn_to_page(_mfn(d->page_list))->prev = n + nr - 1;
    d->page_list = n;
}

/* @nr frames that follow each other on the list. */
static void page_list_del(struct domain *d, struct page_info *pg, uint32_t nr)
{
    uint32_t prev = pg->prev, next = pg[nr - 1].next;

    if (prev != FRAME_NONE)
        mfn_to_page(_mfn(prev))->next = next;
    else
        d->page_list = next;
    if (next != FRAME_NONE)
        mfn_to_page(_mfn(next))->prev = prev;
    if (d->relmem_cursor == mfn_x(page_to_mfn(pg)))
        d->relmem_cursor = next;
}

void page_list_rewind(struct domain *d)
{
    scoped_lock(&d->page_alloc_lock);
    d->relmem_cursor = d->page_list;
}

struct page_info *page_list_hold(struct domain *d)
{
    scoped_lock(&d->page_alloc_lock);
    while (d->relmem_cursor != FRAME_NONE) {
        struct page_info *pg = mfn_to_page(_mfn(d->relmem_cursor));

        if (page_count_inc(pg))
            return pg;
        /* It is being freed on another CPU. */
        d->relmem_cursor = pg->next;
    }
    return NULL;
}

void page_list_pass(struct domain *d, struct page_info *pg)
{
    spin_lock(&d->page_alloc_lock);
    d->relmem_cursor = pg->next;
    spin_unlock(&d->page_alloc_lock);
    put_page(pg);
}

/* What an exchange may have of old and new pages at once. */
#define EXCHANGE_PAGES 512ul

/* False: over the limit, or dying. */
static bool assign_pages(struct domain *d, struct page_info *pg, unsigned int order,
                         unsigned long max)
{
    unsigned long nr = 1ul << order;

    scoped_lock(&d->page_alloc_lock);
    if (domain_is_dying(d) || nr > max || d->tot_pages > max - nr)
        return false;
    if (!d->tot_pages)
        get_knownalive_domain(d);
    d->tot_pages += nr;
    __atomic_add_fetch(&domain_pages, nr, __ATOMIC_RELAXED);
    page_list_add(d, pg, nr);
    return true;
}

struct page_info *alloc_domheap_pages(struct domain *d, unsigned int order, unsigned int memf)
{
    unsigned long max = d->max_pages + (memf & MEMF_exchange ? EXCHANGE_PAGES : 0);
    struct page_info *pg;

    /* Before taking frames: a cheap answer to a guest that asks on and on. */
    if (order > MAX_ORDER || ACCESS_ONCE(d->tot_pages) + (1ul << order) > max)
        return NULL;
    pg = alloc_frames(order, memf);
    if (pg && !assign_pages(d, pg, order, max)) {
        free_frames(pg, order);
        pg = NULL;
    }
    return pg;
}

void put_page_alloc_ref(struct page_info *pg)
{
    uint64_t old = __atomic_fetch_and(&pg->count_info, ~PGC_allocated, __ATOMIC_ACQ_REL);

    if (old & PGC_allocated)
        put_page(pg);
}

void free_domain_page(struct page_info *pg)
{
    struct domain *d = page_owner(pg);
    bool shared = pg->count_info & PGC_xen_heap, last;

    BUG_ON(!d || (pg->count_info & PGC_count_mask));
    spin_lock(&d->page_alloc_lock);
    if (shared) {
        pg->type_info = PGT_none;
        last = --d->xenheap_pages == 0;
    } else {
        page_list_del(d, pg, 1);
        last = --d->tot_pages == 0;
    }
    pg->owner = DOMID_INVALID;
    spin_unlock(&d->page_alloc_lock);
    if (!shared) {
        __atomic_sub_fetch(&domain_pages, 1, __ATOMIC_RELAXED);
        free_frames(pg, 0);
    }
    if (last)
        put_domain(d);
}

/* Nobody but the domain itself holds it, in no special use, and no TLB may
 * still know it. */
static bool is_plain_ram(const struct page_info *pg)
{
    return pg->count_info == (PGC_allocated | 1) && !tlb_may_know(pg->tlb_stamp) &&
           !(pg->type_info & (PGT_count_mask | PGT_pinned | PGT_partial));
}

/* The largest block that starts at @pg, in frame and list order, of such. */
static unsigned int plain_block_order(const struct page_info *pg)
{
    uint32_t n = mfn_x(page_to_mfn(pg)), nr = 0;
    unsigned int order = 0;

    do
        nr++;
    while (nr < 1u << RELINQUISH_ORDER && pg[nr - 1].next == n + nr && is_plain_ram(&pg[nr]));
    while (!(n & (1u << order)) && 2u << order <= nr)
        order++;
    return order;
}

/* Drop the only reference of each; all or none. */
static bool claim_block(struct page_info *pg, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t plain = PGC_allocated | 1;

        if (__atomic_compare_exchange_n(&pg[i].count_info, &plain, 0, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            continue;
        while (i--)
            __atomic_store_n(&pg[i].count_info, PGC_allocated | 1, __ATOMIC_RELEASE);
        return false;
    }
    return true;
}

/* d->page_alloc_lock held: while a page is on the list it is @d's.  One that
 * others hold too dies with their reference; *@unused: its own was the last. */
static unsigned long relinquish_locked(struct domain *d, struct page_info *pg,
                                       struct page_info **unused)
{
    unsigned int order = is_plain_ram(pg) ? plain_block_order(pg) : 0;

    if (is_plain_ram(pg) && claim_block(pg, 1u << order)) {
        page_list_del(d, pg, 1u << order);
        d->tot_pages -= 1ul << order;
        return 1ul << order;
    }
    d->relmem_cursor = pg->next;
    if (__atomic_fetch_and(&pg->count_info, ~PGC_allocated, __ATOMIC_ACQ_REL) & PGC_allocated)
        *unused = pg;
    return 0;
}

bool relinquish_pages(struct domain *d, unsigned long *n)
{
    struct page_info *pg = NULL, *unused = NULL;
    unsigned long nr = 0;
    bool last = false;

    spin_lock(&d->page_alloc_lock);
    if (d->relmem_cursor != FRAME_NONE) {
        pg = mfn_to_page(_mfn(d->relmem_cursor));
        nr = relinquish_locked(d, pg, &unused);
        last = nr && d->tot_pages == 0;
    }
    spin_unlock(&d->page_alloc_lock);
    *n += nr ? nr : 1;
    if (unused)
        put_page(unused);
    if (nr) {
        __atomic_sub_fetch(&domain_pages, nr, __ATOMIC_RELAXED);
        free_frames(pg, __builtin_ctzl(nr));
    }
    if (last)
        put_domain(d);
    return pg != NULL;
}

void share_xen_page_with_guest(struct page_info *pg, struct domain *d, bool readonly)
{
    BUG_ON(pg->count_info != PGC_xen_heap);
    pg->owner = d->domain_id;
    pg->type_info = (readonly ? PGT_none : PGT_writable_page) | PGT_validated | 1;
    scoped_lock(&d->page_alloc_lock);
    if (d->xenheap_pages++ == 0)
        get_knownalive_domain(d);
    __atomic_store_n(&pg->count_info, PGC_xen_heap | PGC_allocated | 1, __ATOMIC_RELEASE);
}

unsigned long avail_pages(void)
{
    return buddy.nr_free;
}

unsigned long dirty_pages(void)
{
    return ACCESS_ONCE(buddy.nr_dirty);
}

unsigned long hypervisor_pages(void)
{
    return total_pages - buddy.nr_free - domain_pages;
}
