/* SPDX-License-Identifier: MIT */
/*
 * grant_policy.h - may this use of a granted page begin, what does its end
 * mean: pure functions over one entry's word and our own counts of it.
 *
 * An entry of a version 1 table is shared with the granter, who may change
 * it at any time.  Its first word (flags below, domid above) is copied once;
 * the decision is taken on the copy and stored by compare-and-exchange.
 * What is true of an entry is our counts alone, never the guest's word.
 *
 *   idle      no count            the entry decides who may begin
 *   reading   some count          only the holder that began; GTF_reading set
 *   writing   some writing count  as reading; GTF_writing set too
 *
 * Source: xen/grant_table.h "GRANT TABLE REPRESENTATION".
 */
#ifndef CAIRN_GRANT_POLICY_H
#define CAIRN_GRANT_POLICY_H

#include <cairn/types.h>

/* Uses of one entry, by kind.  They never wrap: at the largest value the next
 * use is refused. */
struct grant_pins {
    uint8_t host_ro, host_rw, dev_ro, dev_rw;
};

/* What one mapping (or copy) uses: host and/or device, for writing or not. */
#define GRANT_USE_host   1u
#define GRANT_USE_device 2u
#define GRANT_USE_write  4u

static inline bool grant_in_use(struct grant_pins p)
{
    return p.host_ro | p.host_rw | p.dev_ro | p.dev_rw;
}

static inline bool grant_in_write_use(struct grant_pins p)
{
    return p.host_rw | p.dev_rw;
}

struct grant_take {
    int16_t status;         /* GNTST_*; the rest counts only if GNTST_okay */
    bool store;             /* @word must replace the copied one */
    uint32_t word;          /* flags | domid << 16 */
    struct grant_pins pins; /* afterwards */
};

/* grant_decide_take - may @caller begin @use of the entry whose word is @word,
 * in use as @pins say, by @holder if at all? */
struct grant_take grant_decide_take(uint32_t word, struct grant_pins pins, uint16_t holder,
                                    uint16_t caller, unsigned int use);

struct grant_drop {
    uint16_t clear;         /* GTF_* to take out of the entry */
    struct grant_pins pins; /* afterwards */
};

/* grant_decide_drop - the end of @use, whose counts are not 0. */
struct grant_drop grant_decide_drop(struct grant_pins pins, unsigned int use);

/* grant_map_use - GNTMAP_* flags as uses; 0: they ask for nothing. */
unsigned int grant_map_use(uint32_t flags);

/* grant_copy_check - GNTST_okay if @len bytes at both offsets are each within
 * a page, else GNTST_bad_copy_arg. */
int16_t grant_copy_check(uint32_t source_offset, uint32_t dest_offset, uint32_t len);

/* grant_flush_check - arguments of a cache flush.  1 there is work, 0 nothing
 * to do, -EINVAL, -EOPNOTSUPP. */
int grant_flush_check(uint32_t op, uint32_t offset, uint32_t len);

#endif
