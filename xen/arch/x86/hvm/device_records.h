/* SPDX-License-Identifier: MIT */
/*
 * device_records.h - the registers of devices.c, and as records of Xen's
 * stream (xen/hvm/save.h).  Pure; time is nanoseconds since any fixed moment,
 * and a domain's stands still while it is saved.
 */
#ifndef X86_HVM_DEVICE_RECORDS_H
#define X86_HVM_DEVICE_RECORDS_H

#include <cairn/types.h>
#include <xen/hvm/save.h>

#include "vhpet.h"
#include "vioapic.h"
#include "vpic.h"
#include "vpit.h"
#include "vrtc.h"

struct device_state {
    uint32_t flags; /* XEN_X86_EMU_*: the devices that are there */
    struct vpic_state pic;
    struct vioapic_state ioapic;
    struct vpit_state pit;
    struct vhpet_state hpet;
    struct vrtc_state rtc;
    uint32_t pm_offset;            /* the PM timer at time 0 */
    int8_t hpet_pin[VHPET_TIMERS]; /* held up by this timer, or -1 */
};

/* The PM timer at @now, all 32 bits of it: 3.579545 MHz (ACPI, "Power Management Timer"). */
uint32_t pm_timer_read(const struct device_state *s, int64_t now);

/* What Xen's records have no place for.  Without it the inputs of PIC and
 * I/O APIC are low, and PIT and RTC begin their present period anew. */
#define HVM_SAVE_OWN_DEVICES 0x0c02
struct hvm_own_devices {
    int64_t pit_age[3]; /* ns since the count was loaded, or the gate rose */
    int64_t rtc_age;    /* ns since the periodic interrupt */
    uint64_t hpet_armed_at[VHPET_TIMERS];
    uint64_t ioapic_lines;
    uint16_t pic_lines; /* low byte: master */
    uint8_t pit_armed;  /* a bit a channel */
    int8_t hpet_pin[VHPET_TIMERS];
    uint8_t cmos[128 - RTC_CMOS_SIZE];
};

struct device_record {
    const char *name;
    uint16_t type, length, instances;
    uint32_t flags; /* any of these devices */
    /* False: no device can be so.  Then *@s is of no use any more. */
    bool (*load)(struct device_state *s, unsigned int instance, const void *record, int64_t now);
    /* @record is zero. */
    void (*save)(const struct device_state *s, unsigned int instance, void *record, int64_t now);
};

/* In the order of saving, and of loading: ours completes the others. */
#define NR_DEVICE_RECORDS 7
extern const struct device_record device_records[NR_DEVICE_RECORDS];

union device_payload {
    struct hvm_hw_vpic pic;
    struct hvm_hw_vioapic ioapic;
    struct hvm_hw_pit pit;
    struct hvm_hw_rtc rtc;
    struct hvm_hw_hpet hpet;
    struct hvm_hw_pmtimer pm;
    struct hvm_own_devices own;
};

/* Take a record over into *@s.  NULL if done or if it is no device's; else the
 * name of the record that cannot be. */
const char *device_record_load(struct device_state *s, const struct hvm_save_descriptor *desc,
                               const void *payload, int64_t now);

#endif
