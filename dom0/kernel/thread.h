/* SPDX-License-Identifier: MIT */
/*
 * thread.h - cooperative threads.  plat_thread(), plat_wait(), plat_yield()
 * and plat_wake() of tools/include/plat.h are in thread.c; they and what calls
 * them are the only functions that switch.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

/* Identity and name of the running thread. */
const void *thread_self(void);
const char *thread_name(void);

#endif
