/* SPDX-License-Identifier: MIT */
/* vpic.c - see vpic.h.  Pure: host-tested by test/unit/test_xen_hvm_devices.c. */
#include "vpic.h"

#define CASCADE 2

/* init_state: which ICW is expected next, and whether ICW4 comes at all. */
enum { EXPECT_ICW2 = 1, EXPECT_ICW3, EXPECT_ICW4, WITH_ICW4 = 4 };

/* 0-7, 8 if none: how urgent the most urgent of @bits is. */
static unsigned int priority(const struct hvm_hw_vpic *c, uint8_t bits)
{
    unsigned int n = 0;
    if (!bits)
        return 8;
    while (!(bits & (1u << ((c->priority_add + n) & 7))))
        n++;
    return n;
}

/* The input that the chip would ask for, or -1. */
static int pending(const struct hvm_hw_vpic *c)
{
    uint8_t wants = c->irr & ~c->imr;
    unsigned int p = priority(c, wants);
    uint8_t served = c->isr;

    if (p == 8)
        return -1;
    if (c->special_mask_mode)
        served &= ~c->imr;
    /* The slave may ask again while its own line is in service. */
    if (c->special_fully_nested_mode && c->is_master)
        served &= ~(1u << CASCADE);
    return p < priority(c, served) ? (int)((c->priority_add + p) & 7) : -1;
}

static void cascade(struct vpic_state *p)
{
    struct hvm_hw_vpic *m = &p->chip[0];
    if (pending(&p->chip[1]) >= 0)
        m->irr |= 1u << CASCADE;
    else
        m->irr &= ~(1u << CASCADE);
}

void vpic_reset(struct vpic_state *p)
{
    *p = (struct vpic_state){.chip = {{.is_master = 1, .imr = 0xff}, {.imr = 0xff}}};
}

void vpic_set_line(struct vpic_state *p, unsigned int irq, bool level)
{
    struct hvm_hw_vpic *c = &p->chip[irq / 8 & 1];
    uint8_t bit = 1u << (irq & 7);
    uint8_t *lines = &p->lines[irq / 8 & 1];
    bool rises = level && !(*lines & bit);

    *lines = level ? *lines | bit : *lines & ~bit;
    if (c->elcr & bit ? level : rises)
        c->irr |= bit;
    else if (!level)
        c->irr &= ~bit;
    cascade(p);
}

bool vpic_int(const struct vpic_state *p)
{
    return pending(&p->chip[0]) >= 0;
}

static void set_lowest(struct hvm_hw_vpic *c, unsigned int irq)
{
    c->priority_add = (irq + 1) & 7;
}

static uint8_t ack_chip(struct hvm_hw_vpic *c)
{
    int irq = pending(c);
    if (irq < 0)
        return c->irq_base + 7; /* spurious: nothing goes into service */
    if (!(c->elcr & (1u << irq)))
        c->irr &= ~(1u << irq);
    if (!c->auto_eoi)
        c->isr |= 1u << irq;
    else if (c->rotate_on_auto_eoi)
        set_lowest(c, irq);
    return c->irq_base + irq;
}

uint8_t vpic_ack(struct vpic_state *p)
{
    bool from_slave = pending(&p->chip[0]) == CASCADE;
    uint8_t vector = ack_chip(&p->chip[0]);
    if (from_slave)
        vector = ack_chip(&p->chip[1]);
    cascade(p);
    return vector;
}

static void write_icw(struct hvm_hw_vpic *c, uint8_t value)
{
    unsigned int with_icw4 = c->init_state & WITH_ICW4;

    switch (c->init_state & 3) {
    case EXPECT_ICW2:
        c->irq_base = value & 0xf8;
        c->init_state = with_icw4 | EXPECT_ICW3;
        break;
    case EXPECT_ICW3:
        c->init_state = with_icw4 ? WITH_ICW4 | EXPECT_ICW4 : 0;
        break;
    default:
        c->special_fully_nested_mode = !!(value & 0x10);
        c->auto_eoi = !!(value & 2);
        c->init_state = WITH_ICW4;
        break;
    }
}

static void write_ocw2(struct hvm_hw_vpic *c, uint8_t value)
{
    unsigned int command = value >> 5, irq = value & 7;
    unsigned int p = priority(c, c->isr);

    switch (command) {
    case 0: /* rotate in automatic EOI: clear, set */
    case 4:
        c->rotate_on_auto_eoi = command == 4;
        break;
    case 1: /* EOI of the most urgent in service */
    case 5:
        if (p == 8)
            break;
        irq = (c->priority_add + p) & 7;
        c->isr &= ~(1u << irq);
        if (command == 5)
            set_lowest(c, irq);
        break;
    case 3: /* EOI of a given one */
    case 7:
        c->isr &= ~(1u << irq);
        if (command == 7)
            set_lowest(c, irq);
        break;
    case 6:
        set_lowest(c, irq);
        break;
    }
}

static void write_command(struct hvm_hw_vpic *c, uint8_t lines, uint8_t value)
{
    if (value & 0x10) { /* ICW1 */
        *c = (struct hvm_hw_vpic){.is_master = c->is_master,
                                  .elcr = c->elcr,
                                  .irr = lines & c->elcr,
                                  .init_state = EXPECT_ICW2 | (value & 1 ? WITH_ICW4 : 0)};
        return;
    }
    if (!(value & 8)) {
        write_ocw2(c, value);
        return;
    }
    if (value & 2)
        c->readsel_isr = value & 1;
    if (value & 4)
        c->poll = 1;
    if (value & 0x40)
        c->special_mask_mode = !!(value & 0x20);
}

void vpic_write(struct vpic_state *p, unsigned int port, uint8_t value)
{
    if (port >= 0x4d0) {
        /* IRQ 0, 1, 2, 8 and 13 are always edge-triggered. */
        p->chip[port & 1].elcr = value & (port & 1 ? 0xde : 0xf8);
        return;
    }
    struct hvm_hw_vpic *c = &p->chip[port >> 7 & 1];
    if (!(port & 1))
        write_command(c, p->lines[port >> 7 & 1], value);
    else if (c->init_state & 3)
        write_icw(c, value);
    else
        c->imr = value;
    cascade(p);
}

uint8_t vpic_read(struct vpic_state *p, unsigned int port)
{
    if (port >= 0x4d0)
        return p->chip[port & 1].elcr;
    struct hvm_hw_vpic *c = &p->chip[port >> 7 & 1];
    if (c->poll) {
        c->poll = 0;
        int irq = pending(c);
        if (irq < 0)
            return 0;
        ack_chip(c);
        cascade(p);
        return 0x80 | irq;
    }
    if (port & 1)
        return c->imr;
    return c->readsel_isr ? c->isr : c->irr;
}
