/* SPDX-License-Identifier: MIT */
/* vioapic.c - see vioapic.h.  Pure: host-tested by test/unit/test_xen_hvm_devices.c. */
#include "vioapic.h"

enum { REG_SELECT = 0x00, REG_WINDOW = 0x10, REG_EOI = 0x40 };
enum { INDEX_ID, INDEX_VERSION, INDEX_ARBITRATION, INDEX_ENTRIES = 0x10 };

#define VERSION_EOI    0x20u /* the version that has the EOI register */
#define ENTRY_STATUS   (1ull << 12)
#define ENTRY_READONLY (ENTRY_STATUS | VIOAPIC_IRR)
#define ENTRY_VALID    0xff0000000001ffffull

void vioapic_reset(struct vioapic_state *s)
{
    *s = (struct vioapic_state){0};
    for (unsigned int i = 0; i < VIOAPIC_PINS; i++)
        s->entry[i] = VIOAPIC_MASKED;
}

static uint32_t read_indirect(const struct vioapic_state *s)
{
    unsigned int pin = (s->select - INDEX_ENTRIES) / 2;

    switch (s->select) {
    case INDEX_ID:
    case INDEX_ARBITRATION:
        return (uint32_t)s->id << 24;
    case INDEX_VERSION:
        return (VIOAPIC_PINS - 1) << 16 | VERSION_EOI;
    }
    if (s->select < INDEX_ENTRIES || pin >= VIOAPIC_PINS)
        return 0;
    return s->entry[pin] >> (s->select & 1 ? 32 : 0);
}

uint32_t vioapic_read(const struct vioapic_state *s, unsigned int offset)
{
    switch (offset) {
    case REG_SELECT:
        return s->select;
    case REG_WINDOW:
        return read_indirect(s);
    default:
        return 0;
    }
}

/* Does a level-triggered pin ask for a message? */
static bool level_wants(const struct vioapic_state *s, unsigned int pin)
{
    uint64_t e = s->entry[pin];
    return (e & VIOAPIC_LEVEL) && !(e & (VIOAPIC_MASKED | VIOAPIC_IRR)) && (s->lines >> pin & 1);
}

static uint64_t write_indirect(struct vioapic_state *s, uint32_t value)
{
    unsigned int pin = (s->select - INDEX_ENTRIES) / 2;

    if (s->select == INDEX_ID)
        s->id = value >> 24;
    if (s->select < INDEX_ENTRIES || pin >= VIOAPIC_PINS)
        return 0;
    uint64_t e = s->entry[pin], half = 0xffffffffull, new = value;
    if (s->select & 1) {
        half <<= 32;
        new <<= 32;
    }
    e = (e & ~(half & ENTRY_VALID & ~ENTRY_READONLY)) | (new &ENTRY_VALID & ~ENTRY_READONLY);
    if (!(e & VIOAPIC_LEVEL))
        e &= ~VIOAPIC_IRR; /* edges have none */
    s->entry[pin] = e;
    return level_wants(s, pin) ? 1ull << pin : 0;
}

uint64_t vioapic_write(struct vioapic_state *s, unsigned int offset, uint32_t value)
{
    switch (offset) {
    case REG_SELECT:
        s->select = value;
        return 0;
    case REG_WINDOW:
        return write_indirect(s, value);
    case REG_EOI:
        return vioapic_eoi(s, value);
    default:
        return 0;
    }
}

bool vioapic_set_line(struct vioapic_state *s, unsigned int pin, bool level)
{
    uint64_t bit = 1ull << pin;
    bool rises = level && !(s->lines & bit);

    if (level)
        s->lines |= bit;
    else
        s->lines &= ~bit;
    if (s->entry[pin] & VIOAPIC_LEVEL)
        return level_wants(s, pin);
    return rises && !(s->entry[pin] & VIOAPIC_MASKED);
}

void vioapic_sent(struct vioapic_state *s, unsigned int pin)
{
    if (s->entry[pin] & VIOAPIC_LEVEL)
        s->entry[pin] |= VIOAPIC_IRR;
}

uint64_t vioapic_eoi(struct vioapic_state *s, uint8_t vector)
{
    uint64_t again = 0;

    for (unsigned int pin = 0; pin < VIOAPIC_PINS; pin++) {
        uint64_t *e = &s->entry[pin];
        if (!(*e & VIOAPIC_LEVEL) || (uint8_t)*e != vector)
            continue;
        *e &= ~VIOAPIC_IRR;
        if (level_wants(s, pin))
            again |= 1ull << pin;
    }
    return again;
}
