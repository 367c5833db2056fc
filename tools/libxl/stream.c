/* SPDX-License-Identifier: MIT */
/* stream.c - see stream.h.  Pure: test/unit/test_tools_stream.c. */
#include "libxl/stream.h"

#include <string.h>

static const char *check_header(const struct stream_header *h)
{
    if (memcmp(h->magic, STREAM_MAGIC, sizeof(h->magic)) != 0)
        return "it is not a saved domain";
    if (h->version != STREAM_VERSION || h->header_size != sizeof(*h) || h->reserved)
        return "its format is of another version";
    if (h->nr_params > STREAM_MAX_PARAMS || !h->config_len || !h->context_len)
        return "its header makes no sense";
    return NULL;
}

const char *stream_parse(const void *file, size_t len, struct stream *stream)
{
    const char *at = file;
    struct stream_header h;

    if (len < sizeof(h))
        return "it is too short for a saved domain";
    memcpy(&h, file, sizeof(h));
    const char *bad = check_header(&h);
    if (bad)
        return bad;

    uint64_t params = h.nr_params * sizeof(struct stream_param);
    uint64_t before =
        sizeof(h) + params + stream_padded(h.config_len) + stream_padded(h.context_len);
    if (before > len || h.nr_pages > (len - before) / sizeof(struct stream_page))
        return "its end is missing";
    if (before + h.nr_pages * sizeof(struct stream_page) != len)
        return "something is behind its end";
    *stream = (struct stream){
        .params = (const void *)(at + sizeof(h)),
        .config = at + sizeof(h) + params,
        .context = at + sizeof(h) + params + stream_padded(h.config_len),
        .pages = (const void *)(at + before),
        .nr_params = h.nr_params,
        .config_len = h.config_len,
        .context_len = h.context_len,
        .nr_pages = h.nr_pages,
    };
    for (uint64_t i = 1; i < h.nr_pages; i++)
        if (stream->pages[i].gfn <= stream->pages[i - 1].gfn)
            return "its pages are out of order";
    return NULL;
}
