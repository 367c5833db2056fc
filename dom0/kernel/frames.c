/* SPDX-License-Identifier: MIT */
/* frames.c - hands out frames; see frames.h.  Pure. */
#include "kernel/frames.h"

static unsigned long range_take(struct frame_range *r)
{
    return r->next < r->end ? r->next++ : 0;
}

static unsigned long range_count(const struct frame_range *r)
{
    return r->next < r->end ? r->end - r->next : 0;
}

void frames_init(struct frames *f, unsigned long kernel, unsigned long boot_end,
                 unsigned long boot_pages, unsigned long total)
{
    f->below = (struct frame_range){1, kernel};
    f->slack = (struct frame_range){boot_end, boot_pages < total ? boot_pages : total};
    f->beyond = (struct frame_range){boot_pages, total};
    f->total = total;
}

unsigned long frames_alloc(struct frames *f)
{
    unsigned long frame = range_take(&f->beyond);

    return frame ? frame : range_take(&f->slack);
}

unsigned long frames_alloc_table(struct frames *f)
{
    unsigned long frame = range_take(&f->below);

    return frame ? frame : range_take(&f->slack);
}

unsigned long frames_count_data(const struct frames *f)
{
    return range_count(&f->slack) + range_count(&f->beyond);
}

unsigned long frames_count_free(const struct frames *f)
{
    return range_count(&f->below) + frames_count_data(f);
}
