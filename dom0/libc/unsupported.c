/* SPDX-License-Identifier: MIT */
/*
 * unsupported.c - functions that newlib declares and this system does not
 * have.  Calling one says so on the console and fails with ENOSYS.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/console.h"

int unsupported(const char *name);

int unsupported(const char *name)
{
    char text[80];

    sniprintf(text, sizeof(text), "dom0: %s() is not supported\n", name);
    console_write(text, strlen(text));
    errno = ENOSYS;
    return -1;
}

/* Their true types do not matter: no argument is looked at. */
#define UNSUPPORTED(name)                        \
    int unsupported_##name(void) __asm__(#name); \
    int unsupported_##name(void)                 \
    {                                            \
        return unsupported(#name);               \
    }

UNSUPPORTED(fork)
UNSUPPORTED(execve)
UNSUPPORTED(wait)
UNSUPPORTED(link)
UNSUPPORTED(pipe)
UNSUPPORTED(dup)
UNSUPPORTED(dup2)
UNSUPPORTED(fcntl)
UNSUPPORTED(chdir)
UNSUPPORTED(getcwd)
UNSUPPORTED(rmdir)
UNSUPPORTED(ftruncate)
UNSUPPORTED(select)
