/* SPDX-License-Identifier: MIT */
/*
 * irq.h - what asks an HVM vCPU for attention, and in which order it gets it.
 *
 * Sources note what they have where it belongs (IRR, the PIC's output,
 * vcpu_info) and post a bit to the vCPU; just before the next VM entry the
 * vCPU looks at all of them.
 */
#ifndef X86_HVM_IRQ_H
#define X86_HVM_IRQ_H

#include <cairn/types.h>

struct vcpu;
struct domain;

enum hvm_intr_source { HVM_INTR_NONE, HVM_INTR_UPCALL, HVM_INTR_PIC, HVM_INTR_LAPIC };
struct hvm_intr {
    enum hvm_intr_source source;
    uint8_t vector; /* not for the PIC: told by hvm_intr_ack() */
};

/* hvm_post - set HVM_POSTED_* bits of @v and wake it if they end its wait.
 * Any context. */
void hvm_post(struct vcpu *v, unsigned int bits);
/* What would interrupt @v next, were RFLAGS.IF set. */
struct hvm_intr hvm_intr_pending(const struct vcpu *v);
/* The processor takes it; returns the vector, -1 if it went away. */
int hvm_intr_ack(struct vcpu *v, struct hvm_intr intr);
/* An interrupt that was level-triggered ended at a local APIC. */
void hvm_level_eoi(struct domain *d, unsigned int vector);
/* Event channels: @v has a pending upcall. */
void hvm_assert_upcall(struct vcpu *v);

/* ---- init_sipi.c ---- */
void hvm_init_signal(struct vcpu *v);
void hvm_startup_signal(struct vcpu *v, unsigned int page);
/* Carry out a posted INIT: @v is current and about to enter the guest. */
void hvm_take_init(struct vcpu *v);

#endif
