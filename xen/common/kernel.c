/* SPDX-License-Identifier: MIT */
/* kernel.c - panic and bug: the ways in which the hypervisor gives up. */
#include <asm/current.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <asm/traps.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/spinlock.h>

void panic(const char *fmt, ...)
{
    static bool panicking;
    static char text[256];
    va_list args;

    local_irq_disable();
    /* Again, or by another CPU too: the first one tells what happened. */
    if (__atomic_exchange_n(&panicking, true, __ATOMIC_SEQ_CST))
        machine_halt();
    smp_stop_others();
    spin_lock_checks_off();
    console_force_unlock();
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    printk("\n");
    show_stack(NULL);
    printk(XENLOG_ERR "****************************************\n");
    printk(XENLOG_ERR "Panic on CPU %u:\n", smp_processor_id());
    printk(XENLOG_ERR "%s\n", text);
    printk(XENLOG_ERR "****************************************\n");
    if (opt_noreboot) {
        printk(XENLOG_ERR "Halting: noreboot was given\n");
        machine_halt();
    }
    printk(XENLOG_ERR "Rebooting\n");
    machine_restart();
}

void bug(const char *file, int line, const char *what)
{
    panic("%s at %s:%d", what, file, line);
}
