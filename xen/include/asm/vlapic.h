/* SPDX-License-Identifier: MIT */
/*
 * vlapic.h - the local APIC that an HVM vCPU sees.
 *
 * struct vlapic_state is the register file, worked on by the pure rules of
 * hvm/vlapic_logic.c; struct vlapic adds the timer (hvm/vlapic.c).
 */
#ifndef ASM_VLAPIC_H
#define ASM_VLAPIC_H

#include <asm/addr.h>
#include <cairn/spinlock.h>
#include <cairn/time.h>

struct vcpu;

#define VLAPIC_BASE_RESET  0xfee00000ull
#define VLAPIC_BASE_BSP    (1ull << 8)
#define VLAPIC_BASE_X2APIC (1ull << 10)
#define VLAPIC_BASE_ENABLE (1ull << 11)

/* Registers lie 16 bytes apart; reg[] holds one word for each. */
#define VLAPIC_NR_REGS 0x40

struct vlapic_state {
    uint64_t base;        /* IA32_APIC_BASE */
    uint32_t id;          /* x2APIC ID; its low byte is the xAPIC ID at reset */
    uint32_t esr_pending; /* errors since ESR was last written; set by others too */
    uint8_t eoi_vector;   /* of the EOI that asked for VLAPIC_DID_LEVEL_EOI */
    bool deadline_ok;     /* LVT timer may be put into TSC-deadline mode */
    /* IRR and TMR words are set by others: atomically. */
    uint32_t reg[VLAPIC_NR_REGS];
};

struct vlapic {
    struct vlapic_state s;
    spinlock_t timer_lock; /* the rest, and the timer's registers when they change */
    struct timer timer;
    s_time_t started;  /* when the count was the initial count */
    uint64_t deadline; /* guest TSC; 0: not armed */
};

static inline bool vlapic_enabled(const struct vlapic_state *s)
{
    return s->base & VLAPIC_BASE_ENABLE;
}
static inline bool vlapic_x2apic(const struct vlapic_state *s)
{
    return s->base & VLAPIC_BASE_X2APIC;
}

/* ---- hvm/vlapic.c ---- */
void vlapic_vcpu_init(struct vcpu *v);
void vlapic_vcpu_destroy(struct vcpu *v);
void vlapic_init_signal(struct vcpu *v); /* INIT: registers, not mode or ID */
/* Interrupt @vector for @v: from a device, an IPI, its timer.  Any context. */
void vlapic_set_irq(struct vcpu *v, unsigned int vector, bool level);
/* An interrupt message, to every vCPU that it addresses or to the one of least priority. */
struct vlapic_message {
    uint32_t dest;
    bool logical, x2apic, level;
    unsigned int mode, vector;
};
struct domain;
void vlapic_bus_message(struct domain *d, const struct vlapic_message *m);
bool vlapic_accepts_pic(const struct vcpu *v);

uint8_t vlapic_get_cr8(const struct vcpu *v);
void vlapic_set_cr8(struct vcpu *v, uint8_t cr8);
/* IA32_APIC_BASE, TSC_DEADLINE, x2APIC MSRs.  0 or -EPERM: #GP(0). */
bool vlapic_owns_msr(uint32_t msr);
int vlapic_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val);
int vlapic_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val);
void vlapic_tsc_moved(struct vcpu *v); /* @v's TSC is another: so is the time to its deadline */
/* A device of hvm/devices.c; false: it is not at @addr. */
bool vlapic_mmio(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *value, bool write);

#endif
