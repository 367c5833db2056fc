/* SPDX-License-Identifier: MIT */
/*
 * cpio.c - newc archives; see cpio.h.  Pure.
 *
 * A header is 6 characters of magic and 13 numbers of 8 hex digits; then the
 * name with its zero, padding to 4, the data, padding to 4.  An archive ends
 * with an entry named TRAILER!!!.
 */
#include "fs/cpio.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MAGIC_LEN  6
#define FIELD_LEN  8
#define HEADER_LEN (MAGIC_LEN + 13 * FIELD_LEN)

enum field {
    FIELD_MODE = 1,
    FIELD_FILE_SIZE = 6,
    FIELD_NAME_SIZE = 11,
};

void cpio_start(struct cpio_iter *it, const void *buf, size_t len)
{
    *it = (struct cpio_iter){.buf = buf, .len = len};
}

static bool field_read(const char *header, enum field field, uint32_t *value)
{
    const char *p = header + MAGIC_LEN + field * FIELD_LEN;

    *value = 0;
    for (int i = 0; i < FIELD_LEN; i++) {
        unsigned int digit;

        if (p[i] >= '0' && p[i] <= '9')
            digit = p[i] - '0';
        else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
            digit = (p[i] | 0x20) - 'a' + 10;
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* @at rounded up to 4, but never past the end. */
static size_t align_at(const struct cpio_iter *it, size_t at)
{
    size_t pad = -at & 3;

    return pad <= it->len - at ? at + pad : it->len;
}

/* Zeros between archives, and after the last. */
static void skip_zeros(struct cpio_iter *it)
{
    while (it->at < it->len && !it->buf[it->at])
        it->at++;
}

static int entry_read(struct cpio_iter *it, struct cpio_entry *entry)
{
    const char *header = it->buf + it->at;
    size_t left = it->len - it->at;
    uint32_t name_size, file_size;

    if (left < MAGIC_LEN || (memcmp(header, "070701", 6) && memcmp(header, "070702", 6)))
        return -EINVAL;
    if (left < HEADER_LEN)
        return -ENODATA;
    if (!field_read(header, FIELD_MODE, &entry->mode) ||
        !field_read(header, FIELD_FILE_SIZE, &file_size) ||
        !field_read(header, FIELD_NAME_SIZE, &name_size) || name_size == 0)
        return -EINVAL;
    if (name_size > left - HEADER_LEN)
        return -ENODATA;
    entry->name = header + HEADER_LEN;
    if (entry->name[name_size - 1] || strlen(entry->name) + 1 != name_size)
        return -EINVAL;

    size_t at = align_at(it, it->at + HEADER_LEN + name_size);

    if (file_size > it->len - at)
        return -ENODATA;
    entry->data = it->buf + at;
    entry->size = file_size;
    it->at = align_at(it, at + file_size);
    return 1;
}

int cpio_next(struct cpio_iter *it, struct cpio_entry *entry)
{
    for (;;) {
        skip_zeros(it);
        if (it->at == it->len)
            return 0;

        int rc = entry_read(it, entry);

        if (rc < 0 || strcmp(entry->name, "TRAILER!!!"))
            return rc;
    }
}
