/* SPDX-License-Identifier: MIT */
/*
 * What a kernel has programmed into the PC's devices must survive `xl save'
 * and `xl restore': PIC, I/O APIC, PIT, RTC with its CMOS bytes, HPET, PM timer;
 * between the two halves of a count, with interrupts waiting, timers running.
 *
 * With `wait' on the command line the domain may be saved and restored between
 * the two looks; else nothing happens there, and all must stay too.
 */
#include <guest/apic.h>
#include <guest/test.h>
#include <guest/xenstore.h>

const char test_title[] = "Devices over save and restore";

#define IOAPIC       0xfec00000u
#define HPET         0xfed00000u
#define PM_TIMER     0x1f48
#define PM_HZ        3579545u
#define HPET_HZ      62500000u
#define LEVEL        (1u << 15)
#define MASKED       (1u << 16)
#define VECTOR_PIT   0x61
#define VECTOR_RTC   0x62
#define VECTOR_HPET  0x63
#define VECTOR_HPET1 0x64
#define PIN_HPET     20
#define PINS         48

struct state {
    uint32_t pic[6], ioapic[2 * PINS], ioapic_id;
    uint32_t pit[3], rtc[7], hpet[8];
};
static struct state before, after;

static uint32_t cmos(uint8_t index)
{
    outb(index, 0x70);
    return inb(0x71);
}

static void cmos_write(uint8_t index, uint8_t value)
{
    outb(index, 0x70);
    outb(value, 0x71);
}

static uint32_t ioapic(uint8_t index)
{
    mmio_write32(IOAPIC, index);
    return mmio_read32(IOAPIC + 0x10);
}

static void ioapic_write(uint8_t index, uint32_t value)
{
    mmio_write32(IOAPIC, index);
    mmio_write32(IOAPIC + 0x10, value);
}

static void read_state(struct state *s)
{
    static const uint8_t bytes[] = {0x0a, 0x0b, 0x40, 0x7f, 0x09, 0x32, 0x01};
    static const uint16_t words[] = {0x10, 0x20, 0x100, 0x104, 0x120, 0x128, 0x12c, 0x140};
    static const uint16_t ports[] = {0x20, 0xa0, 0x21, 0xa1, 0x4d0, 0x4d1};

    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++)
        s->pic[i] = inb(ports[i]); /* of the first two IRR and ISR */
    for (unsigned int i = 0; i < 2 * PINS; i++)
        s->ioapic[i] = ioapic(0x10 + i);
    s->ioapic_id = ioapic(0);
    for (unsigned int i = 0; i < 3; i++) {
        outb(0xe0 | 2u << i, 0x43); /* status: mode and access; its output changes */
        s->pit[i] = inb(0x40 + i) & 0x7f;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(bytes); i++)
        s->rtc[i] = cmos(bytes[i]) & (bytes[i] == 0x0a ? 0x7f : 0xff);
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        s->hpet[i] = mmio_read32(HPET + words[i]);
}

static void program_pic(void)
{
    static const uint8_t icw[][2] = {{0x11, 0x11}, {0x40, 0x48}, {4, 2}, {1, 1}, {0xff, 0xfe}};

    for (unsigned int i = 0; i < ARRAY_SIZE(icw); i++) {
        outb(icw[i][0], i ? 0x21 : 0x20);
        outb(icw[i][1], i ? 0xa1 : 0xa0);
    }
    outb(0x20, 0x4d0);
    outb(0x0c, 0x4d1);
    outb(0xc3, 0x20); /* IRQ 3 has the lowest priority */
}

/* Channel 0: 100 Hz.  1: half of a count is written.  2: half of a latched one is read. */
static uint8_t latched_low;
static void program_pit(void)
{
    outb(0x34, 0x43);
    outb(11932 & 0xff, 0x40);
    outb(11932 >> 8, 0x40);
    outb(0x70, 0x43);
    outb(0x34, 0x41);
    outb(0xb0, 0x43);
    outb(0xff, 0x42);
    outb(0xff, 0x42);
    outb(inb(0x61) | 1, 0x61);
    outb(0x80, 0x43);
    latched_low = inb(0x42);
}

static void program(void)
{
    program_pic();
    ioapic_write(0, 0x05000000);
    for (unsigned int pin = 3; pin < 8; pin++) {
        ioapic_write(0x10 + 2 * pin, MASKED | LEVEL | (pin << 8 & 0x700) | (0x70 + pin));
        ioapic_write(0x11 + 2 * pin, pin << 28);
    }
    ioapic_write(0x10 + 2 * 2, VECTOR_PIT);
    ioapic_write(0x10 + 2 * 8, VECTOR_RTC);
    ioapic_write(0x10 + 2 * PIN_HPET, VECTOR_HPET);
    ioapic_write(0x10 + 2 * (PIN_HPET + 1), VECTOR_HPET1 | LEVEL);
    program_pit();
    cmos_write(0x0a, 0x2a); /* 64 Hz */
    cmos_write(0x32, 0x21);
    cmos_write(0x09, 0x42);
    cmos_write(0x40, 0xa5);
    cmos_write(0x7f, 0x5a);
    cmos_write(0x01, 0x33); /* the alarm's second */
    cmos_write(0x0b, 0x42); /* 24 hours, BCD, periodic interrupts */
    /* Timer 0, of 32 bits, every 10 ms; timer 1 a level, long ago at its comparator. */
    mmio_write32(HPET + 0x100, PIN_HPET << 9 | 0x14c);
    mmio_write32(HPET + 0x108, HPET_HZ / 100);
    mmio_write32(HPET + 0x108, HPET_HZ / 100);
    mmio_write32(HPET + 0x120, (PIN_HPET + 1) << 9 | 6);
    mmio_write32(HPET + 0x128, 1000);
    mmio_write32(HPET + 0x12c, 0);
    mmio_write32(HPET + 0x10, 1);
}

static uint32_t hpet_counter(void)
{
    return mmio_read32(HPET + 0xf0);
}

static void pause_ms(uint32_t ms)
{
    for (uint32_t begin = hpet_counter(); hpet_counter() - begin < ms * (HPET_HZ / 1000);)
        asm volatile("pause");
}

static uint32_t pm_timer(void)
{
    uint32_t value;
    asm volatile("inl %w1, %0" : "=a"(value) : "Nd"(PM_TIMER));
    return value;
}

/* In the handler, before the EOI: take the reason away. */
static void take(unsigned int vector)
{
    if (vector == VECTOR_RTC)
        cmos(0x0c);
    if (vector == VECTOR_HPET1)
        mmio_write32(HPET + 0x20, 2);
}

static void check_running(const char *when)
{
    irq_reset();
    irq_on();
    pause_ms(100);
    irq_off();
    printk("  %s, in 100 ms: PIT %u, RTC %u, HPET %u and %u\n", when, irq_log.count[VECTOR_PIT],
           irq_log.count[VECTOR_RTC], irq_log.count[VECTOR_HPET], irq_log.count[VECTOR_HPET1]);
    check_true("the PIT's interrupts", irq_log.count[VECTOR_PIT] >= 5);
    check_true("the RTC's", irq_log.count[VECTOR_RTC] >= 5);
    check_true("the HPET's", irq_log.count[VECTOR_HPET] >= 5);
}

static void compare(const char *what, const uint32_t *was, const uint32_t *is, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        check_equal(what, is[i], was[i]);
}
#define COMPARE(field) compare(#field, before.field, after.field, ARRAY_SIZE(before.field))

static void finish_halves(void)
{
    outb(0xff, 0x41); /* ff34h in channel 1 is whole now */
    outb(0x40, 0x43);
    uint32_t count = inb(0x41);
    count |= inb(0x41) << 8;
    check_true("a count, half before and half after", count <= 0xff34 && count > 0x4000);
    uint8_t high = inb(0x42);
    outb(0x80, 0x43);
    count = inb(0x42);
    count |= inb(0x42) << 8;
    /* Latched soon after it was loaded with ffffh; it has gone on since. */
    check_true("the other half of a latched count", high >= 0xe0);
    check_true("which goes on", count < (uint32_t)(high << 8 | latched_low));
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("needs the devices as Xen places them");
        return;
    }
    irq_init();
    irq_hook = take;
    if (!apic_init()) {
        report_error("no local APIC");
        return;
    }
    program();
    check_running("new");
    program_pit();
    pause_ms(30); /* from here on interrupts wait, whatever comes */
    read_state(&before);
    mmio_write32(IOAPIC, 0x1b);
    uint32_t counter = hpet_counter(), pm = pm_timer();
    printk("  before: PIC %x %x, pin 5 %x, RTC %x %x, HPET %x status %x\n", before.pic[0],
           before.pic[4], before.ioapic[10], before.rtc[0], before.rtc[2], before.hpet[2],
           before.hpet[1]);
    if (cmdline_has("wait"))
        check_true("ready, and let go", xenstore_await_go());
    uint32_t pm_later = pm_timer() - pm, counter_later = hpet_counter() - counter;
    check_equal("the I/O APIC's window", mmio_read32(IOAPIC), 0x1b);
    read_state(&after);
    printk("  after: PIC %x %x, pin 5 %x, RTC %x %x, HPET %x status %x\n", after.pic[0],
           after.pic[4], after.ioapic[10], after.rtc[0], after.rtc[2], after.hpet[2],
           after.hpet[1]);
    COMPARE(pic);
    COMPARE(ioapic);
    COMPARE(pit);
    COMPARE(rtc);
    COMPARE(hpet);
    check_equal("I/O APIC ID", after.ioapic_id, before.ioapic_id);
    finish_halves();
    printk("  meanwhile HPET %u, PM timer %u\n", counter_later, pm_later);
    check_true("HPET and PM timer agree on the time between",
               counter_later < 20 * HPET_HZ &&
                   pm_later / (PM_HZ / 1000) + 10 > counter_later / (HPET_HZ / 1000) &&
                   pm_later / (PM_HZ / 1000) < counter_later / (HPET_HZ / 1000) + 10);
    check_running("at the end");
    report_success(NULL);
}
