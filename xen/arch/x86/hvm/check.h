/* SPDX-License-Identifier: MIT */
/*
 * check.h - is a vCPU state one that the processor can be in?  Pure.
 *
 * hvm_cpu_state_bad() repeats the checks that VM entry makes on guest
 * registers, so that a state from outside is refused with an error and never
 * becomes a failed VM entry.
 * Source: SDM "Checks on Guest Control Registers, Debug Registers, and MSRs",
 * "Checks on Guest Segment Registers", "Checks on Guest Descriptor-Table
 * Registers", "Checks on Guest RIP, RSP, and RFLAGS", "VM-Entry Control Fields".
 */
#ifndef X86_HVM_CHECK_H
#define X86_HVM_CHECK_H

#include <asm/hvm.h>
#include <cairn/types.h>

#include "cr.h"

/* NULL if @s with @ctrl can be entered (unrestricted guest), or what is wrong. */
const char *hvm_cpu_state_bad(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl,
                              const struct x86_ctrl_env *env);

/* The same of an event that waits to be delivered in that state; @type as the
 * SDM numbers them, of events that no instruction asked for. */
const char *hvm_event_bad(const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl,
                          unsigned int vector, unsigned int type, bool has_ec);

/* What of @b, HVM_BLOCKING_* and HVM_PENDING_*, VM entry takes with these flags and an
 * event waiting of type @event as VM entry numbers them (0 external interrupt, 2 NMI);
 * -1: none.  SDM, "Checks on Guest Non-Register State". */
uint32_t hvm_blocking_legal(uint32_t b, uint64_t rflags, int event);

#endif
