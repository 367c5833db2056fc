/* SPDX-License-Identifier: MIT */
/* ramfs.c - files in memory; see ramfs.h.  Owns the tree; pure but for that. */
#include "fs/ramfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/cpio.h"
#include "fs/path.h"

#define CPIO_TYPE   0170000
#define CPIO_FOLDER 0040000
#define CPIO_FILE   0100000

static char root_name[] = "";
static struct ramfs_node root = {.name = root_name, .is_folder = true, .parent = &root};

static struct ramfs_node *child_find(struct ramfs_node *folder, const char *name, size_t len)
{
    for (struct ramfs_node *n = folder->children; n; n = n->next)
        if (!strncmp(n->name, name, len) && !n->name[len])
            return n;
    return NULL;
}

int ramfs_lookup(const char *path, struct ramfs_node **node)
{
    char norm[PATH_LEN];
    const char *at = norm, *name;
    struct ramfs_node *n = &root;
    size_t len;
    int rc = path_normalise(path, norm, sizeof(norm));

    if (rc)
        return rc;
    while ((name = path_next(&at, &len))) {
        if (!n->is_folder)
            return -ENOTDIR;
        n = child_find(n, name, len);
        if (!n)
            return -ENOENT;
    }
    *node = n;
    return 0;
}

static struct ramfs_node *child_add(struct ramfs_node *folder, const char *name, bool is_folder)
{
    struct ramfs_node *n = calloc(1, sizeof(*n));
    struct ramfs_node **link = &folder->children;

    if (!n)
        return NULL;
    n->name = strdup(name);
    if (!n->name) {
        free(n);
        return NULL;
    }
    n->is_folder = is_folder;
    n->parent = folder;
    while (*link && strcmp((*link)->name, name) < 0)
        link = &(*link)->next;
    n->next = *link;
    *link = n;
    return n;
}

/* The folder @path is to be in, and its last component in *@base. */
static int parent_find(const char *path, char *norm, struct ramfs_node **parent, const char **base)
{
    char folder[PATH_LEN];
    int rc = path_normalise(path, norm, PATH_LEN);

    if (!rc)
        rc = path_split(norm, folder, sizeof(folder), base);
    if (!rc)
        rc = ramfs_lookup(folder, parent);
    if (!rc && !(*parent)->is_folder)
        rc = -ENOTDIR;
    return rc;
}

int ramfs_create(const char *path, struct ramfs_node **node)
{
    char norm[PATH_LEN];
    const char *base;
    struct ramfs_node *parent;
    int rc = parent_find(path, norm, &parent, &base);

    if (rc)
        return rc;
    if (!*base)
        return -EISDIR;
    *node = child_find(parent, base, strlen(base));
    if (!*node)
        *node = child_add(parent, base, false);
    if (!*node)
        return -ENOSPC;
    return (*node)->is_folder ? -EISDIR : 0;
}

static int mkdir_one(const char *path)
{
    char norm[PATH_LEN];
    const char *base;
    struct ramfs_node *parent;
    int rc = parent_find(path, norm, &parent, &base);

    if (rc)
        return rc;
    if (!*base || child_find(parent, base, strlen(base)))
        return -EEXIST;
    return child_add(parent, base, true) ? 0 : -ENOSPC;
}

int ramfs_mkdir(const char *path, bool parents)
{
    char norm[PATH_LEN];
    struct ramfs_node *node;
    int rc = path_normalise(path, norm, sizeof(norm));

    if (rc || !parents)
        return rc ? rc : mkdir_one(norm);

    for (char *p = norm + 1; !rc && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        rc = mkdir_one(norm);
        if (rc == -EEXIST)
            rc = 0;
        *p = '/';
    }
    if (!rc)
        rc = mkdir_one(norm);
    if (rc == -EEXIST)
        rc = ramfs_lookup(norm, &node) || !node->is_folder ? -ENOTDIR : 0;
    return rc;
}

static void node_free(struct ramfs_node *node)
{
    if (!node->is_borrowed)
        free(node->data);
    free(node->name);
    free(node);
}

int ramfs_unlink(const char *path)
{
    struct ramfs_node *node;
    int rc = ramfs_lookup(path, &node);

    if (rc)
        return rc;
    if (node == &root)
        return -EBUSY;
    if (node->children)
        return -ENOTEMPTY;

    struct ramfs_node **link = &node->parent->children;

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    node->is_unlinked = true;
    if (!node->refs)
        node_free(node);
    return 0;
}

void ramfs_hold(struct ramfs_node *node)
{
    node->refs++;
}

void ramfs_release(struct ramfs_node *node)
{
    if (!--node->refs && node->is_unlinked)
        node_free(node);
}

long ramfs_read(const struct ramfs_node *node, size_t at, void *buf, size_t len)
{
    if (node->is_folder)
        return -EISDIR;
    if (at >= node->size)
        return 0;
    if (len > node->size - at)
        len = node->size - at;
    memcpy(buf, node->data + at, len);
    return (long)len;
}

/* Own, writable data with room for @size bytes. */
static int node_reserve(struct ramfs_node *node, size_t size)
{
    if (!node->is_borrowed && size <= node->room)
        return 0;

    size_t room = size < 2 * node->room ? 2 * node->room : size;
    char *data = node->is_borrowed ? malloc(room ? room : 1) : realloc(node->data, room);

    if (!data)
        return -ENOSPC;
    if (node->is_borrowed)
        memcpy(data, node->data, node->size < room ? node->size : room);
    node->data = data;
    node->room = room;
    node->is_borrowed = false;
    return 0;
}

int ramfs_truncate(struct ramfs_node *node, size_t size)
{
    if (node->is_folder)
        return -EISDIR;
    if (size == 0) {
        if (!node->is_borrowed)
            free(node->data);
        node->data = NULL;
        node->size = node->room = 0;
        node->is_borrowed = false;
        return 0;
    }

    int rc = node_reserve(node, size > node->size ? size : node->size);

    if (rc)
        return rc;
    if (size > node->size)
        memset(node->data + node->size, 0, size - node->size);
    node->size = size;
    return 0;
}

long ramfs_write(struct ramfs_node *node, size_t at, const void *buf, size_t len)
{
    if (node->is_folder)
        return -EISDIR;
    if (len == 0)
        return 0;
    if (at > SIZE_MAX / 4 || len > SIZE_MAX / 4)
        return -EFBIG;

    int rc = node_reserve(node, at + len > node->size ? at + len : node->size);

    if (rc)
        return rc;
    if (at > node->size)
        memset(node->data + node->size, 0, at - node->size);
    memcpy(node->data + at, buf, len);
    if (at + len > node->size)
        node->size = at + len;
    return (long)len;
}

static int entry_add(const struct cpio_entry *entry)
{
    char norm[PATH_LEN], folder[PATH_LEN];
    const char *base;
    struct ramfs_node *node;
    uint32_t type = entry->mode & CPIO_TYPE;
    int rc = path_normalise(entry->name, norm, sizeof(norm));

    if (rc)
        return rc;
    if (type == CPIO_FOLDER)
        return ramfs_mkdir(norm, true);
    if (type != CPIO_FILE)
        return 0; /* links and devices have no meaning here */

    rc = path_split(norm, folder, sizeof(folder), &base);
    if (!rc)
        rc = ramfs_mkdir(folder, true);
    if (!rc)
        rc = ramfs_create(norm, &node);
    if (!rc)
        rc = ramfs_truncate(node, 0);
    if (rc)
        return rc;
    node->data = (char *)entry->data;
    node->size = entry->size;
    node->is_borrowed = true;
    return 0;
}

int ramfs_load(const void *archive, size_t len, size_t *at)
{
    struct cpio_iter it;
    struct cpio_entry entry;
    int rc;

    cpio_start(&it, archive, len);
    while ((rc = cpio_next(&it, &entry)) > 0) {
        rc = entry_add(&entry);
        if (rc)
            break;
    }
    *at = it.at;
    return rc;
}
