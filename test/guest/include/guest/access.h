/* SPDX-License-Identifier: MIT */
/*
 * One access to one address, by ring 0 or ring 3, with the fault it must end in.
 * Source: SDM vol. 3A, "Access Rights", "Page-Fault Exceptions".
 */
#ifndef GUEST_ACCESS_H
#define GUEST_ACCESS_H

#include <guest/asm.h>
#include <guest/fault.h>

/* Or-ed together; by themselves ring 0. */
#define ACCESS_READ  0
#define ACCESS_WRITE PF_W /* of a RET, so that a later fetch finds one */
#define ACCESS_FETCH PF_I /* a call; there must be a RET */
#define ACCESS_USER  PF_U
#define ACCESS_AC    EFLAGS_AC /* ring 0 with EFLAGS.AC set */
#define ACCESS_FEP   (1 << 31) /* ring 0's reads and writes, by forced emulation */

#define OPCODE_RET 0xc3

#define PF(error) FAULT(VEC_PF, error)

/* Does Xen's forced-emulation prefix work here (boot option hvm_fep)? */
bool access_can_force(void);

/* The fault it met, or 0; fault_record has the rest. */
fault_t access_do(const volatile void *va, unsigned int access);

/* Ring 0 reads; for CPUs that may fault at the same time, which is why
 * fault_record says nothing of it. */
fault_t access_read_smp(const volatile void *va);
#define FAULT_ELSEWHERE 1u /* CR2 is not va */

/*
 * The access must end in want (0: succeed), with CR2 = va if that is a #PF, and
 * so must the same access once more.
 */
void check_access(const char *what, const volatile void *va, unsigned int access, fault_t want);

#endif /* GUEST_ACCESS_H */
