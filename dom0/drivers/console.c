/* SPDX-License-Identifier: MIT */
/*
 * console.c - console through CONSOLEIO, as the domain the hypervisor gives
 * its input to.  No echo and no lines: whoever reads does that.  What is typed
 * while nobody reads waits in a ring; when that is full, the rest is lost.
 */
#include "drivers/console.h"

#include <stdint.h>
#include <xen/errno.h>
#include <xen/xen.h>

#include "kernel/events.h"
#include "kernel/hypercall.h"
#include "plat.h"

#define RING_SIZE 4096

static char ring[RING_SIZE];
static unsigned int ring_in, ring_out; /* free running */

static void console_fetch(uint32_t port, void *arg)
{
    char buf[64];
    long got;

    do {
        got = hypercall_console_io(CONSOLEIO_read, sizeof(buf), buf);
        for (long i = 0; i < got; i++)
            if (ring_in - ring_out < RING_SIZE)
                ring[ring_in++ % RING_SIZE] = buf[i];
    } while (got == sizeof(buf));
}

int console_init(void)
{
    return events_bind_virq(VIRQ_CONSOLE, console_fetch, NULL);
}

void console_write(const char *buf, size_t len)
{
    while (len) {
        size_t part = len < 1024 ? len : 1024;

        if (hypercall_console_io(CONSOLEIO_write, part, (void *)buf) < 0)
            return;
        buf += part;
        len -= part;
    }
}

static void (*print)(const char *buf, size_t len) = console_write;

void console_print(const char *buf, size_t len)
{
    print(buf, len);
}

void console_divert(void (*divert)(const char *buf, size_t len))
{
    print = divert ? divert : console_write;
}

size_t plat_console_read(char *buf, size_t len)
{
    size_t n = 0;

    console_fetch(0, NULL);
    while (n < len && ring_out != ring_in)
        buf[n++] = ring[ring_out++ % RING_SIZE];
    return n;
}

bool console_take_interrupt(void)
{
    console_fetch(0, NULL);
    for (unsigned int at = ring_out; at != ring_in; at++) {
        if (ring[at % RING_SIZE] == 0x03) {
            ring_out = at + 1;
            return true;
        }
    }
    return false;
}

size_t console_read_wait(char *buf, size_t len)
{
    size_t n;

    while ((n = plat_console_read(buf, len)) == 0 && len)
        plat_wait(-1);
    return n;
}
