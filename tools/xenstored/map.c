/* SPDX-License-Identifier: MIT */
/* map.c - see map.h.  Owns nothing. */
#include "xenstored/map.h"

#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>

/* A slash sorts before all else, so that a subtree has no gaps. */
static unsigned int rank(char c)
{
    return c == '/' ? 1 : (unsigned char)c;
}

/* The first *@same characters are known to be equal; then how many are. */
static int path_compare(const char *a, const char *b, size_t *same)
{
    while (a[*same] && a[*same] == b[*same])
        ++*same;
    return (int)rank(a[*same]) - (int)rank(b[*same]);
}

bool path_below(const char *path, const char *top)
{
    size_t len = strlen(top);

    return strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool map_search(const struct xs_map *map, const char *path, size_t *index)
{
    size_t low = 0, high = map->nr;
    /* What the neighbours on both sides begin with, all between them do. */
    size_t same_low = 0, same_high = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t same = same_low < same_high ? same_low : same_high;
        int order = path_compare(map->at[middle]->path, path, &same);

        if (order == 0) {
            *index = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
            same_low = same;
        } else {
            high = middle;
            same_high = same;
        }
    }
    *index = low;
    return false;
}

struct xs_node *map_find(const struct xs_map *map, const char *path)
{
    size_t index;

    return map_search(map, path, &index) ? map->at[index] : NULL;
}

size_t map_subtree(const struct xs_map *map, const char *path, size_t *first)
{
    size_t end;

    map_search(map, path, first);
    for (end = *first; end < map->nr && path_below(map->at[end]->path, path);)
        end++;
    return end - *first;
}

int map_reserve(struct xs_map *map, size_t more)
{
    size_t room = map->room ? map->room : 8;

    while (room < map->nr + more)
        room *= 2;
    if (room == map->room)
        return 0;
    struct xs_node **at = realloc(map->at, room * sizeof(struct xs_node *));
    if (!at)
        return -XEN_ENOMEM;
    map->at = at;
    map->room = room;
    return 0;
}

void map_insert(struct xs_map *map, size_t index, struct xs_node *node)
{
    memmove(map->at + index + 1, map->at + index, (map->nr - index) * sizeof(struct xs_node *));
    map->at[index] = node;
    map->nr++;
}

void map_drop(struct xs_map *map, size_t index, size_t nr)
{
    map->nr -= nr;
    memmove(map->at + index, map->at + index + nr, (map->nr - index) * sizeof(struct xs_node *));
}

static size_t node_size(size_t path_len, size_t len)
{
    /* The pointer in the map counts as well. */
    return sizeof(struct xs_node) + path_len + 1 + len + sizeof(struct xs_node *);
}

int node_new(struct xs_account *account, domid_t caller, const char *path, const void *value,
             size_t len, const struct xs_perms *perms, struct xs_node **node)
{
    size_t path_len = strlen(path), size = node_size(path_len, len);

    if (caller != 0 && account_charge(account, size) < 0)
        return -XEN_ENOSPC;
    struct xs_node *n = calloc(1, size);
    if (!n) {
        account->bytes -= caller != 0 ? size : 0;
        return -XEN_ENOMEM;
    }
    if (caller == 0)
        account->bytes += size;
    n->account = account;
    n->perms = *perms;
    memcpy(n->path, path, path_len + 1);
    n->value = n->path + path_len + 1;
    n->len = len;
    if (len)
        memcpy(n->value, value, len);
    *node = n;
    return 0;
}

void node_free(struct xs_node *node)
{
    if (!node)
        return;
    node->account->bytes -= node_size(strlen(node->path), node->len);
    free(node);
}
