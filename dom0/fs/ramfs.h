/* SPDX-License-Identifier: MIT */
/*
 * ramfs.h - the file system: a tree in memory.
 *
 * Files of the boot archive are used where they lie and copied when first
 * written.  All functions return 0 or a positive count, or -errno (newlib's
 * numbers).  Paths are normalised here.  Nothing switches.
 */
#ifndef FS_RAMFS_H
#define FS_RAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ramfs_node {
    char *name;
    bool is_folder, is_unlinked;
    bool is_borrowed; /* data belongs to the boot archive */
    unsigned int refs;
    struct ramfs_node *parent;
    struct ramfs_node *children; /* sorted by name */
    struct ramfs_node *next;     /* in the parent's children */
    char *data;
    size_t size, room;
};

/* Finds @path.  The node stays valid until it is unlinked, or while held. */
int ramfs_lookup(const char *path, struct ramfs_node **node);

/* Finds or makes the file @path.  -EISDIR, -ENOENT without its folder. */
int ramfs_create(const char *path, struct ramfs_node **node);

/* @parents: also makes the folders above, and accepts an existing one. */
int ramfs_mkdir(const char *path, bool parents);

/* Removes a file or an empty folder. */
int ramfs_unlink(const char *path);

/* An open file keeps its data after unlink until the last release. */
void ramfs_hold(struct ramfs_node *node);
void ramfs_release(struct ramfs_node *node);

/* Bytes read (0 at or after the end), bytes written or -ENOSPC. */
long ramfs_read(const struct ramfs_node *node, size_t at, void *buf, size_t len);
long ramfs_write(struct ramfs_node *node, size_t at, const void *buf, size_t len);
int ramfs_truncate(struct ramfs_node *node, size_t size);

/*
 * Adds the content of a cpio archive, which must stay where it is.  On an
 * error of the archive, what came before it is there, and *@at tells where in
 * the archive it is.
 */
int ramfs_load(const void *archive, size_t len, size_t *at);

#endif
