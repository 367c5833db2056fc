/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what the whole kernel shares: boot information, how it stops.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdint.h>
#include <xen/xen.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/* What the domain builder told; set once, before anything else runs. */
struct boot {
    const start_info_t *si;
    unsigned long boot_rsp; /* the builder's stack: its last placed page */
    uint64_t tsc;           /* at the first C line */
};
extern struct boot boot;

/* The page the hypervisor shares with us; valid after mm_init(). */
extern shared_info_t shared_info;

/* Prints "dom0: " and the message, and crashes the domain. */
void kernel_panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Ends the domain; @reason is SHUTDOWN_*. */
void kernel_shutdown(unsigned int reason) __attribute__((noreturn));

#endif
