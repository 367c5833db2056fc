/* SPDX-License-Identifier: MIT */
/*
 * The registers of PIC, I/O APIC, PIT, HPET and RTC, with time as a number.
 */
/* sources: xen/arch/x86/hvm/vpic.c xen/arch/x86/hvm/vioapic.c xen/arch/x86/hvm/vpit.c xen/arch/x86/hvm/vhpet.c xen/arch/x86/hvm/vrtc.c */
/* defines: -D__XEN__ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../xen/arch/x86/hvm/vhpet.h"
#include "../../xen/arch/x86/hvm/vioapic.h"
#include "../../xen/arch/x86/hvm/vpic.h"
#include "../../xen/arch/x86/hvm/vpit.h"
#include "../../xen/arch/x86/hvm/vrtc.h"

static void pic_program(struct vpic_state *p)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } w[] = {{0x20, 0x11}, {0x21, 0x30}, {0x21, 4}, {0x21, 1}, {0xa0, 0x11},
             {0xa1, 0x38}, {0xa1, 2},    {0xa1, 1}, {0x21, 0}, {0xa1, 0}};
    vpic_reset(p);
    for (unsigned int i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        vpic_write(p, w[i].port, w[i].value);
}

static void test_pic(void **state)
{
    struct vpic_state p;
    pic_program(&p);
    assert_false(vpic_int(&p));
    vpic_set_line(&p, 9, true);
    vpic_set_line(&p, 4, true);
    assert_true(vpic_int(&p));
    assert_int_equal(vpic_ack(&p), 0x39); /* by IRQ 2: above 4 */
    assert_false(vpic_int(&p));           /* 4 is below what is in service */
    vpic_write(&p, 0xa0, 0x20);
    vpic_write(&p, 0x20, 0x20);
    assert_int_equal(vpic_ack(&p), 0x34);
    vpic_set_line(&p, 4, false);
    vpic_set_line(&p, 1, true);
    assert_int_equal(vpic_ack(&p), 0x31); /* above 4 */
    vpic_write(&p, 0x20, 0x61);           /* specific EOI */
    vpic_write(&p, 0x20, 0x0b);
    assert_int_equal(vpic_read(&p, 0x20), 1 << 4);
    vpic_write(&p, 0x20, 0x20);
    assert_int_equal(vpic_read(&p, 0x20), 0);
    assert_int_equal(vpic_ack(&p), 0x37); /* spurious */
    assert_int_equal(vpic_read(&p, 0x20), 0);
    /* Level-triggered: asks again until the line falls. */
    vpic_write(&p, 0x4d0, 0xff);
    assert_int_equal(vpic_read(&p, 0x4d0), 0xf8);
    vpic_set_line(&p, 5, true);
    assert_int_equal(vpic_ack(&p), 0x35);
    vpic_write(&p, 0x20, 0x20);
    assert_int_equal(vpic_ack(&p), 0x35);
    vpic_set_line(&p, 5, false);
    vpic_write(&p, 0x20, 0x20);
    assert_false(vpic_int(&p));
    /* Masked. */
    vpic_write(&p, 0x21, 0x40);
    vpic_set_line(&p, 6, true);
    assert_false(vpic_int(&p));
    vpic_write(&p, 0x21, 0);
    assert_true(vpic_int(&p));
}

static void ioapic_entry(struct vioapic_state *s, unsigned int pin, uint32_t high, uint32_t low)
{
    vioapic_write(s, 0, 0x11 + 2 * pin);
    vioapic_write(s, 0x10, high);
    vioapic_write(s, 0, 0x10 + 2 * pin);
    vioapic_write(s, 0x10, low);
}

static void test_ioapic(void **state)
{
    struct vioapic_state s;
    vioapic_reset(&s);
    vioapic_write(&s, 0, 1);
    assert_int_equal(vioapic_read(&s, 0x10), 47u << 16 | 0x20);
    assert_false(vioapic_set_line(&s, 3, true)); /* masked */
    vioapic_set_line(&s, 3, false);
    ioapic_entry(&s, 3, 0x05000000, 0x41);
    assert_int_equal(s.entry[3], 0x0500000000000041ull);
    assert_true(vioapic_set_line(&s, 3, true));
    vioapic_sent(&s, 3);
    assert_false(vioapic_set_line(&s, 3, true)); /* an edge once */
    vioapic_set_line(&s, 3, false);
    assert_true(vioapic_set_line(&s, 3, true));
    /* Level: again after EOI while the line is up. */
    ioapic_entry(&s, 40, 0, 0x8055);
    assert_true(vioapic_set_line(&s, 40, true));
    vioapic_sent(&s, 40);
    assert_true(s.entry[40] & VIOAPIC_IRR);
    assert_false(vioapic_set_line(&s, 40, true));
    assert_int_equal(vioapic_eoi(&s, 0x55), 1ull << 40);
    vioapic_sent(&s, 40);
    vioapic_set_line(&s, 40, false);
    assert_int_equal(vioapic_eoi(&s, 0x55), 0);
    assert_int_equal(vioapic_eoi(&s, 0x56), 0);
    /* Read-only and reserved bits; pins that do not exist. */
    ioapic_entry(&s, 47, 0xffffffff, 0xffffffff);
    assert_int_equal(s.entry[47], 0xff0000000001afffull);
    for (unsigned int index = 0; index < 256; index++) {
        vioapic_write(&s, 0, index);
        vioapic_write(&s, 0x10, 0xffffffff);
        vioapic_read(&s, 0x10);
    }
}

#define TICKS(n) ((n)*1000000000ll / 1193182 + 1)

static void test_pit(void **state)
{
    struct vpit_state s;
    vpit_reset(&s, 0);
    assert_int_equal(vpit_next_rise(&s, 5), VPIT_NEVER);
    assert_false(vpit_write(&s, 0x61, 1, 0));
    vpit_write(&s, 0x43, 0xb0, 0); /* channel 2, mode 0 */
    vpit_write(&s, 0x42, 0x10, 0);
    vpit_write(&s, 0x42, 0x27, 0); /* 10000 */
    assert_false(vpit_read(&s, 0x61, TICKS(9999)) & 0x20);
    assert_true(vpit_read(&s, 0x61, TICKS(10000)) & 0x20);
    assert_true(vpit_write(&s, 0x43, 0x34, 0)); /* channel 0, mode 2 */
    vpit_write(&s, 0x40, 0x00, 0);
    assert_true(vpit_write(&s, 0x40, 0x10, 0)); /* 4096 */
    int64_t first = vpit_next_rise(&s, 0);
    assert_in_range(first, TICKS(4096) - 2, TICKS(4096) + 2);
    int64_t second = vpit_next_rise(&s, first);
    assert_in_range(second, TICKS(8192) - 3, TICKS(8192) + 3);
    vpit_write(&s, 0x43, 0x00, TICKS(96)); /* latch */
    assert_int_equal(vpit_read(&s, 0x40, TICKS(500)), 4000 & 0xff);
    assert_int_equal(vpit_read(&s, 0x40, TICKS(500)), 4000 >> 8);
    vpit_write(&s, 0x43, 0xe2, 0); /* read back the status of channel 0 */
    assert_int_equal(vpit_read(&s, 0x40, TICKS(10)), 0xb4);
    /* One-shot: no second one. */
    vpit_write(&s, 0x43, 0x30, 0);
    vpit_write(&s, 0x40, 1, 0);
    vpit_write(&s, 0x40, 0, 0);
    assert_int_not_equal(vpit_next_rise(&s, 0), VPIT_NEVER);
    assert_int_equal(vpit_next_rise(&s, 1000000), VPIT_NEVER);
    /* All that can be written, at an odd time: no undefined behaviour. */
    for (unsigned int c = 0; c < 256; c++)
        for (unsigned int v = 0; v < 256; v += 15) {
            vpit_write(&s, 0x43, c, INT64_MAX / 2);
            for (unsigned int port = 0x40; port < 0x43; port++) {
                vpit_write(&s, port, v, INT64_MAX / 2);
                vpit_read(&s, port, INT64_MAX / 2 + 12345);
            }
            vpit_next_rise(&s, INT64_MAX / 2 + 99);
        }
}

static void test_hpet(void **state)
{
    struct vhpet_state s;
    bool level;
    vhpet_reset(&s);
    uint64_t id = vhpet_read(&s, 0, 0);
    assert_int_equal(id >> 32, 16000000);
    assert_int_equal(id >> 8 & 0x1f, VHPET_TIMERS - 1);
    assert_int_equal(vhpet_expiry(&s, 0, 0), VHPET_NEVER);
    vhpet_write(&s, 0x10, 1, 1600);
    assert_int_equal(vhpet_read(&s, 0xf0, 1600), 0);
    assert_int_equal(vhpet_read(&s, 0xf0, 1600 + 160), 10);
    vhpet_write(&s, 0x100, 4 | 20 << 9, 1600);
    vhpet_write(&s, 0x108, 100, 1600);
    assert_int_equal(vhpet_expiry(&s, 0, 1600), 1600 + 1600);
    assert_int_equal(vhpet_fired(&s, 0, 3200, &level), 20);
    assert_false(level);
    assert_int_equal(vhpet_expiry(&s, 0, 3200), VHPET_NEVER); /* 64 bits away */
    /* A pin that is not offered is wired to nothing (XSA-261). */
    for (unsigned int pin = 0; pin < 32; pin++) {
        vhpet_write(&s, 0x100, 4 | pin << 9, 1600);
        assert_int_equal(vhpet_pin(&s, 0), pin >= 20 && pin < 24 ? (int)pin : -1);
    }
    /* Periodic, level. */
    vhpet_write(&s, 0x120, 4 | 2 | 8 | 0x40 | 23 << 9, 3200);
    vhpet_write(&s, 0x128, 10000, 3200);
    vhpet_write(&s, 0x128, 5000, 3200);
    int64_t at = vhpet_expiry(&s, 1, 3200);
    assert_int_equal(at, 1600 + 160000);
    assert_int_equal(vhpet_fired(&s, 1, at, &level), 23);
    assert_true(level);
    assert_int_equal(vhpet_read(&s, 0x20, at), 2);
    assert_int_equal(vhpet_expiry(&s, 1, at), at + 80000);
    vhpet_write(&s, 0x20, 2, at);
    assert_int_equal(vhpet_read(&s, 0x20, at), 0);
    /* Legacy: pins 2 and 8. */
    vhpet_write(&s, 0x10, 3, at);
    vhpet_write(&s, 0x100, 4, at);
    assert_int_equal(vhpet_pin(&s, 0), 2);
    assert_int_equal(vhpet_pin(&s, 1), 8);
    /* Any value in any register, at times far apart. */
    uint64_t x = 1;
    for (unsigned int i = 0; i < 200000; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        int64_t now = x >> 3;
        vhpet_write(&s, (x >> 40 & 0x3f) * 8, x ^ x << 20, now);
        vhpet_read(&s, (x >> 30 & 0x3f) * 8, now);
        for (unsigned int n = 0; n < VHPET_TIMERS; n++) {
            assert_true(vhpet_expiry(&s, n, now) >= now);
            if (vhpet_pin(&s, n) >= 0)
                vhpet_fired(&s, n, now, &level);
        }
    }
}

static uint8_t cmos(struct vrtc_state *s, unsigned int index, uint64_t date)
{
    vrtc_write(s, 0x70, index, date, 0);
    return vrtc_read(s, 0x71, date, 0);
}

static void set_cmos(struct vrtc_state *s, unsigned int index, uint8_t v, uint64_t date)
{
    vrtc_write(s, 0x70, index, date, 0);
    vrtc_write(s, 0x71, v, date, 0);
}

static void test_rtc(void **state)
{
    const uint64_t date = 1709210096; /* 2024-02-29 12:34:56, a Thursday */
    static const uint8_t want[] = {0x56, 0, 0x34, 0, 0x12, 0, 5, 0x29, 2, 0x24};
    struct vrtc_state s;
    vrtc_reset(&s, 0);
    for (unsigned int i = 0; i < sizeof(want); i++)
        if (i != 1 && i != 3 && i != 5)
            assert_int_equal(cmos(&s, i, date), want[i]);
    assert_int_equal(cmos(&s, 0x32, date), 0x20);
    assert_int_equal(cmos(&s, 0xd, date), 0x80);
    set_cmos(&s, 0xb, 0x80 | 4, date); /* set, binary, 12 hours */
    set_cmos(&s, 0, 1, date);
    set_cmos(&s, 2, 2, date);
    set_cmos(&s, 4, 0x83, date); /* 3 p.m. */
    set_cmos(&s, 7, 1, date);
    set_cmos(&s, 8, 3, date);
    set_cmos(&s, 9, 25, date);
    set_cmos(&s, 0x32, 20, date);
    set_cmos(&s, 0xb, 4, date);
    assert_int_equal(cmos(&s, 4, date), 0x83);
    set_cmos(&s, 0xb, 4 | 2, date);
    assert_int_equal(cmos(&s, 4, date), 15);
    assert_int_equal(cmos(&s, 0, date + 5), 6);
    assert_int_equal(cmos(&s, 7, date + 86400), 2);
    /* Periodic. */
    assert_int_equal(vrtc_expiry(&s, 0), VRTC_NEVER);
    set_cmos(&s, 0xb, 0x42, date);
    int64_t at = vrtc_expiry(&s, 0);
    assert_int_equal(at, 976562);
    assert_true(vrtc_fired(&s, at));
    assert_true(vrtc_irq(&s));
    assert_false(vrtc_fired(&s, at * 2));
    assert_int_equal(cmos(&s, 0xc, date), 0xc0);
    assert_false(vrtc_irq(&s));
    for (unsigned int i = 0; i < 65536; i++) {
        set_cmos(&s, i >> 8, i, date);
        cmos(&s, i, date + i * 99991ull);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pic),  cmocka_unit_test(test_ioapic), cmocka_unit_test(test_pit),
        cmocka_unit_test(test_hpet), cmocka_unit_test(test_rtc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
