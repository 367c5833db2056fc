/* SPDX-License-Identifier: MIT */
/*
 * reset.h - RESET and INIT of a vCPU: the values of control registers and
 * segments, and whether the way of paging changes by them.
 */
#ifndef X86_HVM_RESET_H
#define X86_HVM_RESET_H

#include <asm/hvm.h>
#include <cairn/types.h>

enum hvm_reset { HVM_RESET, HVM_INIT };

/*
 * x86_reset_ctrl - control registers and EFER after RESET or INIT; pure.
 * INIT keeps CR0.CD and CR0.NW and nothing else.
 * Source: SDM "Processor State After Reset" (table), "Processor Modes:
 * INIT"; that INIT clears EFER is what processors do (docs/efer.md).
 */
void x86_reset_ctrl(enum hvm_reset kind, const struct x86_ctrl *old, struct x86_ctrl *new);

/*
 * x86_paging_changed - do the guest's page tables mean something else in @new
 * than in @old, by the role that describes them (mm/guest_walk.h)?  Pure.
 * Without paging in both they do not, whatever other bits change: a root that
 * is in use stays in use.
 */
bool x86_paging_changed(const struct x86_ctrl *old, const struct x86_ctrl *new);

/* hvm_reset_cpu_state - segments, RIP, RFLAGS, descriptor tables; pure. */
void hvm_reset_cpu_state(struct hvm_cpu_state *s);

/*
 * hvm_vcpu_reset - @v, current or not running, in the state after RESET or
 * INIT: control registers, EFER, segments, DR6 and DR7.  Paging is rebuilt and
 * the counter paging_rebuilds raised exactly if it was on.  General registers,
 * DR0-3 and the local APIC are the caller's; MSRs and FPU stay on INIT.
 */
void hvm_vcpu_reset(struct vcpu *v, enum hvm_reset kind);
/* hvm_load_state - a state that was checked becomes @v's, which is not running; @pdpte
 * is for PAE paging (vcpu.c). */
void hvm_load_state(struct vcpu *v, const struct hvm_cpu_state *s, const struct x86_ctrl *ctrl,
                    const uint64_t pdpte[4]);

#endif
