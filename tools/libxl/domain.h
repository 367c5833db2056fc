/* SPDX-License-Identifier: MIT */
/*
 * domain.h - the domains this toolstack made: names, configurations, ends.
 *
 * The names are state of the toolstack in dom0; xenstore only tells them.
 * Threads are cooperative and no function here switches.
 */
#ifndef TOOLS_LIBXL_DOMAIN_H
#define TOOLS_LIBXL_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "libctl/libctl.h"
#include "libxl/config.h"
#include "libxl/console.h"

enum domain_state {
    DOMAIN_BUILDING, /* the name is taken, the domain not complete */
    DOMAIN_ALIVE,
    DOMAIN_ENDED, /* shut down and preserved */
};

struct domain {
    struct domain *next;
    domid_t domid;
    enum domain_state state;
    struct domain_config config;
    struct pvcon *console; /* a reference, or NULL */
    uint64_t started_ns;
    unsigned int fast_restarts; /* in a row, see watch.c */
};

/* domain_add - enter a domain in state BUILDING; NULL if memory is out. */
struct domain *domain_add(const struct domain_config *config);
/* domain_remove - forget it; its console reference is given back. */
void domain_remove(struct domain *d);

struct domain *domain_find_name(const char *name);
struct domain *domain_find_id(domid_t domid);
/* domain_each - the one after @d, the first for NULL; NULL at the end. */
struct domain *domain_each(const struct domain *d);

/* domain_name - of any domain; "(null)" as Xen's for one not made here. */
const char *domain_name(domid_t domid);

/*
 * domain_resolve - a name or a number to the number of an existing domain.
 * Returns 0, or -1 after logging the error.
 */
int domain_resolve(const char *text, domid_t *domid);

/*
 * domain_destroy - kill a domain at once, whoever made it.
 * @reason  for those who watch its console
 * Returns 0 or -errno.
 */
int domain_destroy(domid_t domid, int reason);

/* domain_reason_name - of a SHUTDOWN_ or CONSOLE_ reason. */
const char *domain_reason_name(int reason);

#endif
