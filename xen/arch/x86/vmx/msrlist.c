/* SPDX-License-Identifier: MIT */
/* msrlist.c - see msrlist.h.  Pure: test/unit/test_xen_vmx_msrlist.c. */
#include "msrlist.h"

#include <cairn/lib.h>

static struct vmx_msr_entry *find(struct vmx_msrlist *l, enum msrlist_area area, uint32_t msr)
{
    for (uint32_t i = 0; i < l->count[area]; i++)
        if (l->area[area][i].msr == msr)
            return &l->area[area][i];
    return NULL;
}

/* Slots of @area that are kept for reserved MSRs other than @msr. */
static uint32_t kept_for_others(struct vmx_msrlist *l, enum msrlist_area area, uint32_t msr)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < l->nr_reserved; i++)
        if (l->reserved[i] != msr && !find(l, area, l->reserved[i]))
            kept++;
    return kept;
}

/* For one that is not in it. */
static bool has_room(struct vmx_msrlist *l, enum msrlist_area area, uint32_t msr)
{
    return l->count[area] + kept_for_others(l, area, msr) < MSRLIST_MAX;
}

static void set_count(struct vmx_msrlist *l, enum msrlist_area area, uint32_t count)
{
    l->count[area] = count;
    msrlist_write_count(l->owner, area, count);
}

void msrlist_init(struct vmx_msrlist *l, void *owner)
{
    memset(l, 0, sizeof(*l));
    l->owner = owner;
}

int msrlist_reserve(struct vmx_msrlist *l, uint32_t msr)
{
    for (uint32_t i = 0; i < l->nr_reserved; i++)
        if (l->reserved[i] == msr)
            return 0;
    if (l->nr_reserved == MSRLIST_RESERVED)
        return -ENOSPC;
    l->reserved[l->nr_reserved++] = msr;
    return 0;
}

/* The entry is whole before the count lets the processor see it. */
static void append(struct vmx_msrlist *l, enum msrlist_area area, uint32_t msr, uint64_t value)
{
    l->area[area][l->count[area]] = (struct vmx_msr_entry){.msr = msr, .value = value};
    set_count(l, area, l->count[area] + 1);
}

static void drop(struct vmx_msrlist *l, enum msrlist_area area, uint32_t msr)
{
    struct vmx_msr_entry *e = find(l, area, msr);

    if (!e)
        return;
    struct vmx_msr_entry *last = &l->area[area][l->count[area] - 1];
    *e = *last;
    set_count(l, area, l->count[area] - 1);
    *last = (struct vmx_msr_entry){0};
}

int msrlist_switch(struct vmx_msrlist *l, uint32_t msr, uint64_t guest, uint64_t host)
{
    struct vmx_msr_entry *back = find(l, MSRLIST_EXIT_LOAD, msr);
    struct vmx_msr_entry *there = find(l, MSRLIST_ENTRY_LOAD, msr);

    if ((!back && !has_room(l, MSRLIST_EXIT_LOAD, msr)) ||
        (!there && !has_room(l, MSRLIST_ENTRY_LOAD, msr)))
        return -ENOSPC;
    /* The way back first. */
    if (back)
        back->value = host;
    else
        append(l, MSRLIST_EXIT_LOAD, msr, host);
    if (there)
        there->value = guest;
    else
        append(l, MSRLIST_ENTRY_LOAD, msr, guest);
    return 0;
}

void msrlist_unswitch(struct vmx_msrlist *l, uint32_t msr)
{
    drop(l, MSRLIST_ENTRY_LOAD, msr);
    drop(l, MSRLIST_EXIT_LOAD, msr);
}

const struct vmx_msr_entry *msrlist_find(const struct vmx_msrlist *l, enum msrlist_area area,
                                         uint32_t msr)
{
    return find((struct vmx_msrlist *)l, area, msr);
}
