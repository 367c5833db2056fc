/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls with all registers chosen, from every kind of code; for tests of
 * the ABI itself.  <guest/xen.h> is for all others.
 */
#ifndef GUEST_CALL_H
#define GUEST_CALL_H

#include <guest/xen.h>

struct call {
    uint64_t nr, arg[6];
};

/* Ring 0's own code, ring 0's 32-bit code, the same of ring 3. */
enum way { WAY_NATIVE, WAY_COMPAT, WAY_USER, WAY_USER_COMPAT, WAYS };

/* Does that way's code pass arguments in the 32-bit ABI? */
static inline bool is_abi32(enum way way)
{
    return sizeof(ulong) == 4 || way == WAY_COMPAT || way == WAY_USER_COMPAT;
}

static inline bool is_user(enum way way)
{
    return way == WAY_USER || way == WAY_USER_COMPAT;
}

/* The whole result register, a 32-bit result sign-extended.  32-bit kernels have
 * no other code than their own: both ways of a ring are the same. */
int64_t call_do(const struct call *call, enum way way);
/* Once, before the first call_do(); takes GDT_SPARE. */
void call_init(void);

#define STACK_POISON 0xa5
/* Have the hypervisor copy 1 KiB of STACK_POISON to its stack, and do nothing. */
void call_poison_stack(void);
/* Is there anything of that, or a hypervisor's address, in what it gave us? */
bool has_rubble(const void *data, size_t len);

#endif /* GUEST_CALL_H */
