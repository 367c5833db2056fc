/* SPDX-License-Identifier: MIT */
/*
 * console_io.c - CONSOLEIO_*: a guest's line to the hypervisor's console.
 *
 * Any guest may write (rate limited and filtered by the console); only the
 * control domain reads.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/console.h>
#include <cairn/domain.h>
#include <cairn/softirq.h>

#define CHUNK 128u

static long console_write(unsigned long count, unsigned long buf)
{
    char text[CHUNK];

    while (count) {
        unsigned long n = min(count, (unsigned long)CHUNK);

        if (raw_copy_from_guest(text, buf, n))
            return -EFAULT;
        console_guest_write(current->domain, text, n);
        buf += n;
        count -= n;
        if (count && preempt_check()) {
            hypercall_set_arg(1, count);
            hypercall_set_arg(2, buf);
            return -ERESTART;
        }
    }
    return 0;
}

static long console_read(unsigned long count, unsigned long buf)
{
    char text[CHUNK];
    unsigned long done = 0;

    while (done < count) {
        size_t n = console_guest_read(text, min(count - done, (unsigned long)CHUNK));

        if (!n)
            break;
        if (raw_copy_to_guest(buf + done, text, n))
            return -EFAULT;
        done += n;
    }
    return done;
}

long do_console_io(unsigned long cmd, unsigned long count, unsigned long buf)
{
    /* The ABI passes int; 2 GiB and more is a mistake. */
    if ((int)count < 0)
        return -EINVAL;
    count = (unsigned int)count;
    switch ((unsigned int)cmd) {
    case CONSOLEIO_write:
        return console_write(count, buf);
    case CONSOLEIO_read:
        return current->domain->is_privileged ? console_read(count, buf) : -EPERM;
    default:
        return -ENOSYS;
    }
}
