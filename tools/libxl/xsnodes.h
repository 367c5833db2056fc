/* SPDX-License-Identifier: MIT */
/*
 * xsnodes.h - what xenstore says of a domain, and asks it to do.
 */
#ifndef TOOLS_LIBXL_XSNODES_H
#define TOOLS_LIBXL_XSNODES_H

#include "libxl/config.h"
#include "libxl/domain.h"

/* Where a domain's rings are. */
struct xsnodes_rings {
    uint64_t store_frame, console_frame;
    uint32_t store_port, console_port;
};

/* xsnodes_host - enter domain 0, once. */
void xsnodes_host(void);

/*
 * xsnodes_add - enter a new domain and begin to serve its ring.
 * Returns 0 or -XEN_E*, then nothing is left.
 */
int xsnodes_add(domid_t domid, const struct domain_config *config,
                const struct xsnodes_rings *rings);

/* xsnodes_remove - undo it, before the domain is destroyed; idempotent. */
void xsnodes_remove(domid_t domid, const uint8_t *uuid);

/* xsnodes_name - the domain is called @name from now on. */
void xsnodes_name(domid_t domid, const uint8_t *uuid, const char *name);

/* xsnodes_ask - write @what, such as "poweroff", to control/shutdown. */
int xsnodes_ask(domid_t domid, const char *what);

/* xsnodes_uuid - as text, into @text of 37 bytes. */
void xsnodes_uuid(const uint8_t *uuid, char *text);

#endif
