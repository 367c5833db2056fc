/* SPDX-License-Identifier: MIT */
/*
 * map.h - nodes in order of path, and what they cost: the inside of store.h.
 */
#ifndef TOOLS_XENSTORED_MAP_H
#define TOOLS_XENSTORED_MAP_H

#include "xenstored/store.h"

/*
 * map_search - find @path.  *@index is where it is, or where it would be put
 * in; returns whether it is there.
 */
bool map_search(const struct xs_map *map, const char *path, size_t *index);
/* map_find - the node, or NULL. */
struct xs_node *map_find(const struct xs_map *map, const char *path);
/* map_subtree - how many nodes from *@first on are @path or below. */
size_t map_subtree(const struct xs_map *map, const char *path, size_t *first);
/* map_reserve - room for @more nodes.  0 or -XEN_ENOMEM. */
int map_reserve(struct xs_map *map, size_t more);
/* map_insert - at @index, with room reserved. */
void map_insert(struct xs_map *map, size_t index, struct xs_node *node);
/* map_drop - forget the pointers to @nr nodes from @index on. */
void map_drop(struct xs_map *map, size_t index, size_t nr);

/*
 * node_new - make a node and charge it.
 * @caller  its quota is checked if it is not domain 0's
 */
int node_new(struct xs_account *account, domid_t caller, const char *path, const void *value,
             size_t len, const struct xs_perms *perms, struct xs_node **node);
/* node_free - give it back; NULL is none. */
void node_free(struct xs_node *node);

#endif
