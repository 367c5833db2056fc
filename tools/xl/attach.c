/* SPDX-License-Identifier: MIT */
/*
 * attach.c - see attach.h.  Owns nothing.
 */
#include "xl/attach.h"

#include <stdio.h>
#include <string.h>

#include "libxl/domain.h"
#include "plat.h"

/* Waits end by events; this only bounds what a lost one could do. */
#define LOOK_MS 1000

/* Print what there is.  Returns whether there was something. */
static bool print_output(struct pvcon *console)
{
    char buf[512];
    size_t nr = pvcon_read(console, buf, sizeof(buf));

    if (nr) {
        fwrite(buf, 1, nr, stdout);
        fflush(stdout);
    }
    return nr > 0;
}

/* Pass on what was typed.  Returns false if that was the escape key. */
static bool pass_input(struct pvcon *console, char escape)
{
    char buf[64];
    size_t nr = plat_console_read(buf, sizeof(buf));
    char *stop = memchr(buf, escape, nr);

    pvcon_write(console, buf, stop ? (size_t)(stop - buf) : nr);
    return !stop;
}

bool attach_console(struct pvcon *console, char escape)
{
    bool ended = false;

    pvcon_reader_enter(console);
    for (;;) {
        if (print_output(console))
            continue;
        ended = pvcon_ended(console, NULL);
        if (ended || !pass_input(console, escape))
            break;
        plat_wait(LOOK_MS);
    }
    pvcon_reader_leave(console);
    return ended;
}

/* Ctrl-C was typed; takes all that was. */
static bool interrupted(void)
{
    char buf[64];
    size_t nr = plat_console_read(buf, sizeof(buf));

    return memchr(buf, 0x03, nr) != NULL;
}

bool attach_wait_end(const struct pvcon *console)
{
    while (!pvcon_ended(console, NULL)) {
        if (interrupted())
            return false;
        plat_wait(LOOK_MS);
    }
    return true;
}

void attach_print_end(const struct pvcon *console)
{
    int reason = 0;

    pvcon_ended(console, &reason);
    printf("Domain %s (id %u) shut down: reason %s\n", pvcon_name(console), pvcon_domid(console),
           domain_reason_name(reason));
}
