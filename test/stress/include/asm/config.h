/* SPDX-License-Identifier: MIT */
/* config.h - the hypervisor's, but for the frame table: an array here. */
#ifndef STRESS_CONFIG_H
#define STRESS_CONFIG_H

#include_next <asm/config.h>
#undef FRAMETABLE_VA_START
#define FRAMETABLE_VA_START ((unsigned long)stress_frame_base)

struct page_info;
extern struct page_info *const stress_frame_base;

#endif
