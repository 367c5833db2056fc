/* SPDX-License-Identifier: MIT */
/* list.h - circular doubly linked lists. The caller's lock covers them. */
#ifndef CAIRN_LIST_H
#define CAIRN_LIST_H

#include <cairn/types.h>

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD(name) struct list_head name = {&(name), &(name)}

static inline void list_init(struct list_head *h)
{
    h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
    return h->next == h;
}

static inline void list_insert(struct list_head *e, struct list_head *prev, struct list_head *next)
{
    e->prev = prev;
    e->next = next;
    prev->next = e;
    next->prev = e;
}

static inline void list_add(struct list_head *e, struct list_head *h)
{
    list_insert(e, h, h->next);
}

static inline void list_add_tail(struct list_head *e, struct list_head *h)
{
    list_insert(e, h->prev, h);
}

/* list_del leaves @e an empty list, so that list_empty(@e) tells. */
static inline void list_del(struct list_head *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}

#define list_for_each_entry(pos, h, member)                                            \
    for (pos = container_of((h)->next, __typeof__(*pos), member); &pos->member != (h); \
         pos = container_of(pos->member.next, __typeof__(*pos), member))

#endif
