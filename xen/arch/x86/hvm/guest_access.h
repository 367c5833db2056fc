/* SPDX-License-Identifier: MIT */
/* guest_access.h - the current HVM vCPU's memory by linear address. */
#ifndef X86_HVM_GUEST_ACCESS_H
#define X86_HVM_GUEST_ACCESS_H

#include <asm/addr.h>
#include <cairn/types.h>

#include "../mm/guest_walk.h"

struct domain;
struct vcpu;

enum copy_kind {
    COPY_FROM_GUEST, /* for the hypervisor: supervisor access, SMAP open */
    COPY_TO_GUEST,
    COPY_FROM_GUEST_AS_CPL, /* on behalf of an instruction */
    COPY_TO_GUEST_AS_CPL,
    FETCH_FROM_GUEST,
};

/* guest_copy_linear - 0, or -EFAULT with the faulting address and the error
 * code for a #PF; a part may have been copied. */
int guest_copy_linear(struct vcpu *v, gva_t va, void *buf, size_t len, enum copy_kind kind,
                      gva_t *fault, uint32_t *ec);

/* How a vCPU's addresses are translated, as long as its control registers stay.  Current
 * vCPU, or one that is not running. */
struct guest_paging {
    struct paging_role role;
    uint64_t pdpte[4];
};
void guest_paging(struct vcpu *v, struct guest_paging *p);
/* guest_walk() of @va with WALK_* @access. */
bool guest_translate(struct vcpu *v, const struct guest_paging *p, gva_t va, unsigned int access,
                     struct walk_result *res);
/* guest_cmpxchg_phys - atomic on guest RAM.  0; -EAGAIN: it did not hold @old;
 * -EFAULT: not writable RAM; -EINVAL: not a width and place for one access. */
int guest_cmpxchg_phys(struct domain *d, gaddr_t addr, const void *old, const void *new,
                       size_t len);

/* ---- compat.c ---- */

/* As hypercall_dispatch(), for arguments in the 32-bit layout. */
long compat_hypercall_dispatch(unsigned int nr, unsigned long arg[6]);

/*
 * Its window: while it is set, hypervisor copies at
 * [COMPAT_XLAT_BASE, + size) reach this buffer instead of the guest.  A
 * 32-bit caller cannot name such an address, nor lead to it by a list that
 * goes on behind 4 GiB.
 */
#define COMPAT_XLAT_BASE (1ul << 46)
#define COMPAT_XLAT_SIZE 2160ul
void guest_access_set_window(void *buf); /* NULL: closed */

#endif
