/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the file that xl save writes: docs/save-format.md.
 *
 * Reading is pure: works on (buffer, length), allocates nothing, trusts
 * nothing.
 */
#ifndef TOOLS_LIBXL_STREAM_H
#define TOOLS_LIBXL_STREAM_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_MAGIC      "CairnSav"
#define STREAM_VERSION    1
#define STREAM_MAX_PARAMS 64
#define STREAM_PAGE       4096u

/* All numbers are little-endian and at multiples of 8 where they are 8 wide. */
struct stream_header {
    char magic[8];
    uint32_t version, header_size;
    uint32_t nr_params, config_len, context_len, reserved;
    uint64_t nr_pages;
};
struct stream_param {
    uint64_t index, value;
};
struct stream_page {
    uint64_t gfn;
    uint8_t bytes[STREAM_PAGE];
};

/* The parts of a file; they point into it. */
struct stream {
    const struct stream_param *params;
    const char *config;
    const void *context;
    const struct stream_page *pages; /* ascending gfn */
    uint32_t nr_params, config_len, context_len;
    uint64_t nr_pages;
};

/* What a part of @len bytes takes in the file. */
static inline uint64_t stream_padded(uint64_t len)
{
    return (len + 7) & ~7ull;
}

/*
 * stream_parse - find the parts of @file (aligned to 8) of @len bytes.
 * Returns NULL, or what is wrong.
 */
const char *stream_parse(const void *file, size_t len, struct stream *stream);

#endif
