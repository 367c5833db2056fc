/* SPDX-License-Identifier: MIT */
/*
 * console_guest.c - guests on the hypervisor's console.  dom0 owns it: its
 * bytes pass unchanged and it gets the input.  Lines of others are shown
 * whole, marked with the domain, without control bytes, as guest_loglvl and
 * the rate limit allow.
 */
#include <cairn/console.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

#define INPUT_QUEUE      1024u
#define GUEST_LINE_LEVEL 3 /* debug */

static char input_queue[INPUT_QUEUE];
static uint32_t input_prod, input_cons; /* console lock */

bool console_guest_input(char c)
{
    unsigned long flags = console_lock();
    bool room = input_prod - input_cons < INPUT_QUEUE;

    if (room)
        input_queue[input_prod++ % INPUT_QUEUE] = c;
    console_unlock(flags);
    return room;
}

size_t console_guest_read(char *buf, size_t len)
{
    unsigned long flags = console_lock();
    size_t n = 0;

    while (n < len && input_cons != input_prod)
        buf[n++] = input_queue[input_cons++ % INPUT_QUEUE];
    console_unlock(flags);
    return n;
}

/* Console lock held. */
static void line_flush(struct domain *d)
{
    char text[sizeof(d->guest_line) + 16];
    int n;

    if (log_level_shown(GUEST_LINE_LEVEL, true, &d->guest_log_window, &d->guest_log_count)) {
        n = scnprintf(text, sizeof(text), "(d%u) %.*s\n", d->domain_id, (int)d->guest_line_len,
                      d->guest_line);
        console_emit(CONSOLE_XEN, text, n);
    }
    d->guest_line_len = 0;
}

void console_guest_write(struct domain *d, const char *buf, size_t len)
{
    unsigned long flags = console_lock();

    if (d->is_privileged) {
        console_emit(CONSOLE_DOM0, buf, len);
        console_unlock(flags);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        char c = buf[i];
        if (c == '\n' || d->guest_line_len == sizeof(d->guest_line))
            line_flush(d);
        if ((c >= ' ' && c < 0x7f) || c == '\t')
            d->guest_line[d->guest_line_len++] = c;
    }
    console_unlock(flags);
}
