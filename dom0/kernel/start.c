/* SPDX-License-Identifier: MIT */
/*
 * start.c - the kernel from its first C line to the first program.
 * Owns `boot'.  Anything that fails here ends the domain with a message.
 */
#include "kernel/kernel.h"

#include <stdint.h>
#include <xen/sched.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/init.h"
#include "drivers/console.h"
#include "kernel/events.h"
#include "kernel/hypercall.h"
#include "kernel/mm.h"
#include "kernel/time.h"
#include "kernel/traps.h"

void start(const start_info_t *si, unsigned long boot_rsp) __attribute__((noreturn));

struct boot boot;

static const struct {
    const char *name;
    int (*init)(void);
} init_list[] = {
    {"exceptions", traps_init}, {"memory", mm_init},       {"event channels", events_init},
    {"clock", time_init},       {"console", console_init},
};

void start(const start_info_t *si, unsigned long boot_rsp)
{
    boot.tsc = time_tsc();
    boot.si = si;
    boot.boot_rsp = boot_rsp;

    for (size_t i = 0; i < sizeof(init_list) / sizeof(init_list[0]); i++) {
        int rc = init_list[i].init();

        if (rc)
            kernel_panic("%s: cannot start: error %d", init_list[i].name, rc);
    }
    init_main((const char *)si->cmd_line);
}

void kernel_shutdown(unsigned int reason)
{
    struct sched_shutdown arg = {.reason = reason};

    hypercall_sched_op(SCHEDOP_shutdown, &arg);
    for (;;) /* a refused shutdown must not go on as if nothing were */
        hypercall_sched_op(SCHEDOP_block, NULL);
}

void kernel_panic(const char *fmt, ...)
{
    static char text[256];
    va_list args;

    va_start(args, fmt);
    vsniprintf(text, sizeof(text), fmt, args);
    va_end(args);
    console_write("dom0: ", 6);
    console_write(text, strlen(text));
    console_write("\n", 1);
    kernel_shutdown(SHUTDOWN_crash);
}
