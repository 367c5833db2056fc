/* SPDX-License-Identifier: MIT */
/* grant_policy.c - decisions about grant entries.  See cairn/grant_policy.h. */
#include <cairn/grant_policy.h>

#include <cairn/errno.h>
#include <asm/addr.h>
#include <xen/grant_table.h>

#define PIN_MAX UINT8_MAX

/* The counts that @use changes. */
static unsigned int used_counts(struct grant_pins *pins, unsigned int use, uint8_t *count[2])
{
    bool write = use & GRANT_USE_write;
    unsigned int n = 0;

    if (use & GRANT_USE_host)
        count[n++] = write ? &pins->host_rw : &pins->host_ro;
    if (use & GRANT_USE_device)
        count[n++] = write ? &pins->dev_rw : &pins->dev_ro;
    return n;
}

/* What the entry itself says: @caller, full page, writable if asked. */
static bool entry_permits(uint32_t word, uint16_t caller, bool write)
{
    uint16_t flags = word, domid = word >> 16;

    if ((flags & (GTF_type_mask | GTF_sub_page)) != GTF_permit_access || domid != caller)
        return false;
    return !(write && (flags & GTF_readonly));
}

struct grant_take grant_decide_take(uint32_t word, struct grant_pins pins, uint16_t holder,
                                    uint16_t caller, unsigned int use)
{
    struct grant_take t = {.status = GNTST_general_error, .word = word, .pins = pins};
    bool write = use & GRANT_USE_write;
    uint8_t *count[2];
    unsigned int n = used_counts(&t.pins, use, count);

    if (!n) {
        t.status = GNTST_bad_gntref;
        return t;
    }
    if (grant_in_use(pins) && holder != caller)
        return t;
    for (unsigned int i = 0; i < n; i++)
        if ((*count[i])++ == PIN_MAX)
            return t;
    /* Who reads already may read more; the first use of a kind asks. */
    if (!grant_in_use(pins) || (write && !grant_in_write_use(pins))) {
        if (!entry_permits(word, caller, write))
            return t;
        t.word = word | GTF_reading | (write ? GTF_writing : 0);
        t.store = true;
    }
    t.status = GNTST_okay;
    return t;
}

struct grant_drop grant_decide_drop(struct grant_pins pins, unsigned int use)
{
    struct grant_drop d = {.pins = pins};
    uint8_t *count[2];
    unsigned int n = used_counts(&d.pins, use, count);

    for (unsigned int i = 0; i < n; i++)
        (*count[i])--;
    if (grant_in_write_use(pins) && !grant_in_write_use(d.pins))
        d.clear |= GTF_writing;
    if (!grant_in_use(d.pins))
        d.clear |= GTF_reading;
    return d;
}

unsigned int grant_map_use(uint32_t flags)
{
    unsigned int use = 0;

    if (flags & GNTMAP_host_map)
        use |= GRANT_USE_host;
    if (flags & GNTMAP_device_map)
        use |= GRANT_USE_device;
    if (use && !(flags & GNTMAP_readonly))
        use |= GRANT_USE_write;
    return use;
}

int16_t grant_copy_check(uint32_t source_offset, uint32_t dest_offset, uint32_t len)
{
    if (source_offset + len > PAGE_SIZE || dest_offset + len > PAGE_SIZE)
        return GNTST_bad_copy_arg;
    return GNTST_okay;
}

int grant_flush_check(uint32_t op, uint32_t offset, uint32_t len)
{
    if (offset >= PAGE_SIZE || len > PAGE_SIZE || offset + len > PAGE_SIZE)
        return -EINVAL;
    if (op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL))
        return -EOPNOTSUPP;
    return len && op ? 1 : 0;
}
