/* SPDX-License-Identifier: MIT */
/*
 * view.c - operations on the tree, direct or in a transaction; see store.h.
 *
 * In a transaction's map an entry with `changed' hides the tree's node; one
 * without only says that the node (or its absence) was looked at.
 */
#include "xenstored/store.h"

#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>

#include "xenstored/map.h"

static const struct xs_perms no_perms = {.nr = 1};

static struct xs_node *view_find(const struct xs_view *view, const char *path)
{
    if (view->transaction) {
        struct xs_node *entry = map_find(&view->transaction->map, path);

        if (entry && entry->changed)
            return entry->exists ? entry : NULL;
    }
    return map_find(&view->store->map, path);
}

/* Note in the transaction, if this is one, that @path was looked at. */
static int view_note(const struct xs_view *view, const char *path, struct xs_node **entry)
{
    struct xs_transaction *t = view->transaction;
    struct xs_node *node;
    size_t index;

    if (!t)
        return 0;
    if (!map_search(&t->map, path, &index)) {
        int rc = map_reserve(&t->map, 1);

        if (rc == 0)
            rc = node_new(t->payer, view->caller, path, NULL, 0, &no_perms, &node);
        if (rc < 0)
            return rc;
        const struct xs_node *base = map_find(&view->store->map, path);
        node->generation = base ? base->generation : 0;
        map_insert(&t->map, index, node);
    }
    if (entry)
        *entry = t->map.at[index];
    return 0;
}

/* The canonical path of what is above @path, which is not the root. */
static void path_parent(const char *path, char *parent)
{
    size_t len = strrchr(path, '/') - path;

    memcpy(parent, path, len);
    parent[len] = '\0';
}

/* The nearest existing node above @path, which does not exist. */
static struct xs_node *find_above(const struct xs_view *view, const char *path)
{
    char parent[XS_PATH_SIZE];
    struct xs_node *node;

    path_parent(path, parent);
    while (!(node = view_find(view, parent)))
        path_parent(parent, parent);
    return node;
}

int view_get(const struct xs_view *view, const char *path, unsigned int want,
             const struct xs_node **node)
{
    int rc = view_note(view, path, NULL);

    if (rc < 0)
        return rc;
    const struct xs_node *found = view_find(view, path);
    const struct xs_node *decides = found ? found : find_above(view, path);
    if ((perms_of(&decides->perms, view->caller) & want) != want)
        return -XEN_EACCES;
    *node = found;
    return found ? 0 : -XEN_ENOENT;
}

static void touch_parent(const struct xs_view *view, const char *path)
{
    char parent[XS_PATH_SIZE];
    struct xs_map *map = view->transaction ? &view->transaction->map : &view->store->map;

    path_parent(path, parent);
    struct xs_node *node = map_find(map, parent);
    if (node && view->transaction)
        node->touched = true;
    else if (node)
        node->generation = ++view->store->generation;
}

static void tell(const struct xs_store *store, const struct xs_node *node, bool exact)
{
    if (store->changed)
        store->changed(store->context, node->path, exact, &node->perms);
}

/* Put @node, a new one with room for it, in the place of what is there. */
static void base_put(struct xs_store *store, struct xs_node *node)
{
    size_t index;

    node->generation = ++store->generation;
    node->changed = false;
    if (map_search(&store->map, node->path, &index)) {
        store->map.at[index]->account->nodes--;
        node_free(store->map.at[index]);
        store->map.at[index] = node;
    } else {
        map_insert(&store->map, index, node);
    }
    node->account->nodes++;
}

static void view_put(const struct xs_view *view, struct xs_node *node)
{
    size_t index;

    if (!view->transaction) {
        base_put(view->store, node);
        return;
    }
    node->changed = node->exists = true;
    /* view_get() or view_create() noted it. */
    map_search(&view->transaction->map, node->path, &index);
    struct xs_node *entry = view->transaction->map.at[index];
    node->generation = entry->generation;
    node->touched = entry->touched;
    view->transaction->map.at[index] = node;
    node_free(entry);
}

/* Replace what the node at @path holds. */
static int view_set(const struct xs_view *view, const char *path, const void *value, size_t len,
                    const struct xs_perms *perms)
{
    struct xs_account *account = store_account(view->store, perms->list[0].domid);
    struct xs_node *node;

    if (!account)
        return -XEN_ENOMEM;
    int rc = node_new(account, view->caller, path, value, len, perms, &node);
    if (rc < 0)
        return rc;
    view_put(view, node);
    if (!view->transaction)
        tell(view->store, map_find(&view->store->map, path), false);
    return 0;
}

/*
 * Prepare the nodes that are missing from below @above to @path, in order, in
 * @made.  On an error the caller frees what is there.
 */
static int make_missing(const struct xs_view *view, const struct xs_node *above, const char *path,
                        const void *value, size_t len, struct xs_map *made)
{
    struct xs_perms perms = above->perms;
    char part[XS_PATH_SIZE];

    if (view->caller != 0)
        perms.list[0].domid = view->caller;
    struct xs_account *account = store_account(view->store, perms.list[0].domid);
    if (!account)
        return -XEN_ENOMEM;
    strcpy(part, path);
    for (size_t at = strlen(above->path); path[at];) {
        at += 1 + strcspn(path + at + 1, "/");
        part[at] = '\0';
        bool last = path[at] == '\0';

        int rc = map_reserve(made, 1);
        if (rc == 0)
            rc = node_new(account, view->caller, part, value, last ? len : 0, &perms,
                          &made->at[made->nr]);
        if (rc < 0)
            return rc;
        made->nr++;
        rc = view_note(view, part, NULL);
        if (rc < 0)
            return rc;
        part[at] = path[at];
    }
    if (view->caller != 0 && account->nodes + made->nr > XS_QUOTA_NODES)
        return -XEN_ENOSPC;
    return view->transaction ? view_note(view, above->path, NULL)
                             : map_reserve(&view->store->map, made->nr);
}

static int view_create(const struct xs_view *view, const char *path, const void *value, size_t len)
{
    struct xs_map made = {NULL};
    const struct xs_node *above = find_above(view, path);

    int rc = make_missing(view, above, path, value, len, &made);
    if (rc == 0)
        touch_parent(view, made.at[0]->path);
    for (size_t i = 0; i < made.nr; i++) {
        if (rc < 0)
            node_free(made.at[i]);
        else
            view_put(view, made.at[i]);
    }
    free(made.at);
    if (rc == 0 && !view->transaction)
        tell(view->store, map_find(&view->store->map, path), false);
    return rc;
}

int view_write(const struct xs_view *view, const char *path, const void *value, size_t len)
{
    const struct xs_node *old;

    if (path[0] == '@')
        return -XEN_EINVAL;
    if (view->caller != 0 && len > XS_QUOTA_VALUE)
        return -XEN_ENOSPC;
    int rc = view_get(view, path, PERM_WRITE, &old);
    if (rc == -XEN_ENOENT)
        return view_create(view, path, value, len);
    return rc < 0 ? rc : view_set(view, path, value, len, &old->perms);
}

int view_mkdir(const struct xs_view *view, const char *path)
{
    const struct xs_node *old;

    if (path[0] == '@')
        return -XEN_EINVAL;
    int rc = view_get(view, path, PERM_WRITE, &old);
    return rc == -XEN_ENOENT ? view_create(view, path, NULL, 0) : rc;
}

int view_set_perms(const struct xs_view *view, const char *path, const struct xs_perms *perms)
{
    const struct xs_node *old;

    int rc = view_get(view, path, PERM_WRITE, &old);
    if (rc < 0)
        return rc;
    domid_t owner = old->perms.list[0].domid;
    if (view->caller != 0 && view->caller != owner)
        return -XEN_EACCES;
    if (view->caller != 0 && perms->list[0].domid != owner)
        return -XEN_EPERM;
    return view_set(view, path, old->value, old->len, perms);
}

/* Remove from the tree.  Each node is told of when it is gone. */
static void base_remove(struct xs_store *store, const char *path)
{
    size_t first, nr = map_subtree(&store->map, path, &first);

    for (size_t i = 0; i < nr; i++) {
        struct xs_node *node = store->map.at[first];

        map_drop(&store->map, first, 1);
        node->account->nodes--;
        tell(store, node, i != 0);
        node_free(node);
    }
}

/* Remove in a transaction: first make all entries, then change them. */
static int overlay_remove(const struct xs_view *view, const char *path)
{
    struct xs_map *map = &view->transaction->map;
    size_t first, nr = map_subtree(&view->store->map, path, &first);

    for (size_t i = first; i < first + nr; i++) {
        int rc = view_note(view, view->store->map.at[i]->path, NULL);

        if (rc < 0)
            return rc;
    }
    nr = map_subtree(map, path, &first);
    for (size_t i = first; i < first + nr; i++) {
        map->at[i]->nested = i != first;
        map->at[i]->changed = true;
        map->at[i]->exists = false;
    }
    return 0;
}

int view_remove(const struct xs_view *view, const char *path)
{
    char parent[XS_PATH_SIZE];
    const struct xs_node *node;

    if (path[0] != '/')
        return -XEN_EINVAL;
    path_parent(path, parent);
    int rc = view_get(view, path, PERM_WRITE, &node);
    if (rc == -XEN_ENOENT)
        return view_find(view, parent) ? 0 : rc;
    if (rc == 0)
        rc = view_note(view, parent, NULL);
    if (rc == 0 && view->transaction)
        rc = overlay_remove(view, path);
    if (rc < 0)
        return rc;
    touch_parent(view, path);
    if (!view->transaction)
        base_remove(view->store, path);
    return 0;
}

/* A list of names, of which a part is wanted. */
struct listing {
    size_t from, size, used, total;
    char *buf;
    bool full;
};

static void list_child(struct listing *l, const struct xs_node *node, size_t skip)
{
    const char *name = node->path + skip;
    size_t len = strlen(name) + 1;

    if (l->total >= l->from && !l->full) {
        l->full = l->used + len > l->size;
        if (!l->full) {
            memcpy(l->buf + l->used, name, len);
            l->used += len;
        }
    }
    l->total += len;
}

long view_list(const struct xs_view *view, const char *path, size_t from, char *buf, size_t *size)
{
    struct listing l = {.from = from, .size = *size, .buf = buf};
    const struct xs_map *maps[] = {&view->store->map,
                                   view->transaction ? &view->transaction->map : NULL};
    const struct xs_node *node;
    size_t first, skip = strlen(path) + 1;

    int rc = view_get(view, path, PERM_READ, &node);
    if (rc < 0)
        return rc;
    /* The tree's nodes as the transaction sees them, then those new in it. */
    for (size_t m = 0; m < 2 && maps[m]; m++) {
        size_t nr = map_subtree(maps[m], path, &first);

        for (size_t i = first; i < first + nr; i++) {
            const char *child = maps[m]->at[i]->path;

            if (strlen(child) < skip || strchr(child + skip, '/'))
                continue;
            if (view_find(view, child) && (m == 0 || !map_find(maps[0], child)))
                list_child(&l, maps[m]->at[i], skip);
        }
    }
    *size = l.used;
    return l.total;
}

struct xs_transaction *transaction_new(struct xs_account *payer)
{
    struct xs_transaction *t = NULL;

    if (account_charge(payer, sizeof(*t)) < 0)
        return NULL;
    t = calloc(1, sizeof(*t));
    if (t)
        t->payer = payer;
    else
        payer->bytes -= sizeof(*t);
    return t;
}

void transaction_free(struct xs_transaction *t)
{
    for (size_t i = 0; i < t->map.nr; i++)
        node_free(t->map.at[i]);
    t->payer->bytes -= sizeof(*t);
    free(t->map.at);
    free(t);
}

/* Whether nothing seen has changed, and the result is within the quota. */
static int commit_check(const struct xs_view *view)
{
    const struct xs_map *map = &view->transaction->map;
    const struct xs_account *payer = view->transaction->payer;
    size_t nodes = payer->nodes;

    for (size_t i = 0; i < map->nr; i++) {
        const struct xs_node *entry = map->at[i];
        const struct xs_node *base = map_find(&view->store->map, entry->path);

        if ((base ? base->generation : 0) != entry->generation)
            return -XEN_EAGAIN;
        if (entry->changed && base && base->account == payer)
            nodes--;
        if (entry->changed && entry->exists && entry->account == payer)
            nodes++;
    }
    return view->caller != 0 && nodes > XS_QUOTA_NODES && nodes > payer->nodes ? -XEN_ENOSPC : 0;
}

static void commit_entry(struct xs_store *store, struct xs_node **at)
{
    struct xs_node *entry = *at;
    size_t index;
    bool in_base = map_search(&store->map, entry->path, &index);

    if (entry->changed && entry->exists) {
        *at = NULL;
        base_put(store, entry);
        tell(store, entry, false);
    } else if (entry->changed && in_base) {
        struct xs_node *gone = store->map.at[index];

        map_drop(&store->map, index, 1);
        gone->account->nodes--;
        tell(store, gone, entry->nested);
        node_free(gone);
    } else if (entry->touched && in_base) {
        store->map.at[index]->generation = ++store->generation;
    }
}

int transaction_commit(const struct xs_view *view)
{
    struct xs_map *map = &view->transaction->map;

    int rc = commit_check(view);
    if (rc == 0)
        rc = map_reserve(&view->store->map, map->nr);
    for (size_t i = 0; i < map->nr && rc == 0; i++)
        commit_entry(view->store, &map->at[i]);
    transaction_free(view->transaction);
    return rc;
}
