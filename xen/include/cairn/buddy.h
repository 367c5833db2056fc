/* SPDX-License-Identifier: MIT */
/*
 * buddy.h - the buddy allocator's decisions over an array of page_info: which
 * block to take, split and merge.  Pure: no locks, no memory contents.
 *
 * A free block of order o is 1 << o frames, aligned to its size; its head has
 * PGC_free (and PGC_scrub if any frame of it may hold old data) and its
 * order.  PGC_clean of a free frame is the caller's, and kept; else the other
 * frames of the block have count_info 0.
 */
#ifndef CAIRN_BUDDY_H
#define CAIRN_BUDDY_H

#include <cairn/mm.h>

/* Frames below 4 GiB are kept apart: some devices and structures need them. */
#define BUDDY_LOW_FRAMES (1u << 20)
/* Blocks this large or larger may have a buddy without page_info. */
#define BUDDY_CHUNK_ORDER 16

struct buddy {
    struct page_info *frame; /* frame[n] describes machine frame n */
    uint32_t nr_frames;
    bool (*present)(uint32_t n);     /* frame[n] exists; asked by chunk only */
    uint32_t head[2][MAX_ORDER + 1]; /* [0] below 4 GiB, [1] above */
    unsigned long nr_free;
};

void buddy_init(struct buddy *b, struct page_info *frame, uint32_t nr_frames,
                bool (*present)(uint32_t n));
/* buddy_free - @n is aligned to @order; @dirty: to be zeroed before reuse. */
void buddy_free(struct buddy *b, uint32_t n, unsigned int order, bool dirty);
/* buddy_free_range - [start, end) in as few blocks as possible. */
void buddy_free_range(struct buddy *b, uint32_t start, uint32_t end, bool dirty);
/* buddy_alloc - the first frame of a block, or FRAME_NONE.  The frames'
 * count_info is 0.  *@dirty as when freed. */
uint32_t buddy_alloc(struct buddy *b, unsigned int order, bool below_4g, bool *dirty);

#endif
