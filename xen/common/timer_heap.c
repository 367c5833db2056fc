/* SPDX-License-Identifier: MIT */
/*
 * timer_heap.c - a pairing heap of timers, earliest at the root.  Pure.  The
 * links are in struct timer, so there is no limit and nothing to allocate.
 */
#include <cairn/time.h>

/* The later of two roots becomes the first child of the earlier. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->expires < a->expires) {
        struct timer *t = a;
        a = b;
        b = t;
    }
    b->prev = a;
    b->sibling = a->child;
    if (a->child)
        a->child->prev = b;
    a->child = b;
    return a;
}

/* Meld a list of siblings: by pairs left to right, then right to left. */
static struct timer *meld_siblings(struct timer *list)
{
    struct timer *pairs = NULL, *root = NULL;

    while (list) {
        struct timer *a = list, *b = a->sibling;
        list = b ? b->sibling : NULL;
        a->sibling = a->prev = NULL;
        if (b)
            b->sibling = b->prev = NULL;
        a = meld(a, b);
        a->sibling = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *next = pairs->sibling;
        pairs->sibling = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

struct timer *timer_heap_insert(struct timer *root, struct timer *t)
{
    return meld(root, t);
}

struct timer *timer_heap_remove(struct timer *root, struct timer *t)
{
    struct timer *rest = meld_siblings(t->child);

    if (t == root) {
        root = rest;
    } else {
        if (t->prev->child == t)
            t->prev->child = t->sibling;
        else
            t->prev->sibling = t->sibling;
        if (t->sibling)
            t->sibling->prev = t->prev;
        root = meld(root, rest);
    }
    t->child = t->sibling = t->prev = NULL;
    t->expires = 0;
    return root;
}
