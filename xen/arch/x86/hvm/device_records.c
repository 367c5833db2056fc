/* SPDX-License-Identifier: MIT */
/*
 * device_records.c - see device_records.h.  Pure: host-tested by
 * test/unit/test_xen_hvm_device_records.c.
 *
 * Which values a register can have is asked of the device itself, where it has
 * a rule: written to a fresh one, they must read back.
 */
#include "device_records.h"

#include <cairn/lib.h>
#include <xen/arch-x86/xen.h>

#define OLDEST      (1ll << 60) /* ns: time arithmetic does not overflow */
#define PM_TIMER_HZ 3579545ull
#define NS          1000000000ull

uint32_t pm_timer_read(const struct device_state *s, int64_t now)
{
    uint64_t t = now;
    return s->pm_offset + t / NS * PM_TIMER_HZ + t % NS * PM_TIMER_HZ / NS;
}

static bool pm_load(struct device_state *s, unsigned int instance, const void *record, int64_t now)
{
    const struct hvm_hw_pmtimer *r = record;

    s->pm_offset += r->tmr_val - pm_timer_read(s, now);
    return !r->pm1a_sts && !r->pm1a_en; /* there are no such registers */
}

static void pm_save(const struct device_state *s, unsigned int instance, void *record, int64_t now)
{
    struct hvm_hw_pmtimer *r = record;

    r->tmr_val = pm_timer_read(s, now);
}

/* ---- PIC: instance 0 is the master ---- */

static bool pic_load(struct device_state *s, unsigned int chip, const void *record, int64_t now)
{
    struct hvm_hw_vpic r = *(const struct hvm_hw_vpic *)record;
    struct vpic_state limits = {0};

    if (!chip)
        r.elcr &= ~4; /* Xen shows the cascade as a level */
    vpic_write(&limits, 0x4d0 + chip, r.elcr);
    if (r.is_master != !chip || r.priority_add > 7 || (r.irq_base & 7) || (r.init_state & 8) ||
        limits.chip[chip].elcr != r.elcr)
        return false;
    s->pic.chip[chip] = r;
    s->pic.lines[chip] = 0;
    return true;
}

static void pic_save(const struct device_state *s, unsigned int chip, void *record, int64_t now)
{
    struct hvm_hw_vpic *r = record;

    *r = s->pic.chip[chip];
    r->int_output = !chip && vpic_int(&s->pic);
}

/* ---- I/O APIC ---- */

static bool ioapic_load(struct device_state *s, unsigned int instance, const void *record,
                        int64_t now)
{
    const struct hvm_hw_vioapic *r = record;
    struct vioapic_state n;

    if (r->base_address != VIOAPIC_BASE || r->ioregsel > 0xff || r->id > 0xff)
        return false;
    vioapic_reset(&n);
    for (unsigned int pin = 0; pin < VIOAPIC_PINS; pin++) {
        uint64_t e = r->redirtbl[pin].bits;

        for (unsigned int half = 0; half < 2; half++) {
            vioapic_write(&n, 0, 0x10 + 2 * pin + half);
            vioapic_write(&n, 0x10, e >> (32 * half));
        }
        /* Read-only, and of levels only. */
        n.entry[pin] |= n.entry[pin] & VIOAPIC_LEVEL ? e & VIOAPIC_IRR : 0;
        if (n.entry[pin] != e)
            return false;
    }
    n.select = r->ioregsel;
    n.id = r->id;
    s->ioapic = n;
    return true;
}

static void ioapic_save(const struct device_state *s, unsigned int instance, void *record,
                        int64_t now)
{
    struct hvm_hw_vioapic *r = record;

    r->base_address = VIOAPIC_BASE;
    r->ioregsel = s->ioapic.select;
    r->id = s->ioapic.id;
    for (unsigned int pin = 0; pin < VIOAPIC_PINS; pin++)
        r->redirtbl[pin].bits = s->ioapic.entry[pin];
}

/* ---- PIT ---- */

static bool channel_ok(const struct hvm_hw_pit_channel *r)
{
    return r->count <= 65536 && (r->mode <= 5 || r->mode == 0xff) && r->rw_mode <= 3 &&
           r->read_state <= VPIT_WORD_HIGH && r->write_state <= VPIT_WORD_HIGH &&
           r->count_latched <= VPIT_WORD_HIGH && r->status_latched <= 1 && r->bcd <= 1 &&
           r->gate <= 1;
}

/* Only a word has a half that may be next. */
static uint8_t half_of(uint8_t rw_mode, uint8_t state)
{
    return rw_mode == VPIT_WORD && state == VPIT_WORD_HIGH ? state : rw_mode;
}

static bool pit_load(struct device_state *s, unsigned int instance, const void *record, int64_t now)
{
    const struct hvm_hw_pit *r = record;

    for (unsigned int i = 0; i < 3; i++) {
        const struct hvm_hw_pit_channel *c = &r->channels[i];

        if (!channel_ok(c))
            return false;
        s->pit.ch[i] = (struct vpit_channel){.r = *c, .armed = c->mode <= 5, .start = now};
        struct hvm_hw_pit_channel *own = &s->pit.ch[i].r;
        own->rw_mode = c->rw_mode ? c->rw_mode : VPIT_WORD;
        own->read_state = half_of(own->rw_mode, c->read_state);
        own->write_state = half_of(own->rw_mode, c->write_state);
        own->count_latched = !!c->count_latched;
    }
    s->pit.speaker = r->speaker_data_on;
    return r->speaker_data_on <= 1;
}

static void pit_save(const struct device_state *s, unsigned int instance, void *record, int64_t now)
{
    struct hvm_hw_pit *r = record;

    for (unsigned int i = 0; i < 3; i++) {
        r->channels[i] = s->pit.ch[i].r;
        if (r->channels[i].count_latched)
            r->channels[i].count_latched = r->channels[i].read_state;
    }
    r->speaker_data_on = s->pit.speaker;
}

/* ---- RTC ---- */

#define RTC_FURTHEST 300000000000ll /* s: guests set years from 1970 to 9999 */

static bool rtc_load(struct device_state *s, unsigned int instance, const void *record, int64_t now)
{
    const struct hvm_hw_rtc *r = record;

    /* A: update in progress, C: four bits are 0, D: 7 alone */
    if (r->cmos_index > 0x7f || r->rtc_offset > RTC_FURTHEST || r->rtc_offset < -RTC_FURTHEST ||
        (r->cmos_data[10] & 0x80) || (r->cmos_data[12] & 0x0f) || r->cmos_data[13] != 0x80)
        return false;
    memcpy(s->rtc.cmos, r->cmos_data, sizeof(r->cmos_data));
    s->rtc.index = r->cmos_index;
    s->rtc.offset = r->rtc_offset;
    s->rtc.periodic = now;
    return true;
}

static void rtc_save(const struct device_state *s, unsigned int instance, void *record, int64_t now)
{
    struct hvm_hw_rtc *r = record;

    memcpy(r->cmos_data, s->rtc.cmos, sizeof(r->cmos_data));
    r->cmos_index = s->rtc.index;
    r->rtc_offset = s->rtc.offset;
}

/* ---- HPET ---- */

static bool hpet_load(struct device_state *s, unsigned int instance, const void *record,
                      int64_t now)
{
    const struct hvm_hw_hpet *r = record;
    struct vhpet_state n;

    vhpet_reset(&n);
    for (unsigned int i = 0; i < VHPET_TIMERS; i++) {
        unsigned int reg = VHPET_REG_TIMERS + 0x20 * i;

        /* The period may be older than the width. */
        vhpet_write(&n, reg, r->timers[i].config & ~VHPET_32BIT, now);
        if (r->period[i])
            vhpet_write(&n, reg + 8, r->period[i], now);
        vhpet_write(&n, reg, r->timers[i].config, now);
        if (n.timer[i].config != r->timers[i].config ||
            (n.timer[i].period && n.timer[i].period != r->period[i]))
            return false;
        n.timer[i].compare = r->timers[i].cmp;
        s->hpet_pin[i] = -1;
    }
    vhpet_write(&n, VHPET_REG_CONFIG, r->config, now);
    vhpet_write(&n, VHPET_REG_COUNTER, r->mc64, now);
    n.status = r->isr;
    s->hpet = n;
    return r->capability == vhpet_read(&n, VHPET_REG_ID, now) && n.config == r->config &&
           !(r->isr >> VHPET_TIMERS);
}

static void hpet_save(const struct device_state *s, unsigned int instance, void *record,
                      int64_t now)
{
    struct hvm_hw_hpet *r = record;

    r->capability = vhpet_read(&s->hpet, VHPET_REG_ID, now);
    r->config = s->hpet.config;
    r->isr = s->hpet.status;
    r->mc64 = vhpet_read(&s->hpet, VHPET_REG_COUNTER, now);
    for (unsigned int i = 0; i < VHPET_TIMERS; i++) {
        r->timers[i].config = s->hpet.timer[i].config;
        r->timers[i].cmp = s->hpet.timer[i].compare;
        r->period[i] = s->hpet.timer[i].period;
    }
}

/* ---- ours ---- */

static bool own_load(struct device_state *s, unsigned int instance, const void *record, int64_t now)
{
    const struct hvm_own_devices *r = record;
    bool ok = !(r->ioapic_lines >> VIOAPIC_PINS) && r->pit_armed < 8 && r->rtc_age >= 0 &&
              r->rtc_age <= OLDEST;

    for (unsigned int i = 0; i < 3; i++)
        ok = ok && r->pit_age[i] >= 0 && r->pit_age[i] <= OLDEST;
    for (unsigned int i = 0; i < VHPET_TIMERS; i++)
        ok = ok && r->hpet_pin[i] >= -1 && r->hpet_pin[i] < VIOAPIC_PINS;
    if (!ok)
        return false;
    for (unsigned int i = 0; i < 3; i++) {
        struct vpit_channel *c = &s->pit.ch[i];

        c->start = now - r->pit_age[i];
        c->armed = (r->pit_armed >> i & 1) && c->r.mode <= 5;
    }
    for (unsigned int i = 0; i < VHPET_TIMERS; i++) {
        s->hpet_pin[i] = r->hpet_pin[i];
        s->hpet.timer[i].armed_at = r->hpet_armed_at[i];
    }
    s->rtc.periodic = now - r->rtc_age;
    s->ioapic.lines = r->ioapic_lines;
    s->pic.lines[0] = r->pic_lines;
    s->pic.lines[1] = r->pic_lines >> 8;
    memcpy(s->rtc.cmos + RTC_CMOS_SIZE, r->cmos, sizeof(r->cmos));
    return true;
}

static void own_save(const struct device_state *s, unsigned int instance, void *record, int64_t now)
{
    struct hvm_own_devices *r = record;

    for (unsigned int i = 0; i < 3; i++) {
        r->pit_age[i] = max(now - s->pit.ch[i].start, (int64_t)0);
        r->pit_armed |= s->pit.ch[i].armed << i;
    }
    for (unsigned int i = 0; i < VHPET_TIMERS; i++) {
        r->hpet_armed_at[i] = s->hpet.timer[i].armed_at;
        r->hpet_pin[i] = s->hpet_pin[i];
    }
    r->rtc_age = max(now - s->rtc.periodic, (int64_t)0);
    r->ioapic_lines = s->ioapic.lines;
    r->pic_lines = s->pic.lines[0] | s->pic.lines[1] << 8;
    memcpy(r->cmos, s->rtc.cmos + RTC_CMOS_SIZE, sizeof(r->cmos));
}

#define XEN_RECORD(x, member) HVM_SAVE_CODE(x), sizeof(((union device_payload *)0)->member)

const struct device_record device_records[NR_DEVICE_RECORDS] = {
    {"PIC", XEN_RECORD(PIC, pic), 2, XEN_X86_EMU_PIC, pic_load, pic_save},
    {"I/O APIC", XEN_RECORD(IOAPIC, ioapic), 1, XEN_X86_EMU_IOAPIC, ioapic_load, ioapic_save},
    {"PIT", XEN_RECORD(PIT, pit), 1, XEN_X86_EMU_PIT, pit_load, pit_save},
    {"RTC", XEN_RECORD(RTC, rtc), 1, XEN_X86_EMU_RTC, rtc_load, rtc_save},
    {"HPET", XEN_RECORD(HPET, hpet), 1, XEN_X86_EMU_HPET, hpet_load, hpet_save},
    {"PM timer", XEN_RECORD(PMTIMER, pm), 1, XEN_X86_EMU_PM, pm_load, pm_save},
    {"Cairn's own of devices", HVM_SAVE_OWN_DEVICES, sizeof(struct hvm_own_devices), 1, ~0u,
     own_load, own_save},
};

const char *device_record_load(struct device_state *s, const struct hvm_save_descriptor *desc,
                               const void *payload, int64_t now)
{
    union device_payload aligned;

    for (unsigned int i = 0; i < NR_DEVICE_RECORDS; i++) {
        const struct device_record *kind = &device_records[i];

        if (kind->type != desc->typecode)
            continue;
        if (!(s->flags & kind->flags) || desc->instance >= kind->instances ||
            desc->length != kind->length)
            return kind->name;
        memcpy(&aligned, payload, desc->length);
        return kind->load(s, desc->instance, &aligned, now) ? NULL : kind->name;
    }
    return NULL;
}
