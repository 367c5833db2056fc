/* SPDX-License-Identifier: MIT */
/*
 * frames.h - who may have which frame of ours.
 *
 * Frames below `boot_pages' are mapped at page number = frame number from the
 * start, the others nowhere.  Page tables come from the mapped ones, so that
 * they can be read; everything else prefers the unmapped ones.  Frames are
 * never given back.  Pure: no hypercalls.
 */
#ifndef KERNEL_FRAMES_H
#define KERNEL_FRAMES_H

/* [next, end): frames not yet handed out. */
struct frame_range {
    unsigned long next, end;
};

struct frames {
    struct frame_range below;  /* below the kernel: for page tables */
    struct frame_range slack;  /* mapped, after the boot structures */
    struct frame_range beyond; /* not mapped */
    unsigned long total;
};

/*
 * @kernel, @boot_end, @boot_pages, @total: first frame of the kernel, after
 * the boot structures, after the boot mapping, and after our memory.
 * Frame 0 is never handed out.
 */
void frames_init(struct frames *f, unsigned long kernel, unsigned long boot_end,
                 unsigned long boot_pages, unsigned long total);

/* A frame number, or 0 if there are none left. */
unsigned long frames_alloc(struct frames *f);
unsigned long frames_alloc_table(struct frames *f);

/* Frames left: all of them, and those that frames_alloc() may hand out. */
unsigned long frames_count_free(const struct frames *f);
unsigned long frames_count_data(const struct frames *f);

#endif
