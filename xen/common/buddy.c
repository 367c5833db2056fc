/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - the buddy allocator's arithmetic.
 *
 * Owns nothing: the caller brings the frame table and the lock.
 * Promises: O(MAX_ORDER) for one block; a frame is in at most one free block;
 * after freeing everything that was allocated the free blocks are the same.
 */
#include <cairn/buddy.h>

void buddy_init(struct buddy *b, struct page_info *frame, uint32_t nr_frames,
                bool (*present)(uint32_t n))
{
    b->frame = frame;
    b->nr_frames = nr_frames;
    b->present = present;
    b->nr_free = 0;
    for (unsigned int zone = 0; zone < 2; zone++)
        for (unsigned int order = 0; order <= MAX_ORDER; order++)
            b->head[zone][order] = FRAME_NONE;
}

static uint32_t *list_of(struct buddy *b, uint32_t n, unsigned int order)
{
    return &b->head[n >= BUDDY_LOW_FRAMES][order];
}

static void block_link(struct buddy *b, uint32_t n, unsigned int order, bool dirty)
{
    uint32_t *head = list_of(b, n, order);
    struct page_info *pg = &b->frame[n];

    pg->count_info = PGC_free | (dirty ? PGC_scrub : 0) | (pg->count_info & PGC_clean);
    pg->order = order;
    pg->prev = FRAME_NONE;
    pg->next = *head;
    if (*head != FRAME_NONE)
        b->frame[*head].prev = n;
    *head = n;
    b->nr_free += 1ul << order;
}

/* Returns whether the block was dirty. */
static bool block_unlink(struct buddy *b, uint32_t n, unsigned int order)
{
    struct page_info *pg = &b->frame[n];
    bool dirty = pg->count_info & PGC_scrub;

    if (pg->prev != FRAME_NONE)
        b->frame[pg->prev].next = pg->next;
    else
        *list_of(b, n, order) = pg->next;
    if (pg->next != FRAME_NONE)
        b->frame[pg->next].prev = pg->prev;
    pg->count_info &= PGC_clean;
    pg->next = pg->prev = FRAME_NONE;
    b->nr_free -= 1ul << order;
    return dirty;
}

static bool can_merge(const struct buddy *b, uint32_t n, unsigned int order)
{
    if (n >= b->nr_frames)
        return false;
    if (order >= BUDDY_CHUNK_ORDER && !b->present(n))
        return false;
    return (b->frame[n].count_info & PGC_free) && b->frame[n].order == order;
}

void buddy_free(struct buddy *b, uint32_t n, unsigned int order, bool dirty)
{
    while (order < MAX_ORDER) {
        uint32_t other = n ^ (1u << order);

        if (!can_merge(b, other, order))
            break;
        dirty |= block_unlink(b, other, order);
        n &= ~(1u << order);
        order++;
    }
    block_link(b, n, order, dirty);
}

void buddy_free_range(struct buddy *b, uint32_t start, uint32_t end, bool dirty)
{
    while (start < end) {
        unsigned int order = 0;

        while (order < MAX_ORDER && !(start & (1u << order)) && end - start >= 2u << order)
            order++;
        buddy_free(b, start, order, dirty);
        start += 1u << order;
    }
}

uint32_t buddy_alloc(struct buddy *b, unsigned int order, bool below_4g, bool *dirty)
{
    for (int zone = below_4g ? 0 : 1; zone >= 0; zone--) {
        for (unsigned int o = order; o <= MAX_ORDER; o++) {
            uint32_t n = b->head[zone][o];

            if (n == FRAME_NONE)
                continue;
            *dirty = block_unlink(b, n, o);
            /* Keep the lower half, give back the upper ones. */
            while (o > order) {
                o--;
                block_link(b, n + (1u << o), o, *dirty);
            }
            return n;
        }
    }
    return FRAME_NONE;
}
