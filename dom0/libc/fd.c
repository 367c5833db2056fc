/* SPDX-License-Identifier: MIT */
/* fd.c - the table of open files, and its two kinds: console and ramfs. */
#include "libc/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drivers/console.h"
#include "fs/ramfs.h"

#define NR_FILES 64

static long console_file_read(struct file *f, void *buf, size_t len)
{
    return (long)console_read_wait(buf, len);
}

static long console_file_write(struct file *f, const void *buf, size_t len)
{
    console_print(buf, len);
    return (long)len;
}

static long console_file_seek(struct file *f, off_t offset, int whence)
{
    return -ESPIPE;
}

static int console_file_stat(struct file *f, struct stat *st)
{
    st->st_mode = S_IFCHR | 0600;
    st->st_blksize = 1024;
    return 0;
}

static void console_file_close(struct file *f) {}

static const struct file_ops console_ops = {
    .read = console_file_read,
    .write = console_file_write,
    .seek = console_file_seek,
    .stat = console_file_stat,
    .close = console_file_close,
};

static long ram_file_read(struct file *f, void *buf, size_t len)
{
    if ((f->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;

    long n = ramfs_read(f->object, f->at, buf, len);

    if (n > 0)
        f->at += n;
    return n;
}

static long ram_file_write(struct file *f, const void *buf, size_t len)
{
    struct ramfs_node *node = f->object;

    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (f->flags & O_APPEND)
        f->at = node->size;

    long n = ramfs_write(node, f->at, buf, len);

    if (n > 0)
        f->at += n;
    return n;
}

static long ram_file_seek(struct file *f, off_t offset, int whence)
{
    const struct ramfs_node *node = f->object;
    off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (off_t)f->at : (off_t)node->size;
    off_t at;

    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
        return -EINVAL;
    if (__builtin_add_overflow(base, offset, &at) || at < 0)
        return -EINVAL;
    f->at = at;
    return at;
}

static int ram_file_stat(struct file *f, struct stat *st)
{
    const struct ramfs_node *node = f->object;

    st->st_mode = node->is_folder ? S_IFDIR | 0755 : S_IFREG | 0644;
    st->st_size = (off_t)node->size;
    st->st_blksize = 4096;
    st->st_nlink = 1;
    return 0;
}

static void ram_file_close(struct file *f)
{
    ramfs_release(f->object);
}

static const struct file_ops ram_ops = {
    .read = ram_file_read,
    .write = ram_file_write,
    .seek = ram_file_seek,
    .stat = ram_file_stat,
    .close = ram_file_close,
};

static struct file files[NR_FILES] = {
    {.ops = &console_ops, .flags = O_RDWR},
    {.ops = &console_ops, .flags = O_RDWR},
    {.ops = &console_ops, .flags = O_RDWR},
};

struct file *fd_get(int fd)
{
    return fd >= 0 && fd < NR_FILES && files[fd].ops ? &files[fd] : NULL;
}

static int node_open(const char *path, int flags, struct ramfs_node **node)
{
    int rc = ramfs_lookup(path, node);

    if (!rc && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (rc == -ENOENT && (flags & O_CREAT))
        rc = ramfs_create(path, node);
    if (rc)
        return rc;
    if ((*node)->is_folder && (flags & O_ACCMODE) != O_RDONLY)
        return -EISDIR;
    return flags & O_TRUNC ? ramfs_truncate(*node, 0) : 0;
}

int fd_open(const char *path, int flags)
{
    struct ramfs_node *node;
    int fd = 0;

    while (fd < NR_FILES && files[fd].ops)
        fd++;
    if (fd == NR_FILES)
        return -EMFILE;

    int rc = node_open(path, flags, &node);

    if (rc)
        return rc;
    ramfs_hold(node);
    files[fd] = (struct file){.ops = &ram_ops, .object = node, .flags = flags};
    return fd;
}

int fd_close(int fd)
{
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    f->ops->close(f);
    f->ops = NULL;
    return 0;
}
