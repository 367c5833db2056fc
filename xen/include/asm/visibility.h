/* SPDX-License-Identifier: MIT */
/*
 * visibility.h - included before everything else by the Makefile: external
 * names are inside the image too, so that the compiler reaches them relative
 * to the instruction pointer instead of through a global offset table.
 */
#pragma GCC visibility push(hidden)
