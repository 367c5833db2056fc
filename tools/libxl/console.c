/* SPDX-License-Identifier: MIT */
/*
 * console.c - see console.h.
 *
 * Owns the list of consoles, newest first, which holds one reference to each.
 */
#include "libxl/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consoled/logfile.h"
#include "consoled/ring.h"
#include "libxl/log.h"
#include "plat.h"

#define BACKLOG_MIN 4096u
#define PASS_BYTES  2048u
#define INPUT_QUEUE 1024u

struct pvcon {
    struct pvcon *next;
    unsigned int references;
    unsigned int readers;
    domid_t domid;
    char name[64];
    bool attached; /* ring mapped, port bound */
    bool ended;
    int reason;
    struct ring ring;
    uint32_t port; /* dom0's */
    bool broken_told;
    struct logfile log;
    char *backlog; /* circular; counters only grow */
    size_t backlog_size;
    uint64_t head, tail;
    char input[INPUT_QUEUE];
    size_t input_len;
};

static struct pvcon *consoles;

struct pvcon *pvcon_get(struct pvcon *console)
{
    console->references++;
    return console;
}

void pvcon_put(struct pvcon *console)
{
    if (!console || --console->references)
        return;
    logfile_close(&console->log);
    free(console->backlog);
    free(console);
}

static void unlist(struct pvcon *console)
{
    for (struct pvcon **at = &consoles; *at; at = &(*at)->next) {
        if (*at == console) {
            *at = console->next;
            pvcon_put(console);
            return;
        }
    }
}

/* Forget dead consoles called @name, and the oldest of too many. */
static void forget_dead(const char *name)
{
    unsigned int dead = 0;

    for (struct pvcon *c = consoles, *next; c; c = next) {
        next = c->next;
        if (c->ended && (++dead > CONSOLE_MAX_DEAD || (name && strcmp(c->name, name) == 0)))
            unlist(c);
    }
}

/*
 * Make room for @len more bytes, growing up to @max; beyond that the oldest
 * bytes go.  Out of memory means a smaller backlog, not a failure.
 */
static void backlog_reserve(struct pvcon *c, size_t len, size_t max)
{
    size_t used = c->tail - c->head;

    while (used + len > c->backlog_size && c->backlog_size < max) {
        size_t size = c->backlog_size ? 2 * c->backlog_size : BACKLOG_MIN;
        char *bytes = malloc(size);

        if (!bytes)
            break;
        for (uint64_t i = c->head; i != c->tail; i++)
            bytes[i & (size - 1)] = c->backlog[i & (c->backlog_size - 1)];
        free(c->backlog);
        c->backlog = bytes;
        c->backlog_size = size;
    }
    if (used + len > c->backlog_size)
        c->head = c->tail + len - c->backlog_size;
    if (c->head > c->tail)
        c->head = c->tail;
}

static void backlog_append(struct pvcon *c, const char *bytes, size_t len, size_t max)
{
    backlog_reserve(c, len, max);
    for (size_t i = 0; i < len && c->backlog_size; i++)
        c->backlog[c->tail++ & (c->backlog_size - 1)] = bytes[i];
}

/* Output as the guest made it, or our own remark about it. */
static void record(struct pvcon *c, const char *bytes, size_t len, size_t max)
{
    logfile_append(&c->log, bytes, len);
    backlog_append(c, bytes, len, max);
}

/* Take up to @room bytes from the guest.  Returns how many. */
static size_t take_output(struct pvcon *c, size_t room, size_t max)
{
    static const char notice[] = "\n[console ring corrupt: output dropped]\n";
    char buf[PASS_BYTES];
    bool broken = false;

    size_t nr = ring_take(&c->ring, buf, room < sizeof(buf) ? room : sizeof(buf), &broken);
    if (broken && !c->broken_told) {
        c->broken_told = true;
        record(c, notice, sizeof(notice) - 1, max);
    }
    record(c, buf, nr, max);
    return nr;
}

static size_t give_input(struct pvcon *c)
{
    size_t nr = ring_give(&c->ring, c->input, c->input_len);

    c->input_len -= nr;
    memmove(c->input, c->input + nr, c->input_len);
    return nr;
}

/* One pass: at most a ring full of output.  Returns true if more waits. */
static bool service(struct pvcon *c)
{
    if (!c->attached)
        return false;
    size_t room = PASS_BYTES;
    if (c->readers && CONSOLE_BACKLOG_MAX - (c->tail - c->head) < room)
        room = CONSOLE_BACKLOG_MAX - (c->tail - c->head);

    size_t moved = take_output(c, room, CONSOLE_BACKLOG_MAX) + give_input(c);
    if (moved) {
        ctl_evtchn_send(c->port);
        if (c->readers)
            plat_wake();
    }
    return moved && ring_has_output(&c->ring);
}

bool pvcon_service_all(void)
{
    bool more = false;

    for (struct pvcon *c = consoles; c; c = c->next)
        more = service(c) || more;
    return more;
}

static int connect_ring(struct pvcon *c, uint64_t frame, uint32_t remote_port)
{
    void *page = plat_map_foreign(c->domid, &frame, 1, true, NULL);
    if (!page)
        return -XEN_EFAULT;

    int rc = ctl_evtchn_bind(c->domid, remote_port, &c->port);
    if (rc < 0)
        goto unmap;
    /* No function: an event wakes the daemon thread, which looks at all. */
    rc = plat_evtchn_bind(c->port, NULL, NULL);
    if (rc < 0)
        goto close;
    ring_init(&c->ring, page);
    c->attached = true;
    return 0;

close:
    ctl_evtchn_close(c->port);
unmap:
    plat_unmap_foreign(page, 1);
    return rc;
}

int pvcon_attach(domid_t domid, const char *name, uint64_t frame, uint32_t port,
                 struct pvcon **console)
{
    struct pvcon *c = calloc(1, sizeof(*c));

    if (!c)
        return -XEN_ENOMEM;
    c->domid = domid;
    c->references = 2; /* the list's and the caller's */
    snprintf(c->name, sizeof(c->name), "%s", name);
    int rc = connect_ring(c, frame, port);
    if (rc < 0) {
        free(c);
        return rc;
    }
    forget_dead(name);
    logfile_open(&c->log, name);
    c->next = consoles;
    consoles = c;
    *console = c;
    return 0;
}

void pvcon_close(struct pvcon *c, int reason)
{
    if (!c || c->ended)
        return;
    if (c->attached) {
        /* The domain no longer runs, so one ring full is all there can be. */
        take_output(c, PASS_BYTES, 2 * CONSOLE_BACKLOG_MAX);
        plat_evtchn_unbind(c->port);
        ctl_evtchn_close(c->port);
        plat_unmap_foreign(c->ring.shared, 1);
        c->attached = false;
    }
    logfile_close(&c->log);
    c->ended = true;
    c->reason = reason;
    if (c->head == c->tail || reason == CONSOLE_NEVER_RAN)
        unlist(c); /* may have been the last reference: c is gone */
    forget_dead(NULL);
    plat_wake();
}

struct pvcon *pvcon_find(const char *name)
{
    for (struct pvcon *c = consoles; c; c = c->next) {
        if (!c->ended && strcmp(c->name, name) == 0)
            return pvcon_get(c);
    }
    for (struct pvcon *c = consoles; c; c = c->next) {
        if (strcmp(c->name, name) == 0)
            return pvcon_get(c);
    }
    return NULL;
}

void pvcon_reader_enter(struct pvcon *console)
{
    console->readers++;
}

void pvcon_reader_leave(struct pvcon *console)
{
    console->readers--;
    if (console->ended && console->head == console->tail)
        unlist(console);
}

size_t pvcon_read(struct pvcon *c, char *buf, size_t size)
{
    size_t nr = 0;

    while (nr < size && c->head != c->tail)
        buf[nr++] = c->backlog[c->head++ & (c->backlog_size - 1)];
    if (nr && c->attached && ring_has_output(&c->ring))
        plat_wake(); /* there is room again for a guest that waits */
    return nr;
}

size_t pvcon_write(struct pvcon *c, const char *buf, size_t size)
{
    size_t room = INPUT_QUEUE - c->input_len;
    size_t nr = size < room ? size : room;

    if (!c->attached)
        return 0;
    memcpy(c->input + c->input_len, buf, nr);
    c->input_len += nr;
    plat_wake();
    return nr;
}

bool pvcon_ended(const struct pvcon *console, int *reason)
{
    if (console->ended && reason)
        *reason = console->reason;
    return console->ended;
}

domid_t pvcon_domid(const struct pvcon *console)
{
    return console->domid;
}

const char *pvcon_name(const struct pvcon *console)
{
    return console->name;
}
