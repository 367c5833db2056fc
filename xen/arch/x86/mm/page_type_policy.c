/* SPDX-License-Identifier: MIT */
/*
 * page_type_policy.c - may this type be taken, what does giving it up mean.
 *
 * Pure functions over one type word; mm/page_type.c applies them.
 */
#include <asm/page_type.h>

#include <cairn/mm.h>

bool page_type_has_entries(uint64_t type)
{
    return type >= PGT_l1_page_table && type <= PGT_seg_desc_page;
}

static struct type_decision refuse(uint64_t word)
{
    return (struct type_decision){.action = TYPE_refuse, .word = word};
}

struct type_decision page_type_decide_get(uint64_t word, uint64_t type)
{
    uint64_t count = word & PGT_count_mask, old = word & PGT_type_mask;
    struct type_decision d = {.word = word};

    if (type == PGT_none || (type & ~PGT_type_mask))
        return refuse(word);

    if (count == 0 && !(word & PGT_partial)) {
        d.type_changes = old != type;
        d.action = page_type_has_entries(type) ? TYPE_validate : TYPE_take;
        d.word = type | PGT_validated | 1;
        return d;
    }
    if (old != type || count >= PGT_count_mask - 1)
        return refuse(word);
    d.word = word + 1;
    if (word & PGT_partial) {
        d.action = TYPE_resume;
        d.word = (d.word & ~PGT_partial) | PGT_validated;
    } else {
        d.action = TYPE_count;
    }
    return d;
}

struct type_decision page_type_decide_put(uint64_t word)
{
    struct type_decision d = {.action = TYPE_count, .word = word - 1};

    if ((word & PGT_count_mask) != 1)
        return d;
    d.word = word & PGT_type_mask;
    d.action = page_type_has_entries(word & PGT_type_mask) ? TYPE_unmake : TYPE_drop;
    return d;
}
