/* SPDX-License-Identifier: MIT */
/*
 * vlapic_save.c - which saved registers a local APIC can have, and taking
 * them over.  Pure: test/unit/test_xen_hvm_vlapic.c.
 */
#include <cairn/lib.h>

#include "vlapic_logic.h"

/* Registers that a write to a fresh local APIC must be able to give. */
static const uint16_t written[] = {
    APIC_SPIV,  APIC_TPR,  APIC_DFR,  APIC_LVTT,   APIC_LVTTHMR,
    APIC_LVTPC, APIC_LVT0, APIC_LVT1, APIC_LVTERR, APIC_ICR,
};

bool vlapic_logic_regs_ok(const struct vlapic_state *like, const uint32_t reg[VLAPIC_NR_REGS])
{
    struct vlapic_state s = {.deadline_ok = like->deadline_ok};

    vlapic_logic_reset(&s, like->id, false);
    for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
        vlapic_logic_write(&s, written[i], reg[written[i] >> 4]);
        if (vlapic_get(&s, written[i]) != reg[written[i] >> 4])
            return false;
    }
    return !(reg[APIC_TDCR >> 4] & ~0xbu) && !(reg[APIC_ESR >> 4] & ~0xe0u) &&
           !((reg[APIC_ISR >> 4] | reg[APIC_IRR >> 4]) & 0xffff);
}

void vlapic_logic_take_regs(struct vlapic_state *s, const uint32_t reg[VLAPIC_NR_REGS])
{
    static const uint16_t plain[] = {APIC_TDCR, APIC_ESR, APIC_TMICT, APIC_ICR2};

    for (size_t i = 0; i < ARRAY_SIZE(written); i++)
        *vlapic_reg(s, written[i]) = reg[written[i] >> 4];
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
        *vlapic_reg(s, plain[i]) = reg[plain[i] >> 4];
    for (unsigned int off = APIC_ISR; off < APIC_ESR; off += 0x10)
        *vlapic_reg(s, off) = reg[off >> 4];
    if (!vlapic_x2apic(s)) { /* there they follow from the ID */
        *vlapic_reg(s, APIC_ID) = reg[APIC_ID >> 4] & 0xff000000;
        *vlapic_reg(s, APIC_LDR) = reg[APIC_LDR >> 4] & 0xff000000;
    }
}
