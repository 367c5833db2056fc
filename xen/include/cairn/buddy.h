/* SPDX-License-Identifier: MIT */
/*
 * buddy.h - the buddy allocator's decisions over an array of page_info: which
 * block to take, split and merge.  Pure: no locks, no memory contents.
 *
 * A free block of order o is 1 << o frames, aligned to its size; its head has
 * PGC_free and its order.  A free frame is dirty, as its last owner left it,
 * or cleared since, which is PGC_clean; else the other frames of the block
 * have count_info 0.  Buddies merge whatever they hold: the frames before the
 * head's first_dirty are clean, those behind may be either.
 */
#ifndef CAIRN_BUDDY_H
#define CAIRN_BUDDY_H

#include <cairn/mm.h>

/* Frames below 4 GiB are kept apart: some devices and structures need them. */
#define BUDDY_LOW_FRAMES (1u << 20)
/* Blocks this large or larger may have a buddy without page_info. */
#define BUDDY_CHUNK_ORDER 16
/* What buddy_clean() looks at and takes at a time. */
#define BUDDY_LOOK  64u
#define BUDDY_CLEAN 8u

/* Lists of free blocks by order; a bit for each list that is not empty. */
struct buddy_blocks {
    uint32_t orders;
    uint32_t head[MAX_ORDER + 1];
};

struct buddy {
    struct page_info *frame; /* frame[n] describes machine frame n */
    uint32_t nr_frames;
    bool (*present)(uint32_t n); /* frame[n] exists; asked by chunk only */
    /* Below 4 GiB or above; all clean or not. */
    struct buddy_blocks blocks[2][2];
    unsigned long nr_free, nr_dirty; /* frames; the dirty ones are free too */
};

void buddy_init(struct buddy *b, struct page_info *frame, uint32_t nr_frames,
                bool (*present)(uint32_t n));
/* buddy_free - @n is aligned to @order; its frames are dirty, count_info 0. */
void buddy_free(struct buddy *b, uint32_t n, unsigned int order);
/* buddy_free_range - [start, end) in as few blocks as possible. */
void buddy_free_range(struct buddy *b, uint32_t start, uint32_t end);
/* buddy_alloc - the first frame of a block, or FRAME_NONE; of blocks equally
 * small rather a clean one.  The frames' count_info is PGC_clean or, not before
 * the *@first_dirty-th, 0. */
uint32_t buddy_alloc(struct buddy *b, unsigned int order, bool below_4g, uint32_t *first_dirty);
/* buddy_clean - takes a few dirty frames, from *@first on, for clean, and
 * returns how many; the caller zeroes them before it lets go of the lock.
 * 0: none this time; as long as there are some (nr_dirty), ask again. */
uint32_t buddy_clean(struct buddy *b, uint32_t *first);

#endif
