/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - the buddy allocator's arithmetic.
 *
 * Owns nothing: the caller brings the frame table and the lock.
 * Promises: O(MAX_ORDER) for one block; a frame is in at most one free block;
 * after freeing everything that was allocated the free blocks are the same.
 */
#include <cairn/buddy.h>

#include <cairn/lib.h>

void buddy_init(struct buddy *b, struct page_info *frame, uint32_t nr_frames,
                bool (*present)(uint32_t n))
{
    b->frame = frame;
    b->nr_frames = nr_frames;
    b->present = present;
    b->nr_free = b->nr_dirty = 0;
    for (unsigned int i = 0; i < 4; i++) {
        b->blocks[i / 2][i % 2].orders = 0;
        memset(b->blocks[i / 2][i % 2].head, 0xff, sizeof(b->blocks[0][0].head)); /* FRAME_NONE */
    }
}

static struct buddy_blocks *blocks_like(struct buddy *b, uint32_t n)
{
    bool dirty = b->frame[n].first_dirty < 1u << b->frame[n].order;

    return &b->blocks[n >= BUDDY_LOW_FRAMES][dirty];
}

static void block_link(struct buddy *b, uint32_t n, unsigned int order, uint32_t first_dirty)
{
    struct page_info *pg = &b->frame[n];

    pg->count_info = PGC_free | (pg->count_info & PGC_clean);
    pg->order = order;
    pg->first_dirty = first_dirty;

    struct buddy_blocks *like = blocks_like(b, n);
    pg->prev = FRAME_NONE;
    pg->next = like->head[order];
    if (pg->next != FRAME_NONE)
        b->frame[pg->next].prev = n;
    like->head[order] = n;
    like->orders |= 1u << order;
    b->nr_free += 1ul << order;
}

static void block_unlink(struct buddy *b, uint32_t n)
{
    struct page_info *pg = &b->frame[n];
    struct buddy_blocks *like = blocks_like(b, n);

    if (pg->prev != FRAME_NONE)
        b->frame[pg->prev].next = pg->next;
    else
        like->head[pg->order] = pg->next;
    if (pg->next != FRAME_NONE)
        b->frame[pg->next].prev = pg->prev;
    if (like->head[pg->order] == FRAME_NONE)
        like->orders &= ~(1u << pg->order);
    pg->count_info &= PGC_clean;
    pg->next = pg->prev = FRAME_NONE;
    b->nr_free -= 1ul << pg->order;
}

static bool can_merge(const struct buddy *b, uint32_t n, unsigned int order)
{
    if (n >= b->nr_frames)
        return false;
    if (order >= BUDDY_CHUNK_ORDER && !b->present(n))
        return false;
    return (b->frame[n].count_info & PGC_free) && b->frame[n].order == order;
}

void buddy_free(struct buddy *b, uint32_t n, unsigned int order)
{
    uint32_t dirty = 0;

    b->nr_dirty += 1ul << order;
    while (order < MAX_ORDER) {
        uint32_t other = n ^ (1u << order);

        if (!can_merge(b, other, order))
            break;
        block_unlink(b, other);
        if (other > n)
            dirty = dirty < 1u << order ? dirty : (1u << order) + b->frame[other].first_dirty;
        else
            dirty = min(b->frame[other].first_dirty, (1u << order) + dirty);
        n &= ~(1u << order);
        order++;
    }
    block_link(b, n, order, dirty);
}

void buddy_free_range(struct buddy *b, uint32_t start, uint32_t end)
{
    while (start < end) {
        unsigned int order = 0;

        while (order < MAX_ORDER && !(start & (1u << order)) && end - start >= 2u << order)
            order++;
        buddy_free(b, start, order);
        start += 1u << order;
    }
}

/* The lower half of a block of @order without its upper one, which is given back. */
static uint32_t block_halve(struct buddy *b, uint32_t n, unsigned int order, uint32_t dirty)
{
    uint32_t half = 1u << (order - 1);

    block_link(b, n + half, order - 1, dirty > half ? dirty - half : 0);
    return min(dirty, half);
}

static uint32_t block_take(struct buddy *b, uint32_t n, unsigned int order, uint32_t *first_dirty)
{
    uint32_t dirty = b->frame[n].first_dirty;

    block_unlink(b, n);
    for (unsigned int o = b->frame[n].order; o > order; o--)
        dirty = block_halve(b, n, o, dirty);
    for (uint32_t i = dirty; i < 1u << order; i++)
        b->nr_dirty -= !(b->frame[n + i].count_info & PGC_clean);
    *first_dirty = dirty;
    return n;
}

uint32_t buddy_alloc(struct buddy *b, unsigned int order, bool below_4g, uint32_t *first_dirty)
{
    for (int zone = below_4g ? 0 : 1; zone >= 0; zone--) {
        const struct buddy_blocks *clean = &b->blocks[zone][0], *dirty = &b->blocks[zone][1];
        uint32_t orders = (clean->orders | dirty->orders) & ~0u << order;
        unsigned int o = __builtin_ctz(orders | 1u << 31);

        if (orders)
            return block_take(b, (clean->orders >> o & 1 ? clean : dirty)->head[o], order,
                              first_dirty);
    }
    return FRAME_NONE;
}

static uint32_t find_dirty_block(const struct buddy *b)
{
    for (unsigned int zone = 0; zone < 2; zone++) {
        const struct buddy_blocks *dirty = &b->blocks[zone][1];

        if (dirty->orders)
            return dirty->head[__builtin_ctz(dirty->orders)];
    }
    return FRAME_NONE;
}

uint32_t buddy_clean(struct buddy *b, uint32_t *first)
{
    uint32_t n = find_dirty_block(b), done = 0;

    if (n == FRAME_NONE)
        return 0;

    struct page_info *pg = &b->frame[n];
    uint32_t at = pg->first_dirty, end = min(1u << pg->order, at + BUDDY_LOOK);

    while (at < end && (pg[at].count_info & PGC_clean))
        at++;
    *first = n + at;
    for (end = min(end, at + BUDDY_CLEAN); at < end && !(pg[at].count_info & PGC_clean); done++)
        pg[at++].count_info |= PGC_clean;
    b->nr_dirty -= done;
    block_unlink(b, n);
    block_link(b, n, pg->order, at);
    return done;
}
