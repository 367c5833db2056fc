/* SPDX-License-Identifier: MIT */
/*
 * fd.h - open files.  A table of file descriptors; what one does depends on
 * its operations.  0, 1 and 2 are the console from the start.
 */
#ifndef LIBC_FD_H
#define LIBC_FD_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct file;

/* Each returns >= 0 or -errno (newlib's numbers). */
struct file_ops {
    long (*read)(struct file *f, void *buf, size_t len);
    long (*write)(struct file *f, const void *buf, size_t len);
    long (*seek)(struct file *f, off_t offset, int whence);
    int (*stat)(struct file *f, struct stat *st);
    void (*close)(struct file *f);
};

struct file {
    const struct file_ops *ops; /* NULL: free */
    void *object;
    size_t at;
    int flags; /* O_* of open() */
};

/* The open file @fd, or NULL. */
struct file *fd_get(int fd);

/* Opens a file of the ramfs: a descriptor or -errno. */
int fd_open(const char *path, int flags);
int fd_close(int fd);

#endif
