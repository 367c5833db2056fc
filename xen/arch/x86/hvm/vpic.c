/* SPDX-License-Identifier: MIT */
/* vpic.c - see vpic.h.  Pure: host-tested by test/unit/test_xen_hvm_devices.c. */
#include "vpic.h"

#define CASCADE 2

/* 0-7, 8 if none: how urgent the most urgent of @bits is. */
static unsigned int priority(const struct vpic_chip *c, uint8_t bits)
{
    unsigned int n = 0;
    if (!bits)
        return 8;
    while (!(bits & (1u << ((c->lowest + 1 + n) & 7))))
        n++;
    return n;
}

/* The input that the chip would ask for, or -1. */
static int pending(const struct vpic_chip *c)
{
    uint8_t wants = c->irr & ~c->imr;
    unsigned int p = priority(c, wants);
    uint8_t served = c->isr;

    if (p == 8)
        return -1;
    if (c->special_mask)
        served &= ~c->imr;
    /* The slave may ask again while its own line is in service. */
    if (c->special_nested && !c->is_slave)
        served &= ~(1u << CASCADE);
    return p < priority(c, served) ? (int)((c->lowest + 1 + p) & 7) : -1;
}

static void cascade(struct vpic_state *p)
{
    struct vpic_chip *m = &p->chip[0];
    if (pending(&p->chip[1]) >= 0)
        m->irr |= 1u << CASCADE;
    else
        m->irr &= ~(1u << CASCADE);
}

void vpic_reset(struct vpic_state *p)
{
    for (unsigned int i = 0; i < 2; i++)
        p->chip[i] = (struct vpic_chip){.lowest = 7, .is_slave = i, .imr = 0xff};
}

void vpic_set_line(struct vpic_state *p, unsigned int irq, bool level)
{
    struct vpic_chip *c = &p->chip[irq / 8 & 1];
    uint8_t bit = 1u << (irq & 7);
    bool rises = level && !(c->lines & bit);

    if (level)
        c->lines |= bit;
    else
        c->lines &= ~bit;
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

static uint8_t ack_chip(struct vpic_chip *c)
{
    int irq = pending(c);
    if (irq < 0)
        return c->base + 7; /* spurious: nothing goes into service */
    if (!(c->elcr & (1u << irq)))
        c->irr &= ~(1u << irq);
    if (!c->auto_eoi)
        c->isr |= 1u << irq;
    else if (c->rotate_aeoi)
        c->lowest = irq;
    return c->base + irq;
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

static void write_icw(struct vpic_chip *c, uint8_t value)
{
    switch (c->init) {
    case 2:
        c->base = value & 0xf8;
        c->init = 3;
        break;
    case 3:
        c->init = c->need_icw4 ? 4 : 0;
        break;
    default:
        c->special_nested = value & 0x10;
        c->auto_eoi = value & 2;
        c->init = 0;
        break;
    }
}

static void write_ocw2(struct vpic_chip *c, uint8_t value)
{
    unsigned int command = value >> 5, irq = value & 7;
    unsigned int p = priority(c, c->isr);

    switch (command) {
    case 0: /* rotate in automatic EOI: clear, set */
    case 4:
        c->rotate_aeoi = command == 4;
        break;
    case 1: /* EOI of the most urgent in service */
    case 5:
        if (p == 8)
            break;
        irq = (c->lowest + 1 + p) & 7;
        c->isr &= ~(1u << irq);
        if (command == 5)
            c->lowest = irq;
        break;
    case 3: /* EOI of a given one */
    case 7:
        c->isr &= ~(1u << irq);
        if (command == 7)
            c->lowest = irq;
        break;
    case 6:
        c->lowest = irq;
        break;
    }
}

static void write_command(struct vpic_chip *c, uint8_t value)
{
    if (value & 0x10) { /* ICW1 */
        bool slave = c->is_slave;
        uint8_t elcr = c->elcr, lines = c->lines;
        *c = (struct vpic_chip){.lowest = 7,
                                .is_slave = slave,
                                .elcr = elcr,
                                .lines = lines,
                                .irr = lines & elcr,
                                .init = 2,
                                .need_icw4 = value & 1};
        return;
    }
    if (!(value & 8)) {
        write_ocw2(c, value);
        return;
    }
    if (value & 2)
        c->read_isr = value & 1;
    if (value & 4)
        c->poll = true;
    if (value & 0x40)
        c->special_mask = value & 0x20;
}

void vpic_write(struct vpic_state *p, unsigned int port, uint8_t value)
{
    if (port >= 0x4d0) {
        /* IRQ 0, 1, 2, 8 and 13 are always edge-triggered. */
        p->chip[port & 1].elcr = value & (port & 1 ? 0xde : 0xf8);
        return;
    }
    struct vpic_chip *c = &p->chip[port >> 7 & 1];
    if (!(port & 1))
        write_command(c, value);
    else if (c->init)
        write_icw(c, value);
    else
        c->imr = value;
    cascade(p);
}

uint8_t vpic_read(struct vpic_state *p, unsigned int port)
{
    if (port >= 0x4d0)
        return p->chip[port & 1].elcr;
    struct vpic_chip *c = &p->chip[port >> 7 & 1];
    if (c->poll) {
        c->poll = false;
        int irq = pending(c);
        if (irq < 0)
            return 0;
        ack_chip(c);
        cascade(p);
        return 0x80 | irq;
    }
    if (port & 1)
        return c->imr;
    return c->read_isr ? c->isr : c->irr;
}
