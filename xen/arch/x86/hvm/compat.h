/* SPDX-License-Identifier: MIT */
/*
 * compat.h - hypercalls of 32-bit code.
 */
#ifndef X86_HVM_COMPAT_H
#define X86_HVM_COMPAT_H

#include <cairn/types.h>

/* As hypercall_dispatch(), for arguments in the 32-bit layout. */
long compat_hypercall_dispatch(unsigned int nr, unsigned long arg[6]);

/* compat_grant.c: grant_table_op alone. */
long compat_grant_table_op(unsigned long arg[6]);

#endif
