/* SPDX-License-Identifier: MIT */
/*
 * Devices as records: what guests can make of the registers comes back
 * unchanged at another time; records of anything are refused or harmless.
 */
/* sources: xen/arch/x86/hvm/device_records.c xen/arch/x86/hvm/vpic.c xen/arch/x86/hvm/vioapic.c xen/arch/x86/hvm/vpit.c xen/arch/x86/hvm/vhpet.c xen/arch/x86/hvm/vrtc.c */
/* defines: -D__XEN__ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../xen/arch/x86/hvm/device_records.h"

#define T0 5000000000ll

static const uint16_t pic_ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
static const uint16_t pit_ports[] = {0x40, 0x41, 0x42, 0x43, 0x61};
static const uint16_t hpet_regs[] = {0x10, 0x20, 0xf0, 0x100, 0x108, 0x120, 0x128, 0x140, 0x148};

static uint32_t seed;

static uint32_t rnd(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 13 ^ seed << 11 >> 1;
}

static uint64_t bits(void)
{
    uint64_t v = (uint64_t)rnd() << 42 ^ (uint64_t)rnd() << 21 ^ rnd() >> 3;
    return rnd() % 3 ? v & 0xff : v;
}

static void fresh(struct device_state *s, int64_t now)
{
    *s = (struct device_state){.flags = ~0u, .hpet_pin = {-1, -1, -1}};
    vpic_reset(&s->pic);
    vioapic_reset(&s->ioapic);
    vpit_reset(&s->pit, now);
    vhpet_reset(&s->hpet);
    vrtc_reset(&s->rtc, now);
}

/* One thing that a guest, a wire or time does. */
static void poke(struct device_state *s, int64_t now)
{
    bool level;

    vpic_write(&s->pic, pic_ports[rnd() % 6], bits());
    vpic_set_line(&s->pic, rnd() % 16, rnd() & 1);
    if (rnd() & 1)
        vpic_ack(&s->pic);
    vpic_read(&s->pic, pic_ports[rnd() % 6]);
    vioapic_write(&s->ioapic, 0, bits());
    vioapic_write(&s->ioapic, 0x10, bits());
    unsigned int pin = rnd() % VIOAPIC_PINS;
    if (vioapic_set_line(&s->ioapic, pin, rnd() & 1))
        vioapic_sent(&s->ioapic, pin);
    vioapic_eoi(&s->ioapic, bits());
    vpit_write(&s->pit, pit_ports[rnd() % 5], bits(), now);
    vpit_read(&s->pit, pit_ports[rnd() % 5], now);
    vpit_next_rise(&s->pit, now);
    vhpet_write(&s->hpet, hpet_regs[rnd() % 9], bits(), now);
    unsigned int n = rnd() % VHPET_TIMERS;
    if (vhpet_expiry(&s->hpet, n, now) <= now)
        s->hpet_pin[n] = vhpet_fired(&s->hpet, n, now, &level);
    vhpet_read(&s->hpet, hpet_regs[rnd() % 9], now);
    vrtc_write(&s->rtc, 0x70 + (rnd() & 1), bits(), 1700000000, now);
    vrtc_read(&s->rtc, 0x71, 1700000000, now);
    if (vrtc_expiry(&s->rtc, now) <= now + 1000000)
        vrtc_fired(&s->rtc, now);
    pm_timer_read(s, now);
}

struct records {
    union device_payload one[NR_DEVICE_RECORDS][2];
};

static void save(const struct device_state *s, struct records *to, int64_t now)
{
    memset(to, 0, sizeof(*to));
    for (unsigned int i = 0; i < NR_DEVICE_RECORDS; i++)
        for (unsigned int n = 0; n < device_records[i].instances; n++)
            device_records[i].save(s, n, &to->one[i][n], now);
}

static const char *load_one(struct device_state *s, const union device_payload *r, unsigned int i,
                            unsigned int n, int64_t now)
{
    struct hvm_save_descriptor desc = {device_records[i].type, n, device_records[i].length};
    return device_record_load(s, &desc, r, now);
}

static const char *load(struct device_state *s, const struct records *from, int64_t now)
{
    const char *bad = NULL;

    for (unsigned int i = 0; i < NR_DEVICE_RECORDS; i++)
        for (unsigned int n = 0; !bad && n < device_records[i].instances; n++)
            bad = load_one(s, &from->one[i][n], i, n, now);
    return bad;
}

static int64_t until(int64_t at, int64_t now)
{
    return at == INT64_MAX ? at : at - now; /* all three mean never */
}

static void test_back_and_forth(void **state)
{
    seed = 1;
    for (unsigned int round = 0; round < 3000; round++) {
        struct device_state s, t;
        struct records was, is;
        int64_t now = T0, later = T0 * (1 + rnd() % 9) - rnd();

        fresh(&s, now);
        for (unsigned int i = rnd() % 200; i; i--)
            poke(&s, now += rnd() % 1000000);
        save(&s, &was, now);
        fresh(&t, later - rnd());
        const char *bad = load(&t, &was, later);
        if (bad)
            fail_msg("round %u: a guest's %s is refused", round, bad);
        save(&t, &is, later);
        for (unsigned int i = 0; i < NR_DEVICE_RECORDS; i++)
            if (memcmp(was.one[i], is.one[i], sizeof(was.one[i])))
                fail_msg("round %u: %s differs", round, device_records[i].name);
        /* The same happens next, and the same is read. */
        assert_int_equal(until(vpit_next_rise(&t.pit, later), later),
                         until(vpit_next_rise(&s.pit, now), now));
        assert_int_equal(until(vrtc_expiry(&t.rtc, later), later),
                         until(vrtc_expiry(&s.rtc, now), now));
        for (unsigned int n = 0; n < VHPET_TIMERS; n++)
            assert_int_equal(until(vhpet_expiry(&t.hpet, n, later), later),
                             until(vhpet_expiry(&s.hpet, n, now), now));
        for (unsigned int i = 0; i < 4; i++)
            assert_int_equal(vpit_read(&t.pit, 0x40 + i, later), vpit_read(&s.pit, 0x40 + i, now));
        for (unsigned int i = 0; i < 6; i++)
            assert_int_equal(vpic_read(&t.pic, pic_ports[i]), vpic_read(&s.pic, pic_ports[i]));
        assert_memory_equal(&t.ioapic, &s.ioapic, sizeof(s.ioapic));
        assert_memory_equal(t.rtc.cmos, s.rtc.cmos, sizeof(s.rtc.cmos));
    }
}

/* A good stream with a few bits turned, or a record of noise: what is taken
 * must be a state that devices can work on (the sanitizers judge). */
static void test_hostile(void **state)
{
    unsigned int taken = 0, refused = 0;

    seed = 2;
    for (unsigned int round = 0; round < 20000; round++) {
        struct device_state s;
        struct records r;
        unsigned int i = rnd() % NR_DEVICE_RECORDS;
        unsigned int n = rnd() % device_records[i].instances;
        uint8_t *bytes = (uint8_t *)&r.one[i][n];

        fresh(&s, T0);
        for (unsigned int k = rnd() % 10; k; k--)
            poke(&s, T0);
        save(&s, &r, T0);
        if (rnd() % 8 == 0)
            for (unsigned int k = 0; k < device_records[i].length; k++)
                bytes[k] = rnd();
        for (unsigned int k = rnd() % 4; k; k--)
            bytes[rnd() % device_records[i].length] ^= 1u << rnd() % 8;
        if (load(&s, &r, T0)) {
            refused++;
            continue;
        }
        taken++;
        for (unsigned int k = 0; k < 30; k++)
            poke(&s, T0 + k * (rnd() % 100000));
        for (unsigned int k = 0; k < VHPET_TIMERS; k++)
            assert_in_range(s.hpet_pin[k] + 1, 0, VIOAPIC_PINS);
    }
    assert_true(taken > 1000 && refused > 1000);
}

static void test_refusals(void **state)
{
    struct device_state s;
    struct records good, r;

    fresh(&s, T0);
    save(&s, &good, T0);
    assert_null(load(&s, &good, T0));
#define REFUSED(i, member, lie)            \
    do {                                   \
        r = good;                          \
        r.one[i][0].member = (lie);        \
        assert_non_null(load(&s, &r, T0)); \
    } while (0)
    REFUSED(0, pic.is_master, 0);
    REFUSED(0, pic.priority_add, 8);
    REFUSED(0, pic.irq_base, 1);
    REFUSED(0, pic.init_state, 8);
    REFUSED(0, pic.elcr, 1);
    REFUSED(1, ioapic.base_address, 0);
    REFUSED(1, ioapic.ioregsel, 256);
    REFUSED(1, ioapic.id, 256);
    REFUSED(1, ioapic.redirtbl[47].bits, VIOAPIC_IRR);
    REFUSED(1, ioapic.redirtbl[0].bits, 1u << 17);
    REFUSED(2, pit.channels[0].count, 65537);
    REFUSED(2, pit.channels[1].mode, 6);
    REFUSED(2, pit.channels[2].rw_mode, 4);
    REFUSED(2, pit.channels[2].gate, 2);
    REFUSED(2, pit.speaker_data_on, 2);
    REFUSED(3, rtc.cmos_index, 128);
    REFUSED(3, rtc.rtc_offset, INT64_MIN);
    REFUSED(3, rtc.cmos_data[13], 0);
    REFUSED(4, hpet.capability, 0);
    REFUSED(4, hpet.config, 4);
    REFUSED(4, hpet.isr, 8);
    REFUSED(4, hpet.timers[2].config, 0);
    REFUSED(5, pm.pm1a_en, 1);
    REFUSED(6, own.pit_age[0], -1);
    REFUSED(6, own.rtc_age, INT64_MAX);
    REFUSED(6, own.ioapic_lines, 1ull << 48);
    REFUSED(6, own.hpet_pin[1], 48);
    /* A periodic timer too fast to be one. */
    r = good;
    r.one[4][0].hpet.timers[0].config |= 8;
    r.one[4][0].hpet.period[0] = 1;
    assert_non_null(load(&s, &r, T0));
    /* Wrong length, instance, and a device that is not there. */
    struct hvm_save_descriptor desc = {HVM_SAVE_CODE(RTC), 0, 1};
    assert_string_equal(device_record_load(&s, &desc, &good.one[3][0], T0), "RTC");
    assert_string_equal(load_one(&s, &good.one[0][0], 0, 2, T0), "PIC");
    s.flags &= ~device_records[3].flags;
    assert_string_equal(load_one(&s, &good.one[3][0], 3, 0, T0), "RTC");
    desc.typecode = 0x77;
    assert_null(device_record_load(&s, &desc, &good.one[3][0], T0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_and_forth),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
