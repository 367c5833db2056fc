/* SPDX-License-Identifier: MIT */
/* vlapic_logic.c - see vlapic_logic.h.  Pure. */
#include "vlapic_logic.h"

#include <cairn/errno.h>
#include <cairn/lib.h>

#define SPIV_ENABLE    (1u << 8)
#define SPIV_VALID     0x3ffu /* vector, enable, focus checking */
#define DFR_MODEL(dfr) ((dfr) >> 28)
#define DFR_FLAT       0xf
#define DFR_CLUSTER    0

static void set_bit_atomic(uint32_t *words, unsigned int n)
{
    __atomic_fetch_or(&words[n / 32], 1u << (n % 32), __ATOMIC_SEQ_CST);
}

static void clear_bit_atomic(uint32_t *words, unsigned int n)
{
    __atomic_fetch_and(&words[n / 32], ~(1u << (n % 32)), __ATOMIC_SEQ_CST);
}

/* Highest bit of eight words, or -1. */
static int highest(const uint32_t *words)
{
    for (int i = 7; i >= 0; i--) {
        uint32_t w = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
        if (w)
            return i * 32 + 31 - __builtin_clz(w);
    }
    return -1;
}

/* ---- reset and mode ---- */

static uint32_t x2apic_ldr(uint32_t id)
{
    return (id >> 4) << 16 | 1u << (id & 0xf);
}

void vlapic_logic_init(struct vlapic_state *s)
{
    for (unsigned int i = 0; i < VLAPIC_NR_REGS; i++)
        if (i != APIC_ID >> 4)
            s->reg[i] = 0;
    s->esr_pending = 0;
    *vlapic_reg(s, APIC_LVR) = APIC_VERSION;
    *vlapic_reg(s, APIC_DFR) = ~0u;
    *vlapic_reg(s, APIC_SPIV) = 0xff;
    for (unsigned int off = APIC_LVTT; off <= APIC_LVTERR; off += 0x10)
        *vlapic_reg(s, off) = APIC_LVT_MASKED;
    if (vlapic_x2apic(s))
        *vlapic_reg(s, APIC_LDR) = x2apic_ldr(s->id);
}

static void enter_mode(struct vlapic_state *s)
{
    if (vlapic_x2apic(s)) {
        *vlapic_reg(s, APIC_ID) = s->id;
        *vlapic_reg(s, APIC_LDR) = x2apic_ldr(s->id);
    } else {
        *vlapic_reg(s, APIC_ID) = s->id << 24;
    }
}

void vlapic_logic_reset(struct vlapic_state *s, uint32_t id, bool bsp)
{
    s->id = id;
    s->base = VLAPIC_BASE_RESET | VLAPIC_BASE_ENABLE | (bsp ? VLAPIC_BASE_BSP : 0);
    vlapic_logic_init(s);
    enter_mode(s);
}

int vlapic_logic_set_base(struct vlapic_state *s, uint64_t value, bool x2apic_ok,
                          unsigned int maxphysaddr)
{
    const uint64_t modes = VLAPIC_BASE_ENABLE | VLAPIC_BASE_X2APIC;
    uint64_t reserved = 0x2ff | ~((1ull << maxphysaddr) - 1);
    uint64_t was = s->base & modes, is = value & modes;

    if (!x2apic_ok)
        reserved |= VLAPIC_BASE_X2APIC;
    if (value & reserved)
        return -EPERM;
    /* x2APIC only from xAPIC, and out of it only to disabled. */
    if (is == VLAPIC_BASE_X2APIC || (is == modes && was == 0) ||
        (was == modes && is == VLAPIC_BASE_ENABLE))
        return -EPERM;
    s->base = value;
    if (is == was)
        return 0;
    if (is == 0)
        vlapic_logic_init(s); /* as after power-on */
    if (is)
        enter_mode(s);
    return 0;
}

bool vlapic_sw_enabled(const struct vlapic_state *s)
{
    return vlapic_enabled(s) && (vlapic_get(s, APIC_SPIV) & SPIV_ENABLE);
}

/* ---- priorities ---- */

uint8_t vlapic_logic_ppr(const struct vlapic_state *s)
{
    uint8_t tpr = vlapic_get(s, APIC_TPR);
    int isr = highest(&s->reg[APIC_ISR >> 4]);
    uint8_t served = isr < 0 ? 0 : isr;

    return (tpr & 0xf0) >= (served & 0xf0) ? tpr : served & 0xf0;
}

int vlapic_logic_pending(const struct vlapic_state *s)
{
    if (!vlapic_sw_enabled(s))
        return -1;
    int irr = highest(&s->reg[APIC_IRR >> 4]);
    if (irr < 0 || (irr & 0xf0) <= (vlapic_logic_ppr(s) & 0xf0))
        return -1;
    return irr;
}

void vlapic_logic_ack(struct vlapic_state *s, unsigned int vector)
{
    clear_bit_atomic(vlapic_reg(s, APIC_IRR), vector);
    set_bit_atomic(vlapic_reg(s, APIC_ISR), vector);
}

/* Ends the highest in service; VLAPIC_DID_*. */
static unsigned int vlapic_logic_eoi(struct vlapic_state *s)
{
    int vector = highest(&s->reg[APIC_ISR >> 4]);
    if (vector < 0)
        return 0;
    clear_bit_atomic(vlapic_reg(s, APIC_ISR), vector);
    if (!(vlapic_reg(s, APIC_TMR)[vector / 32] & (1u << (vector % 32))))
        return VLAPIC_DID_RECHECK;
    s->eoi_vector = vector;
    return VLAPIC_DID_RECHECK | VLAPIC_DID_LEVEL_EOI;
}

/* ---- arrival and errors ---- */

bool vlapic_logic_error(struct vlapic_state *s, uint32_t esr_bit)
{
    uint32_t lvt = vlapic_get(s, APIC_LVTERR);
    uint32_t old = __atomic_fetch_or(&s->esr_pending, esr_bit, __ATOMIC_SEQ_CST);

    if ((old & esr_bit) == esr_bit || (lvt & APIC_LVT_MASKED) || !vlapic_sw_enabled(s))
        return false;
    /* An illegal vector in the error entry is one more error, the last one:
     * it must not be raised through this entry again (XSA-462). */
    if ((lvt & 0xff) < 16) {
        __atomic_fetch_or(&s->esr_pending, ESR_RECEIVE_ILLEGAL, __ATOMIC_SEQ_CST);
        return false;
    }
    return vlapic_logic_accept(s, lvt & 0xff, false);
}

void vlapic_logic_request(struct vlapic_state *s, unsigned int vector, bool level)
{
    if (level)
        set_bit_atomic(vlapic_reg(s, APIC_TMR), vector);
    else
        clear_bit_atomic(vlapic_reg(s, APIC_TMR), vector);
    set_bit_atomic(vlapic_reg(s, APIC_IRR), vector);
}

bool vlapic_logic_accept(struct vlapic_state *s, unsigned int vector, bool level)
{
    if (!vlapic_sw_enabled(s))
        return false;
    if (vector < 16)
        return vlapic_logic_error(s, ESR_RECEIVE_ILLEGAL);
    vlapic_logic_request(s, vector, level);
    return true;
}

static bool match_logical(const struct vlapic_state *s, uint32_t dest, bool x2apic)
{
    uint32_t ldr = vlapic_get(s, APIC_LDR);

    if (vlapic_x2apic(s)) {
        if (!x2apic && dest == 0xff)
            return true;
        return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
    }
    if (dest > 0xff)
        return false;
    ldr >>= 24;
    switch (DFR_MODEL(vlapic_get(s, APIC_DFR))) {
    case DFR_FLAT:
        return dest & ldr;
    case DFR_CLUSTER:
        return (dest >> 4 == 0xf || dest >> 4 == ldr >> 4) && (dest & ldr & 0xf);
    default:
        return false;
    }
}

bool vlapic_logic_match(const struct vlapic_state *s, uint32_t dest, bool logical, bool x2apic)
{
    if (!vlapic_enabled(s))
        return false;
    if (dest == (x2apic ? ~0u : 0xffu))
        return true;
    if (logical)
        return match_logical(s, dest, x2apic);
    return dest == (vlapic_x2apic(s) ? s->id : vlapic_get(s, APIC_ID) >> 24);
}

/* ---- registers ---- */

static bool is_lvt(unsigned int offset)
{
    return offset >= APIC_LVTT && offset <= APIC_LVTERR;
}

static uint32_t lvt_valid(const struct vlapic_state *s, unsigned int offset)
{
    switch (offset) {
    case APIC_LVTT:
        return s->deadline_ok ? 0x700ff : 0x300ff;
    case APIC_LVTTHMR:
    case APIC_LVTPC:
        return 0x107ff;
    case APIC_LVT0:
    case APIC_LVT1:
        return 0x1a7ff;
    default:
        return 0x100ff;
    }
}

static unsigned int write_lvt(struct vlapic_state *s, unsigned int offset, uint32_t value)
{
    uint32_t *lvt = vlapic_reg(s, offset), old = *lvt;

    value &= lvt_valid(s, offset);
    if (!vlapic_sw_enabled(s))
        value |= APIC_LVT_MASKED;
    *lvt = value;
    if (offset != APIC_LVTT)
        return VLAPIC_DID_RECHECK; /* LINT0 may take the PIC's interrupts now */
    bool was = APIC_LVTT_MODE(old) == APIC_DEADLINE, is = APIC_LVTT_MODE(value) == APIC_DEADLINE;
    return was != is ? VLAPIC_DID_TIMER_OFF : 0;
}

static unsigned int write_spiv(struct vlapic_state *s, uint32_t value)
{
    *vlapic_reg(s, APIC_SPIV) = value & SPIV_VALID;
    if (!(value & SPIV_ENABLE))
        for (unsigned int off = APIC_LVTT; off <= APIC_LVTERR; off += 0x10)
            *vlapic_reg(s, off) |= APIC_LVT_MASKED;
    return VLAPIC_DID_RECHECK;
}

/* Writes that both modes have. */
static unsigned int write_common(struct vlapic_state *s, unsigned int offset, uint32_t value)
{
    if (is_lvt(offset))
        return write_lvt(s, offset, value);
    switch (offset) {
    case APIC_TPR:
        *vlapic_reg(s, APIC_TPR) = value & 0xff;
        return VLAPIC_DID_RECHECK;
    case APIC_EOI:
        return vlapic_logic_eoi(s);
    case APIC_SPIV:
        return write_spiv(s, value);
    case APIC_ESR:
        *vlapic_reg(s, APIC_ESR) = __atomic_exchange_n(&s->esr_pending, 0, __ATOMIC_SEQ_CST);
        return 0;
    case APIC_TMICT:
        if (APIC_LVTT_MODE(vlapic_get(s, APIC_LVTT)) == APIC_DEADLINE)
            return 0;
        *vlapic_reg(s, APIC_TMICT) = value;
        return VLAPIC_DID_TIMER;
    case APIC_TDCR:
        return VLAPIC_DID_DIVIDE;
    }
    return 0;
}

/* Registers by offset, of which those in @set are meant. */
#define REG(name) (1ull << (APIC_##name >> 4))
static bool is_in(unsigned int offset, uint64_t set)
{
    return set >> (offset >> 4) & 1;
}

/* Can be read as they are stored, in both modes. */
static bool is_plain(unsigned int offset)
{
    const uint64_t plain = REG(ID) | REG(LVR) | REG(TPR) | REG(LDR) | REG(SPIV) | REG(ESR) |
                           REG(TMICT) | REG(TMCCT) | REG(TDCR);

    return is_in(offset, plain) || (offset >= APIC_ISR && offset < APIC_ESR) || is_lvt(offset);
}

uint32_t vlapic_logic_read(struct vlapic_state *s, unsigned int offset)
{
    if (offset == APIC_PPR)
        return vlapic_logic_ppr(s);
    if (is_plain(offset) || is_in(offset, REG(APR) | REG(RRD) | REG(DFR) | REG(ICR) | REG(ICR2)))
        return vlapic_get(s, offset);
    if (offset != APIC_EOI)
        vlapic_logic_error(s, ESR_ILLEGAL_REG);
    return 0;
}

unsigned int vlapic_logic_write(struct vlapic_state *s, unsigned int offset, uint32_t value)
{
    const uint64_t common = REG(TPR) | REG(EOI) | REG(SPIV) | REG(ESR) | REG(TMICT) | REG(TDCR);
    const uint64_t read_only = REG(LVR) | REG(APR) | REG(PPR) | REG(RRD) | REG(TMCCT);

    switch (offset) {
    case APIC_ID:
    case APIC_LDR:
    case APIC_ICR2:
        *vlapic_reg(s, offset) = value & 0xff000000;
        return 0;
    case APIC_DFR:
        *vlapic_reg(s, APIC_DFR) = value | 0x0fffffff;
        return 0;
    case APIC_ICR:
        *vlapic_reg(s, APIC_ICR) = value & 0x000ccfff & ~APIC_ICR_BUSY;
        return VLAPIC_DID_ICR;
    }
    if (is_lvt(offset) || is_in(offset, common))
        return write_common(s, offset, value);
    if (is_in(offset, read_only) || (offset >= APIC_ISR && offset < APIC_ESR))
        return 0; /* dropped */
    return vlapic_logic_error(s, ESR_ILLEGAL_REG) ? VLAPIC_DID_RECHECK : 0;
}

/* ---- x2APIC ---- */

bool vlapic_logic_rdmsr(const struct vlapic_state *s, unsigned int n, uint64_t *value)
{
    unsigned int offset = n << 4;

    if (n >= VLAPIC_NR_REGS)
        return false;
    if (offset == APIC_PPR)
        *value = vlapic_logic_ppr(s);
    else if (offset == APIC_ICR)
        *value = (uint64_t)vlapic_get(s, APIC_ICR2) << 32 | vlapic_get(s, APIC_ICR);
    else if (is_plain(offset))
        *value = vlapic_get(s, offset);
    else
        return false;
    return true;
}

/* Bits that may be set in a write; the rest is #GP.  False: so is every write. */
static bool x2apic_writable(const struct vlapic_state *s, unsigned int offset, uint64_t *valid)
{
    static const uint64_t bits[VLAPIC_NR_REGS] = {
        [APIC_TPR >> 4] = 0xff,  [APIC_SPIV >> 4] = SPIV_VALID,
        [APIC_TMICT >> 4] = ~0u, [APIC_ICR >> 4] = 0xffffffff000ccfffull,
        [APIC_TDCR >> 4] = 0xb,  [APIC_SELF >> 4] = 0xff,
    };

    *valid = bits[offset >> 4];
    /* Delivery status and remote IRR are read-only, not reserved. */
    if (is_lvt(offset))
        *valid = lvt_valid(s, offset) | 1u << 12 |
                 (offset == APIC_LVT0 || offset == APIC_LVT1 ? 1u << 14 : 0);
    return *valid || offset == APIC_EOI || offset == APIC_ESR;
}

unsigned int vlapic_logic_wrmsr(struct vlapic_state *s, unsigned int n, uint64_t value)
{
    unsigned int offset = n << 4;
    uint64_t valid;

    if (n >= VLAPIC_NR_REGS || !x2apic_writable(s, offset, &valid) || (value & ~valid))
        return VLAPIC_DID_FAULT;
    switch (offset) {
    case APIC_ICR:
        *vlapic_reg(s, APIC_ICR2) = value >> 32;
        *vlapic_reg(s, APIC_ICR) = (uint32_t)value & ~APIC_ICR_BUSY;
        return VLAPIC_DID_ICR;
    case APIC_SELF:
        if (value < 16)
            return vlapic_logic_error(s, ESR_SEND_ILLEGAL) ? VLAPIC_DID_RECHECK : 0;
        return vlapic_logic_accept(s, value, false) ? VLAPIC_DID_RECHECK : 0;
    default:
        return write_common(s, offset, value);
    }
}

unsigned int vlapic_logic_divisor(uint32_t tdcr)
{
    unsigned int code = (tdcr & 3) | ((tdcr & 8) >> 1);
    return 1u << ((code + 1) & 7);
}

/* ---- saved registers ---- */

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
