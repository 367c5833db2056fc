/* SPDX-License-Identifier: MIT */
/*
 * vlapic_logic.h - rules of the local APIC: registers, priorities, errors.
 * Pure: host-tested by test/unit/test_xen_hvm_vlapic.c.
 * Source: SDM "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef X86_HVM_VLAPIC_LOGIC_H
#define X86_HVM_VLAPIC_LOGIC_H

#include <asm/vlapic.h>

/* Offsets in the page; >> 4 is the index in reg[] and the number of the MSR. */
enum {
    APIC_ID = 0x20,
    APIC_LVR = 0x30,
    APIC_TPR = 0x80,
    APIC_APR = 0x90,
    APIC_PPR = 0xa0,
    APIC_EOI = 0xb0,
    APIC_RRD = 0xc0,
    APIC_LDR = 0xd0,
    APIC_DFR = 0xe0,
    APIC_SPIV = 0xf0,
    APIC_ISR = 0x100,
    APIC_TMR = 0x180,
    APIC_IRR = 0x200,
    APIC_ESR = 0x280,
    APIC_ICR = 0x300,
    APIC_ICR2 = 0x310,
    APIC_LVTT = 0x320,
    APIC_LVTTHMR = 0x330,
    APIC_LVTPC = 0x340,
    APIC_LVT0 = 0x350,
    APIC_LVT1 = 0x360,
    APIC_LVTERR = 0x370,
    APIC_TMICT = 0x380,
    APIC_TMCCT = 0x390,
    APIC_TDCR = 0x3e0,
    APIC_SELF = 0x3f0,
};

#define APIC_VERSION 0x00050014u /* six LVT entries */

#define APIC_LVT_MASKED 0x10000u
#define APIC_MODE(icr)  (((icr) >> 8) & 7)
enum { APIC_FIXED, APIC_LOWEST, APIC_SMI, APIC_NMI = 4, APIC_INIT, APIC_STARTUP, APIC_EXTINT };
#define APIC_LOGICAL      (1u << 11)
#define APIC_ICR_BUSY     (1u << 12)
#define APIC_ICR_ASSERT   (1u << 14)
#define APIC_ICR_LEVEL    (1u << 15)
#define APIC_SHORTHAND(l) (((l) >> 18) & 3)
enum { APIC_TO_DEST, APIC_TO_SELF, APIC_TO_ALL, APIC_TO_OTHERS };

#define APIC_LVTT_MODE(lvtt) (((lvtt) >> 17) & 3)
enum { APIC_ONESHOT, APIC_PERIODIC, APIC_DEADLINE };

#define ESR_SEND_ILLEGAL    (1u << 5)
#define ESR_RECEIVE_ILLEGAL (1u << 6)
#define ESR_ILLEGAL_REG     (1u << 7)

/* What a write asks of the caller. */
#define VLAPIC_DID_RECHECK   1u  /* another interrupt may be deliverable now */
#define VLAPIC_DID_ICR       2u  /* send what ICR says */
#define VLAPIC_DID_TIMER     4u  /* the initial count was written */
#define VLAPIC_DID_DIVIDE    8u  /* TDCR is about to change: @value to be stored */
#define VLAPIC_DID_TIMER_OFF 16u /* a change of timer mode stopped it */
#define VLAPIC_DID_LEVEL_EOI 32u /* tell the IO-APICs: s->eoi_vector */
#define VLAPIC_DID_FAULT     64u /* x2APIC: #GP, nothing changed */

static inline uint32_t *vlapic_reg(struct vlapic_state *s, unsigned int offset)
{
    return &s->reg[offset >> 4];
}
static inline uint32_t vlapic_get(const struct vlapic_state *s, unsigned int offset)
{
    return s->reg[offset >> 4];
}

/* Power-on; @s->deadline_ok stays. */
void vlapic_logic_reset(struct vlapic_state *s, uint32_t id, bool bsp);
/* INIT: all registers but ID and mode. */
void vlapic_logic_init(struct vlapic_state *s);
/* WRMSR IA32_APIC_BASE.  0 or -EPERM. */
int vlapic_logic_set_base(struct vlapic_state *s, uint64_t value, bool x2apic_ok,
                          unsigned int maxphysaddr);

/* A 32-bit register as MMIO reads it.  TMCCT and ESR as stored. */
uint32_t vlapic_logic_read(struct vlapic_state *s, unsigned int offset);
/* Returns VLAPIC_DID_*. */
unsigned int vlapic_logic_write(struct vlapic_state *s, unsigned int offset, uint32_t value);
/* x2APIC MSR 0x800 + @n.  False: #GP.  TMCCT as stored. */
bool vlapic_logic_rdmsr(const struct vlapic_state *s, unsigned int n, uint64_t *value);
unsigned int vlapic_logic_wrmsr(struct vlapic_state *s, unsigned int n, uint64_t value);

uint8_t vlapic_logic_ppr(const struct vlapic_state *s);
/* Highest requested vector above PPR, or -1; software-disabled: -1. */
int vlapic_logic_pending(const struct vlapic_state *s);
void vlapic_logic_ack(struct vlapic_state *s, unsigned int vector);
/* An interrupt message with a vector arrives.  True: something to recheck. */
bool vlapic_logic_accept(struct vlapic_state *s, unsigned int vector, bool level);
/* The same without a look at the vector or at what is switched on: held until then. */
void vlapic_logic_request(struct vlapic_state *s, unsigned int vector, bool level);
/* Notes an error and raises the LVT error interrupt; true: recheck. */
bool vlapic_logic_error(struct vlapic_state *s, uint32_t esr_bit);
/* Is @s addressed?  @x2apic: @dest is 32 bits wide. */
bool vlapic_logic_match(const struct vlapic_state *s, uint32_t dest, bool logical, bool x2apic);
bool vlapic_sw_enabled(const struct vlapic_state *s);
/* Can a local APIC like @like have these registers?  If so, have
 * @s, whose mode is set, take them over; TMCCT, esr_pending and timer are not. */
bool vlapic_logic_regs_ok(const struct vlapic_state *like, const uint32_t reg[VLAPIC_NR_REGS]);
void vlapic_logic_take_regs(struct vlapic_state *s, const uint32_t reg[VLAPIC_NR_REGS]);
/* TDCR: 1 to 128. */
unsigned int vlapic_logic_divisor(uint32_t tdcr);

#endif
