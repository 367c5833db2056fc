/* SPDX-License-Identifier: MIT */
/*
 * devices.c - see devices.h.
 *
 * devices->lock covers all registers and lines; interrupt messages are sent
 * with it held (they take no lock below it).
 */
#include "devices.h"

#include <asm/hvm.h>
#include <asm/pvclock.h>
#include <cairn/console.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/spinlock.h>
#include <xen/arch-x86/xen.h>

#include "device_records.h"
#include "irq.h"
#include "vlapic_logic.h"

#define PM_TIMER_OLD 0x1f48 /* where it is by HVM_PARAM_ACPI_IOPORTS_LOCATION */
#define PM_TIMER_NEW 0xb008
#define ISA_PIT      0
#define ISA_RTC      8
#define ISA_PIT_PIN  2 /* IRQ 0 comes in at this pin of the I/O APIC */

/* Those of the HPET are 0 to VHPET_TIMERS - 1. */
enum { PIT_TIMER = VHPET_TIMERS, RTC_TIMER, NR_TIMERS };

struct hvm_devices {
    spinlock_t lock;
    struct domain *domain;
    struct device_state dev;
    struct device_timer {
        struct timer timer;
        struct hvm_devices *devices;
    } timer[NR_TIMERS];
};

static bool has(const struct hvm_devices *s, uint32_t flag)
{
    return s->dev.flags & flag;
}

/* ---- wires; all with the lock ---- */

static void pic_changed(struct hvm_devices *s)
{
    if (!vpic_int(&s->dev.pic))
        return;
    for_each_vcpu(s->domain, v)
        if (vlapic_accepts_pic(v))
            hvm_post(v, HVM_POSTED_INTR);
}

static void ioapic_send(struct hvm_devices *s, unsigned int pin)
{
    uint64_t e = s->dev.ioapic.entry[pin];
    const struct vlapic_message m = {.dest = e >> 56,
                                     .logical = e & VIOAPIC_LOGICAL,
                                     .level = e & VIOAPIC_LEVEL,
                                     .mode = VIOAPIC_MODE(e),
                                     .vector = e & 0xff};

    vioapic_sent(&s->dev.ioapic, pin);
    if (m.mode == APIC_FIXED || m.mode == APIC_LOWEST || m.mode == APIC_NMI)
        vlapic_bus_message(s->domain, &m);
}

static void ioapic_send_all(struct hvm_devices *s, uint64_t pins)
{
    while (pins) {
        unsigned int pin = __builtin_ctzll(pins);
        pins &= pins - 1;
        ioapic_send(s, pin);
    }
}

static void ioapic_line(struct hvm_devices *s, unsigned int pin, bool level)
{
    if (has(s, XEN_X86_EMU_IOAPIC) && vioapic_set_line(&s->dev.ioapic, pin, level))
        ioapic_send(s, pin);
}

static void isa_line(struct hvm_devices *s, unsigned int irq, bool level)
{
    if (has(s, XEN_X86_EMU_PIC)) {
        vpic_set_line(&s->dev.pic, irq, level);
        pic_changed(s);
    }
    ioapic_line(s, irq == ISA_PIT ? ISA_PIT_PIN : irq, level);
}

static void isa_pulse(struct hvm_devices *s, unsigned int irq)
{
    isa_line(s, irq, false);
    isa_line(s, irq, true);
}

static bool replaced_by_hpet(const struct hvm_devices *s)
{
    return has(s, XEN_X86_EMU_HPET) && vhpet_legacy(&s->dev.hpet);
}

/* ---- timers; the handler runs in a softirq ---- */

/* Set timer @n for what its device does next: INT64_MAX is never, for all three. */
static void arm(struct hvm_devices *s, unsigned int n, s_time_t now)
{
    s_time_t at;

    if (n == PIT_TIMER) /* a divisor of 1 asks for a megahertz */
        at = max(vpit_next_rise(&s->dev.pit, now), now + MICROSECS(50));
    else if (n == RTC_TIMER)
        at = vrtc_expiry(&s->dev.rtc, now);
    else
        at = vhpet_expiry(&s->dev.hpet, n, now);
    timer_stop(&s->timer[n].timer);
    if (at != INT64_MAX)
        timer_set(&s->timer[n].timer, at);
}

/* A level-triggered timer whose status bit was cleared lets go of its pin. */
static void drop_hpet_lines(struct hvm_devices *s)
{
    for (unsigned int n = 0; n < VHPET_TIMERS; n++) {
        int8_t *pin = &s->dev.hpet_pin[n];
        if (*pin < 0 || (s->dev.hpet.status >> n & 1))
            continue;
        ioapic_line(s, *pin, false);
        *pin = -1;
    }
}

static void hpet_fires(struct hvm_devices *s, unsigned int n, s_time_t now)
{
    bool level;
    int pin = vhpet_fired(&s->dev.hpet, n, now, &level);

    if (pin >= 0 && vhpet_legacy(&s->dev.hpet) && n < 2) {
        isa_pulse(s, n == 0 ? ISA_PIT : ISA_RTC);
    } else if (pin >= 0) {
        ioapic_line(s, pin, false);
        ioapic_line(s, pin, true);
        if (level)
            s->dev.hpet_pin[n] = pin;
    }
}

static void timer_expired(void *arg)
{
    struct device_timer *t = arg;
    struct hvm_devices *s = t->devices;
    unsigned int n = t - s->timer;
    s_time_t now = NOW();

    scoped_lock(&s->lock);
    if (t->timer.expires) /* set anew while we waited for the lock */
        return;
    if (n == PIT_TIMER && !replaced_by_hpet(s))
        isa_pulse(s, ISA_PIT);
    else if (n == RTC_TIMER && vrtc_fired(&s->dev.rtc, now) && !replaced_by_hpet(s))
        isa_line(s, ISA_RTC, true);
    else if (n < VHPET_TIMERS)
        hpet_fires(s, n, now);
    arm(s, n, now);
}

/* ---- MMIO ---- */

static void hpet_write(struct hvm_devices *s, unsigned int offset, unsigned int size,
                       uint64_t value)
{
    s_time_t now = NOW();

    if (size < 4 || offset % size)
        return;
    if (size == 4) {
        uint64_t old = vhpet_read(&s->dev.hpet, offset & ~7u, now);
        /* Status bits are cleared by writing 1: the other half is no write. */
        if ((offset & ~7u) == 0x20)
            old = 0;
        value = offset & 4 ? (uint32_t)old | value << 32 : (old & ~0xffffffffull) | value;
    }
    unsigned int changed = vhpet_write(&s->dev.hpet, offset & ~7u, value, now);
    drop_hpet_lines(s);
    for (unsigned int n = 0; n < VHPET_TIMERS; n++)
        if (changed & (1u << n))
            arm(s, n, now);
}

/* @size 1, 2, 4 or 8, @addr a multiple of it.  False: nothing of this guest's is there. */
static bool mmio_piece(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *value,
                       bool write)
{
    struct hvm_devices *s = v->domain->arch.hvm.devices;
    uint64_t ioapic = addr - VIOAPIC_BASE, hpet = addr - VHPET_BASE;

    if (vlapic_mmio(v, addr, size, value, write))
        return true;
    if (!s)
        return false;
    scoped_lock(&s->lock);
    if (has(s, XEN_X86_EMU_IOAPIC) && ioapic < VIOAPIC_SIZE) {
        if (write)
            ioapic_send_all(s, vioapic_write(&s->dev.ioapic, ioapic, *value));
        else
            *value = vioapic_read(&s->dev.ioapic, ioapic & ~3u) >> (8 * (ioapic & 3));
    } else if (has(s, XEN_X86_EMU_HPET) && hpet < VHPET_SIZE) {
        if (write) /* registers are 64 bits wide, and any part of one may be read */
            hpet_write(s, hpet, size, *value);
        else
            *value = vhpet_read(&s->dev.hpet, hpet & ~7u, NOW()) >> (8 * (hpet & 7));
    } else {
        return false;
    }
    return true;
}

void mmio_access(struct vcpu *v, gaddr_t addr, void *buf, size_t len, bool write)
{
    uint64_t at = gaddr_x(addr);
    char *p = buf;

    while (len) {
        unsigned int size = 8; /* the widest aligned piece that begins here */
        uint64_t value = 0;

        while (size > len || (at & (size - 1)))
            size /= 2;
        if (write)
            memcpy(&value, p, size);
        if (!mmio_piece(v, at, size, &value, write))
            value = ~0ull;
        if (!write)
            memcpy(p, &value, size);
        at += size;
        p += size;
        len -= size;
    }
}

/* ---- ports ---- */

static bool pm_timer_here(const struct hvm_devices *s, unsigned int port)
{
    uint64_t where = s->domain->arch.hvm.params[HVM_PARAM_ACPI_IOPORTS_LOCATION];
    return port - (where ? PM_TIMER_NEW : PM_TIMER_OLD) < 4;
}

static uint64_t date_now(s_time_t now)
{
    return wallclock_at_boot() + now / SECONDS(1);
}

/* Which device answers at @port: a flag, or 0. */
static uint32_t owner(const struct hvm_devices *s, unsigned int port)
{
    switch (port) {
    case 0x20 ... 0x21:
    case 0xa0 ... 0xa1:
    case 0x4d0 ... 0x4d1:
        return s->dev.flags & XEN_X86_EMU_PIC;
    case 0x40 ... 0x43:
    case 0x61:
        return s->dev.flags & XEN_X86_EMU_PIT;
    case 0x70 ... 0x71:
        return s->dev.flags & XEN_X86_EMU_RTC;
    default:
        return pm_timer_here(s, port) ? s->dev.flags & XEN_X86_EMU_PM : 0;
    }
}

static uint8_t port_read(struct hvm_devices *s, uint32_t flag, unsigned int port, s_time_t now)
{
    uint8_t value;

    switch (flag) {
    case XEN_X86_EMU_PIC:
        value = vpic_read(&s->dev.pic, port);
        pic_changed(s);
        return value;
    case XEN_X86_EMU_PIT:
        return vpit_read(&s->dev.pit, port, now);
    case XEN_X86_EMU_RTC:
        value = vrtc_read(&s->dev.rtc, port, date_now(now), now);
        if (!vrtc_irq(&s->dev.rtc))
            isa_line(s, ISA_RTC, false);
        return value;
    default:
        return pm_timer_read(&s->dev, now) >> (8 * (port & 3));
    }
}

uint32_t hvm_port_in(struct vcpu *v, unsigned int port, unsigned int size)
{
    struct hvm_devices *s = v->domain->arch.hvm.devices;
    uint32_t value = 0;

    if (!s || !owner(s, port))
        return ~0u >> (32 - 8 * size);
    s_time_t now = NOW();
    scoped_lock(&s->lock);
    for (unsigned int i = 0; i < size; i++) {
        uint32_t flag = owner(s, port + i);
        value |= (uint32_t)(flag ? port_read(s, flag, port + i, now) : 0xff) << (8 * i);
    }
    return value;
}

static void port_write(struct hvm_devices *s, uint32_t flag, unsigned int port, uint8_t value,
                       s_time_t now)
{
    switch (flag) {
    case XEN_X86_EMU_PIC:
        vpic_write(&s->dev.pic, port, value);
        pic_changed(s);
        break;
    case XEN_X86_EMU_PIT:
        if (vpit_write(&s->dev.pit, port, value, now))
            arm(s, PIT_TIMER, now);
        break;
    case XEN_X86_EMU_RTC:
        if (vrtc_write(&s->dev.rtc, port, value, date_now(now), now))
            arm(s, RTC_TIMER, now);
        break;
    }
}

void hvm_port_out(struct vcpu *v, unsigned int port, unsigned int size, uint32_t value)
{
    struct hvm_devices *s = v->domain->arch.hvm.devices;

    if (port == XEN_HVM_DEBUGCONS_IOPORT && size == 1) {
        char c = value;

        console_guest_write(v->domain, &c, 1);
        return;
    }
    if (!s || !owner(s, port))
        return;
    s_time_t now = NOW();
    scoped_lock(&s->lock);
    for (unsigned int i = 0; i < size; i++)
        port_write(s, owner(s, port + i), port + i, value >> (8 * i), now);
}

/* ---- for irq.c ---- */

bool vpic_output(const struct domain *d)
{
    const struct hvm_devices *s = d->arch.hvm.devices;
    return s && has(s, XEN_X86_EMU_PIC) && vpic_int(&s->dev.pic);
}

int vpic_acknowledge(struct domain *d)
{
    struct hvm_devices *s = d->arch.hvm.devices;

    scoped_lock(&s->lock);
    if (!vpic_int(&s->dev.pic))
        return -1;
    int vector = vpic_ack(&s->dev.pic);
    pic_changed(s);
    return vector;
}

void hvm_level_eoi(struct domain *d, unsigned int vector)
{
    struct hvm_devices *s = d->arch.hvm.devices;

    if (!s || !has(s, XEN_X86_EMU_IOAPIC))
        return;
    scoped_lock(&s->lock);
    ioapic_send_all(s, vioapic_eoi(&s->dev.ioapic, vector));
}

/* ---- saving ---- */

void hvm_devices_get(const struct domain *d, struct device_state *to)
{
    struct hvm_devices *s = d->arch.hvm.devices;

    if (!s)
        return;
    scoped_lock(&s->lock);
    *to = s->dev;
}

void hvm_devices_set(struct domain *d, const struct device_state *from)
{
    struct hvm_devices *s = d->arch.hvm.devices;
    s_time_t now = NOW();

    if (!s)
        return;
    scoped_lock(&s->lock);
    s->dev = *from;
    for (unsigned int n = 0; n < NR_TIMERS; n++)
        arm(s, n, now);
    pic_changed(s);
}

/* ---- life ---- */

int hvm_devices_create(struct domain *d)
{
    uint32_t flags =
        d->arch.emulation_flags & (XEN_X86_EMU_HPET | XEN_X86_EMU_PM | XEN_X86_EMU_RTC |
                                   XEN_X86_EMU_IOAPIC | XEN_X86_EMU_PIC | XEN_X86_EMU_PIT);
    s_time_t now = NOW();

    if (!flags)
        return 0;
    struct hvm_devices *s = xzalloc(struct hvm_devices);
    if (!s)
        return -ENOMEM;
    spin_lock_init(&s->lock, LOCK_DEVICES);
    s->domain = d;
    s->dev.flags = flags;
    vpic_reset(&s->dev.pic);
    vioapic_reset(&s->dev.ioapic);
    vpit_reset(&s->dev.pit, now);
    vhpet_reset(&s->dev.hpet);
    vrtc_reset(&s->dev.rtc, now);
    memset(s->dev.hpet_pin, -1, sizeof(s->dev.hpet_pin));
    for (unsigned int n = 0; n < NR_TIMERS; n++) {
        s->timer[n].devices = s;
        timer_init(&s->timer[n].timer, timer_expired, &s->timer[n], 0);
    }
    d->arch.hvm.devices = s;
    return 0;
}

void hvm_devices_stop(struct domain *d)
{
    struct hvm_devices *s = d->arch.hvm.devices;

    for (unsigned int n = 0; s && n < NR_TIMERS; n++)
        timer_kill(&s->timer[n].timer);
}
