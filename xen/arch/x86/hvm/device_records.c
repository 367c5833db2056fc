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
    const struct hvm_hw_vpic *r = record;
    unsigned int icw = r->init_state & 3;         /* the next one is ICW2 for 1, ... */
    uint8_t elcr = chip ? r->elcr : r->elcr & ~4; /* Xen shows the cascade as a level */
    struct vpic_state limits = {0};

    vpic_write(&limits, 0x4d0 + chip, elcr);
    if (r->is_master != !chip || r->priority_add > 7 || (r->irq_base & 7) || (r->init_state & 8) ||
        limits.chip[chip].elcr != elcr)
        return false;
    s->pic.chip[chip] = (struct vpic_chip){
        .irr = r->irr,
        .isr = r->isr,
        .imr = r->imr,
        .elcr = elcr,
        .base = r->irq_base,
        .lowest = (r->priority_add + 7) & 7,
        .init = icw ? icw + 1 : 0,
        .need_icw4 = r->init_state & 4,
        .read_isr = r->readsel_isr,
        .poll = r->poll,
        .special_mask = r->special_mask_mode,
        .auto_eoi = r->auto_eoi,
        .rotate_aeoi = r->rotate_on_auto_eoi,
        .special_nested = r->special_fully_nested_mode,
        .is_slave = chip,
    };
    return true;
}

static void pic_save(const struct device_state *s, unsigned int chip, void *record, int64_t now)
{
    const struct vpic_chip *c = &s->pic.chip[chip];

    *(struct hvm_hw_vpic *)record = (struct hvm_hw_vpic){
        .irr = c->irr,
        .imr = c->imr,
        .isr = c->isr,
        .irq_base = c->base,
        .init_state = (c->init ? c->init - 1 : 0) | c->need_icw4 << 2,
        .priority_add = (c->lowest + 1) & 7,
        .readsel_isr = c->read_isr,
        .poll = c->poll,
        .auto_eoi = c->auto_eoi,
        .rotate_on_auto_eoi = c->rotate_aeoi,
        .special_fully_nested_mode = c->special_nested,
        .special_mask_mode = c->special_mask,
        .is_master = !chip,
        .elcr = c->elcr,
        .int_output = !chip && vpic_int(&s->pic),
    };
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

/* read_state, write_state and count_latched */
enum { PIT_LOW = 1, PIT_HIGH, PIT_WORD_LOW, PIT_WORD_HIGH };

static bool channel_ok(const struct hvm_hw_pit_channel *r)
{
    return r->count <= 65536 && (r->mode <= 5 || r->mode == 0xff) && r->rw_mode <= 3 &&
           r->read_state <= PIT_WORD_HIGH && r->write_state <= PIT_WORD_HIGH &&
           r->count_latched <= PIT_WORD_HIGH && r->status_latched <= 1 && r->bcd <= 1 &&
           r->gate <= 1;
}

static bool pit_load(struct device_state *s, unsigned int instance, const void *record, int64_t now)
{
    const struct hvm_hw_pit *r = record;

    for (unsigned int i = 0; i < 3; i++) {
        const struct hvm_hw_pit_channel *c = &r->channels[i];

        if (!channel_ok(c))
            return false;
        s->pit.ch[i] = (struct vpit_channel){
            .count = c->count,
            .mode = c->mode,
            .access = c->rw_mode ? c->rw_mode : 3,
            .bcd = c->bcd,
            .write_high = c->rw_mode == 3 && c->write_state == PIT_WORD_HIGH,
            .read_high = c->rw_mode == 3 && c->read_state == PIT_WORD_HIGH,
            .armed = c->mode <= 5,
            .gate = c->gate,
            .write_low = c->write_latch,
            .latched = c->count_latched,
            .status_latched = c->status_latched,
            .latch = c->latched_count,
            .status = c->status,
            .start = now,
        };
    }
    s->pit.speaker = r->speaker_data_on;
    return r->speaker_data_on <= 1;
}

static void pit_save(const struct device_state *s, unsigned int instance, void *record, int64_t now)
{
    struct hvm_hw_pit *r = record;

    for (unsigned int i = 0; i < 3; i++) {
        const struct vpit_channel *c = &s->pit.ch[i];

        r->channels[i] = (struct hvm_hw_pit_channel){
            .count = c->count ? c->count : 65536,
            .latched_count = c->latch,
            .status_latched = c->status_latched,
            .status = c->status,
            .read_state = c->access + c->read_high,
            .write_state = c->access + c->write_high,
            .write_latch = c->write_low,
            .rw_mode = c->access,
            .mode = c->mode,
            .bcd = c->bcd,
            .gate = c->gate,
        };
        if (c->latched)
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
        c->armed = (r->pit_armed >> i & 1) && c->mode <= 5;
    }
    for (unsigned int i = 0; i < VHPET_TIMERS; i++) {
        s->hpet_pin[i] = r->hpet_pin[i];
        s->hpet.timer[i].armed_at = r->hpet_armed_at[i];
    }
    s->rtc.periodic = now - r->rtc_age;
    s->ioapic.lines = r->ioapic_lines;
    s->pic.chip[0].lines = r->pic_lines;
    s->pic.chip[1].lines = r->pic_lines >> 8;
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
    r->pic_lines = s->pic.chip[0].lines | s->pic.chip[1].lines << 8;
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
