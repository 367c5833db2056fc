/* SPDX-License-Identifier: MIT */
/*
 * syscalls.c - what newlib asks of a system.  Each sets errno and returns -1
 * where the kernel's functions return -errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "fs/ramfs.h"
#include "kernel/kernel.h"
#include "kernel/mm.h"
#include "kernel/time.h"
#include "libc/fd.h"
#include "libc/program.h"
#include "plat.h"

static long result(long rc)
{
    if (rc >= 0)
        return rc;
    errno = (int)-rc;
    return -1;
}

_READ_WRITE_RETURN_TYPE read(int fd, void *buf, size_t len)
{
    struct file *f = fd_get(fd);

    return result(f ? f->ops->read(f, buf, len) : -EBADF);
}

_READ_WRITE_RETURN_TYPE write(int fd, const void *buf, size_t len)
{
    struct file *f = fd_get(fd);

    return result(f ? f->ops->write(f, buf, len) : -EBADF);
}

off_t lseek(int fd, off_t offset, int whence)
{
    struct file *f = fd_get(fd);

    return result(f ? f->ops->seek(f, offset, whence) : -EBADF);
}

int open(const char *path, int flags, ...)
{
    return (int)result(fd_open(path, flags));
}

int close(int fd)
{
    return (int)result(fd_close(fd));
}

int fstat(int fd, struct stat *st)
{
    struct file *f = fd_get(fd);

    memset(st, 0, sizeof(*st));
    return (int)result(f ? f->ops->stat(f, st) : -EBADF);
}

int stat(const char *path, struct stat *st)
{
    int fd = fd_open(path, O_RDONLY);

    if (fd < 0)
        return (int)result(fd);

    int rc = fstat(fd, st);

    fd_close(fd);
    return rc;
}

int access(const char *path, int mode)
{
    struct ramfs_node *node;

    return (int)result(ramfs_lookup(path, &node));
}

int unlink(const char *path)
{
    struct ramfs_node *node;
    int rc = ramfs_lookup(path, &node);

    if (!rc)
        rc = node->is_folder ? -EISDIR : ramfs_unlink(path);
    return (int)result(rc);
}

int mkdir(const char *path, mode_t mode)
{
    return (int)result(ramfs_mkdir(path, false));
}

int isatty(int fd)
{
    struct stat st;

    if (fstat(fd, &st))
        return 0;
    if (S_ISCHR(st.st_mode))
        return 1;
    errno = ENOTTY;
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    uint64_t now = time_wall_ns();

    tv->tv_sec = now / 1000000000ULL;
    tv->tv_usec = now / 1000 % 1000000;
    return 0;
}

clock_t times(struct tms *tms)
{
    clock_t now = plat_now_ns() / (1000000000ULL / CLOCKS_PER_SEC);

    *tms = (struct tms){.tms_utime = now};
    return now;
}

int usleep(useconds_t us)
{
    uint64_t end = plat_now_ns() + us * 1000ULL, now;

    while ((now = plat_now_ns()) < end)
        plat_wait((int)((end - now + 999999) / 1000000));
    return 0;
}

unsigned int sleep(unsigned int seconds)
{
    while (seconds--)
        usleep(1000000);
    return 0;
}

pid_t getpid(void)
{
    return 1;
}

/* A signal to oneself ends the program as a shell would report it. */
int kill(pid_t pid, int sig);
int kill(pid_t pid, int sig)
{
    if (pid != getpid())
        return (int)result(-ESRCH);
    _exit(128 + sig);
}

/* Not newlib's, which closes the console for good. */
void exit(int status)
{
    fflush(NULL);
    _exit(status);
}

void _exit(int status)
{
    program_exit(status);
    kernel_panic("exit(%d) outside of a program", status);
}

void *sbrk(ptrdiff_t change)
{
    static unsigned long end = HEAP_BASE, mapped = HEAP_BASE;
    unsigned long old = end, now = end + change;

    if (now < HEAP_BASE || now > HEAP_LIMIT) {
        errno = ENOMEM;
        return (void *)-1;
    }
    if (now > mapped) {
        size_t pages = (now - mapped + PAGE_SIZE - 1) / PAGE_SIZE;

        if (mm_map_new(mapped, pages)) {
            errno = ENOMEM;
            return (void *)-1;
        }
        mapped += pages * PAGE_SIZE;
    }
    end = now;
    return (void *)old;
}
