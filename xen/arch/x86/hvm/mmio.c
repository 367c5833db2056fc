/* SPDX-License-Identifier: MIT */
/* mmio.c - see mmio.h. */
#include "mmio.h"

#include <cairn/errno.h>
#include <cairn/lib.h>

#define MAX_RANGES 8

static struct mmio_range {
    uint64_t start, len;
    const struct mmio_handler *handler;
} ranges[MAX_RANGES];
static unsigned int nr_ranges;

int mmio_register(uint64_t start, uint64_t len, const struct mmio_handler *handler)
{
    if (nr_ranges == MAX_RANGES)
        return -ENOSPC;
    for (unsigned int i = 0; i < nr_ranges; i++)
        if (start < ranges[i].start + ranges[i].len && ranges[i].start < start + len)
            return -EEXIST;
    ranges[nr_ranges++] = (struct mmio_range){start, len, handler};
    return 0;
}

static const struct mmio_handler *find(uint64_t addr)
{
    for (unsigned int i = 0; i < nr_ranges; i++)
        if (addr - ranges[i].start < ranges[i].len)
            return ranges[i].handler;
    return NULL;
}

/* The widest aligned piece that begins at @addr. */
static unsigned int piece(uint64_t addr, size_t len)
{
    unsigned int size = 8;
    while (size > len || (addr & (size - 1)))
        size /= 2;
    return size;
}

void mmio_read(struct vcpu *v, gaddr_t addr, void *buf, size_t len)
{
    uint64_t at = gaddr_x(addr);
    for (char *p = buf; len;) {
        unsigned int size = piece(at, len);
        const struct mmio_handler *handler = find(at);
        uint64_t value = ~0ull;
        if (!handler || !handler->read(v, at, size, &value))
            value = ~0ull;
        memcpy(p, &value, size);
        at += size;
        p += size;
        len -= size;
    }
}

void mmio_write(struct vcpu *v, gaddr_t addr, const void *buf, size_t len)
{
    uint64_t at = gaddr_x(addr);
    for (const char *p = buf; len;) {
        unsigned int size = piece(at, len);
        const struct mmio_handler *handler = find(at);
        uint64_t value = 0;
        memcpy(&value, p, size);
        if (handler)
            handler->write(v, at, size, value);
        at += size;
        p += size;
        len -= size;
    }
}
