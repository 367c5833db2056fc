/* SPDX-License-Identifier: MIT */
/*
 * cpio.h - reads cpio archives of the "newc" format (070701, 070702).  Pure:
 * a function over (buffer, length), which may be anything.
 */
#ifndef FS_CPIO_H
#define FS_CPIO_H

#include <stddef.h>
#include <stdint.h>

struct cpio_iter {
    const char *buf;
    size_t len, at;
};

/* Points into the buffer. */
struct cpio_entry {
    const char *name; /* ends with a zero */
    uint32_t mode;    /* as st_mode */
    const char *data;
    size_t size;
};

void cpio_start(struct cpio_iter *it, const void *buf, size_t len);

/*
 * The next entry.  1, or 0 at the end, or -EINVAL if what is there is no newc
 * archive, or -ENODATA if it ends too early; after an error *@it stays at the
 * offending header.  Archives may follow each other with zeros between.
 */
int cpio_next(struct cpio_iter *it, struct cpio_entry *entry);

#endif
