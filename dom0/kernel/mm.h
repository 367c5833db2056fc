/* SPDX-License-Identifier: MIT */
/*
 * mm.h - the one address space.
 *
 *   0x0000000000000000  boot mapping: page n is our frame n (kernel, initrd)
 *   0x0000000100000000  heap, grown by sbrk()
 *   0x0000000200000000  window: stacks, mappings of other domains' frames
 *
 * Frames of our own are mapped on demand and never given back.  No locks: one
 * vCPU, cooperative threads, none of these functions switches.
 */
#ifndef KERNEL_MM_H
#define KERNEL_MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_BASE   0x100000000UL
#define HEAP_LIMIT  0x200000000UL
#define WINDOW_BASE 0x200000000UL
#define WINDOW_SIZE 0x010000000UL

/* Takes over the boot page tables, maps shared_info, write-protects text. */
int mm_init(void);

bool mm_is_mapped(unsigned long va);

/* Maps @nr zeroed frames of our own, writable, at @va.  0 or -ENOMEM. */
int mm_map_new(unsigned long va, size_t nr);

/*
 * Maps @nr frames of @domid at @va, which must not be mapped.
 * @err is NULL or receives 0 or -errno (Xen's numbers) a frame.  Returns 0, or
 * the first failure; frames that did not fail are mapped then.
 */
int mm_map_frames(unsigned long va, uint16_t domid, const uint64_t *frame, size_t nr, bool writable,
                  int *err);

/* Removes @nr mappings from @va on; pages that are not mapped are skipped. */
void mm_unmap(unsigned long va, size_t nr);

/* Address space of the window, in pages.  0 if there is no room. */
unsigned long window_alloc(size_t nr);
void window_free(unsigned long va, size_t nr);

/* In pages. */
struct mm_stats {
    unsigned long total, used, tables;
};
void mm_get_stats(struct mm_stats *stats);

#endif
