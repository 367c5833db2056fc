/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the end of the machine: halt, restart, power off.  Each waits
 * until the serial line is empty, since some emulators stop at once.
 */
#include <asm/traps.h>

#include <asm/processor.h>
#include <asm/smp.h>
#include <cairn/acpi.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/time.h>

#define SLP_EN (1u << 13)

bool opt_noreboot;
boolean_param("noreboot", opt_noreboot);

void machine_halt(void)
{
    smp_stop_others();
    console_flush();
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

static void triple_fault(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __packed none = {0, 0};

    __asm__ volatile("lidt %0; int3" ::"m"(none));
}

void machine_restart(void)
{
    local_irq_disable();
    smp_stop_others();
    console_flush();
    if (acpi.reset_port)
        outb(acpi.reset_port, acpi.reset_value);
    outb(0xcf9, 0x02);
    outb(0xcf9, 0x06);
    for (unsigned int i = 0; i < 10000 && (inb(0x64) & 2); i++)
        cpu_relax();
    outb(0x64, 0xfe);
    for (unsigned int i = 0; i < 100000; i++)
        inb(0x64);
    triple_fault();
    machine_halt();
}

void machine_poweroff(void)
{
    local_irq_disable();
    smp_stop_others();
    console_flush();
    if (acpi.pm1a_cnt && acpi.s5_known) {
        uint16_t keep = inw(acpi.pm1a_cnt) & ~(7u << 10 | SLP_EN);
        outw(acpi.pm1a_cnt, keep | acpi.s5_typ_a << 10 | SLP_EN);
        if (acpi.pm1b_cnt)
            outw(acpi.pm1b_cnt,
                 (inw(acpi.pm1b_cnt) & ~(7u << 10 | SLP_EN)) | acpi.s5_typ_b << 10 | SLP_EN);
        /* Time for the chip set, or for an emulator's other thread. */
        for (s_time_t end = NOW() + SECONDS(2); NOW() < end;)
            inb(0x64);
    }
    printk(XENLOG_ERR "Power off by ACPI did not work: halting\n");
    machine_halt();
}
