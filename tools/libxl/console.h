/* SPDX-License-Identifier: MIT */
/*
 * console.h - the consoles of all domains, dead or alive.
 *
 * A console is attached when its domain is built and serviced by the daemon
 * thread.  Output goes to the log file and to a backlog from which a reader
 * (xl console, xl create -c) takes it.  While somebody reads, a full backlog
 * makes the guest wait, so that nothing is lost; while nobody does, the oldest
 * bytes are dropped.  After the domain's end the console stays readable until
 * it has been read or CONSOLE_MAX_DEAD others have died.
 *
 * Threads are cooperative and no function here switches.
 */
#ifndef TOOLS_LIBXL_CONSOLE_H
#define TOOLS_LIBXL_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libctl/libctl.h"

#define CONSOLE_BACKLOG_MAX (64u * 1024)
#define CONSOLE_MAX_DEAD    4

struct pvcon;

/*
 * pvcon_attach - map the ring of @domid and connect to it.
 * @frame  the ring's guest frame (HVM) or machine frame (PV)
 * @port   the domain's port, to which dom0 may bind
 * The ring goes on from the indices in it.  Returns 0 and a reference, which
 * pvcon_put() gives back; or -errno, then nothing has changed.
 */
int pvcon_attach(domid_t domid, const char *name, uint64_t frame, uint32_t port,
                 struct pvcon **console);

/*
 * pvcon_close - take the last output and disconnect; idempotent.
 * To be called before the domain is destroyed, so that no foreign mapping
 * keeps its memory.  @reason is the SHUTDOWN_ code, CONSOLE_DESTROYED or
 * CONSOLE_NEVER_RAN.
 */
#define CONSOLE_DESTROYED (-1)
#define CONSOLE_NEVER_RAN (-2)
void pvcon_close(struct pvcon *console, int reason);

/* pvcon_find - by name, living ones first; a reference, or NULL. */
struct pvcon *pvcon_find(const char *name);
struct pvcon *pvcon_get(struct pvcon *console);
void pvcon_put(struct pvcon *console);

/* A reader announces itself so that nothing is dropped meanwhile. */
void pvcon_reader_enter(struct pvcon *console);
void pvcon_reader_leave(struct pvcon *console);

/* pvcon_read - take up to @size bytes of the guest's output. */
size_t pvcon_read(struct pvcon *console, char *buf, size_t size);
/* pvcon_write - queue input for the guest; returns how much was taken. */
size_t pvcon_write(struct pvcon *console, const char *buf, size_t size);

/* pvcon_ended - the domain is gone and *@reason, if not NULL, says why. */
bool pvcon_ended(const struct pvcon *console, int *reason);
domid_t pvcon_domid(const struct pvcon *console);
const char *pvcon_name(const struct pvcon *console);

/*
 * pvcon_service_all - one bounded pass over all consoles.
 * Returns true if some have more to do at once.
 */
bool pvcon_service_all(void);

#endif
