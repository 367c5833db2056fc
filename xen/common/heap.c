/* SPDX-License-Identifier: MIT */
/*
 * heap.c - small objects out of pages.
 *
 * Owns one list of partly used pages a size class.  A page holds objects of
 * one class after its header; an object of more than half a page gets whole
 * pages, and is told apart by being page aligned.
 * Promises: objects are zeroed; a page without objects goes back at once, so
 * that freeing everything that was allocated restores the free page count.
 */
#include <cairn/mm.h>

#include <cairn/faultinject.h>
#include <cairn/lib.h>
#include <cairn/spinlock.h>

#define HEAP_MAGIC 0x48454150u

struct heap_page {
    struct list_head list; /* in its class, while it has free objects */
    uint32_t magic;
    uint16_t class, used;
    uint16_t first_free; /* offset in page; 0: none */
    uint16_t untouched;  /* offset from which objects were never used */
};

/* Each holds 63, 31, ... 2, objects a page with little waste. */
static const uint16_t class_size[] = {32, 64, 96, 128, 192, 256, 384, 512, 800, 1008, 1344, 2016};
#define NR_CLASSES   ARRAY_SIZE(class_size)
#define FIRST_OBJECT ROUNDUP(sizeof(struct heap_page), 16)

static DEFINE_SPINLOCK(lock, LOCK_HEAP);
static struct list_head partial[NR_CLASSES];
static size_t bytes_used;

static struct heap_page *page_of(const void *p)
{
    return (struct heap_page *)((unsigned long)p & PAGE_MASK);
}

/* Every size class is a multiple of 16 and so is FIRST_OBJECT: no object is
 * aligned better; who wants more gets pages. */
static int find_class(size_t size, size_t align)
{
    if (align > 16)
        return -1;
    for (unsigned int c = 0; c < NR_CLASSES; c++)
        if (size <= class_size[c])
            return c;
    return -1;
}

static unsigned int order_of(size_t size)
{
    unsigned int order = 0;

    while ((PAGE_SIZE << order) < size)
        order++;
    return order;
}

static void *alloc_whole_pages(size_t size)
{
    unsigned int order = order_of(size);
    void *p = order <= MAX_ORDER ? alloc_xen_pages(order, 0) : NULL;

    if (p) {
        virt_to_page(p)->order = order;
        spin_lock(&lock);
        bytes_used += PAGE_SIZE << order;
        spin_unlock(&lock);
    }
    return p;
}

/* Takes one object of a page that has one. */
static void *take_object(struct heap_page *hp)
{
    unsigned int size = class_size[hp->class];
    char *obj;

    if (hp->first_free) {
        obj = (char *)hp + hp->first_free;
        hp->first_free = *(uint16_t *)obj;
    } else {
        obj = (char *)hp + hp->untouched;
        hp->untouched += size;
    }
    hp->used++;
    bytes_used += size;
    if (!hp->first_free && hp->untouched + size > PAGE_SIZE)
        list_del(&hp->list);
    return obj;
}

static void add_page(struct heap_page *hp, unsigned int class)
{
    hp->magic = HEAP_MAGIC;
    hp->class = class;
    hp->untouched = FIRST_OBJECT;
    list_add(&hp->list, &partial[class]);
}

void *xzalloc_bytes(size_t size, size_t align)
{
    int class = find_class(size, align);
    struct heap_page *fresh = NULL;
    void *obj;

    if (faultinject_fail())
        return NULL;
    if (class < 0)
        return align <= PAGE_SIZE ? alloc_whole_pages(size) : NULL;
    spin_lock(&lock);
    if (!partial[class].next)
        for (unsigned int c = 0; c < NR_CLASSES; c++)
            list_init(&partial[c]);
    if (list_empty(&partial[class])) {
        /* The page allocator's lock is of the same level: not nested. */
        spin_unlock(&lock);
        fresh = alloc_xen_page();
        if (!fresh)
            return NULL;
        spin_lock(&lock);
        add_page(fresh, class);
    }
    obj = take_object(container_of(partial[class].next, struct heap_page, list));
    spin_unlock(&lock);
    memset(obj, 0, class_size[class]);
    return obj;
}

void xfree(void *p)
{
    struct heap_page *hp = page_of(p);
    bool empty;

    if (!p)
        return;
    if (!PAGE_OFFSET(p)) {
        unsigned int order = virt_to_page(p)->order;

        spin_lock(&lock);
        bytes_used -= PAGE_SIZE << order;
        spin_unlock(&lock);
        free_xen_pages(p, order);
        return;
    }
    spin_lock(&lock);
    BUG_ON(hp->magic != HEAP_MAGIC || !hp->used);
    if (!hp->first_free && hp->untouched + class_size[hp->class] > PAGE_SIZE)
        list_add(&hp->list, &partial[hp->class]);
    *(uint16_t *)p = hp->first_free;
    hp->first_free = PAGE_OFFSET(p);
    bytes_used -= class_size[hp->class];
    empty = --hp->used == 0;
    if (empty)
        list_del(&hp->list);
    spin_unlock(&lock);
    if (empty) {
        hp->magic = 0;
        free_xen_page(hp);
    }
}

size_t heap_bytes_used(void)
{
    return bytes_used;
}
