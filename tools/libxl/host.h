/* SPDX-License-Identifier: MIT */
/*
 * host.h - facts about the host that need more than one hypercall.
 */
#ifndef TOOLS_LIBXL_HOST_H
#define TOOLS_LIBXL_HOST_H

#include <stddef.h>

/*
 * host_read_ring - all of the hypervisor's console ring, as a string that the
 * caller frees.  @clear forgets it in the hypervisor.  NULL with the error in
 * *@rc; at most 1 MiB is read.
 */
char *host_read_ring(int clear, int *rc);

/*
 * host_hvm_reason - why this host has no HVM, from the hypervisor's own words
 * in its console ring ("VMX: disabled: ..." or "HVM: unavailable: ...").
 */
void host_hvm_reason(char *reason, size_t size);

/* host_find_reason - the pure part: the last such line of @text. */
void host_find_reason(const char *text, char *reason, size_t size);

/*
 * host_read_file - the contents of @path, which the caller frees.
 * NULL with one sentence in @why; files over 256 MiB are refused.
 */
char *host_read_file(const char *path, size_t *len, char *why, size_t why_size);

#endif
