/* SPDX-License-Identifier: MIT */
/*
 * program.c - runs programs.  One thread at a time does, one program inside the
 * other at most (sh FILE), so one chain of jump buffers is enough.  exit() in
 * any other thread has nowhere to go.
 */
#include "libc/program.h"

#include <setjmp.h>
#include <stdio.h>

#include "kernel/thread.h"

static jmp_buf *innermost;
static const void *owner; /* the thread that runs programs */
static int exit_status;

int program_run(int (*main)(int argc, char **argv), int argc, char **argv)
{
    jmp_buf *volatile outer = innermost;
    jmp_buf here;
    volatile int status;

    innermost = &here;
    owner = thread_self();
    if (setjmp(here))
        status = exit_status;
    else
        status = main(argc, argv);
    innermost = outer;
    fflush(NULL);
    return status;
}

void program_exit(int status)
{
    if (!innermost || owner != thread_self())
        return;
    exit_status = status;
    longjmp(*innermost, 1);
}
