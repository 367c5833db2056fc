/* SPDX-License-Identifier: MIT */
/* dom0_cpio_make.h - writes newc archives for the tests of cpio and ramfs. */
#ifndef DOM0_CPIO_MAKE_H
#define DOM0_CPIO_MAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct archive {
    char buf[4096];
    size_t len;
};

static inline void archive_pad(struct archive *a)
{
    while (a->len & 3)
        a->buf[a->len++] = '\0';
}

static inline void archive_add(struct archive *a, const char *name, unsigned int mode,
                               const char *data)
{
    size_t size = data ? strlen(data) : 0;

    a->len += snprintf(a->buf + a->len, sizeof(a->buf) - a->len,
                       "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1, mode, 0,
                       0, 1, 0, size, 0, 0, 0, 0, strlen(name) + 1, 0);
    strcpy(a->buf + a->len, name);
    a->len += strlen(name) + 1;
    archive_pad(a);
    if (data)
        memcpy(a->buf + a->len, data, size);
    a->len += size;
    archive_pad(a);
}

static inline void archive_end(struct archive *a)
{
    archive_add(a, "TRAILER!!!", 0, NULL);
}

/* An exact copy on the heap, so that the sanitizer sees reads past its end. */
static inline char *archive_copy(const struct archive *a, size_t len)
{
    char *copy = malloc(len ? len : 1);

    memcpy(copy, a->buf, len);
    return copy;
}

#endif
