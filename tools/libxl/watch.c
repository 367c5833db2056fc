/* SPDX-License-Identifier: MIT */
/*
 * watch.c - see watch.h.  Owns nothing; changes the table of domain.c.
 */
#include "libxl/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/create.h"
#include "libxl/domain.h"
#include "libxl/log.h"
#include "libxl/xsnodes.h"
#include "plat.h"
#include "xenstored/xenstored.h"

/* A domain which this often in a row lived this short is not restarted. */
#define FAST_NS      1000000000ull
#define FAST_MAXIMUM 5

static uint64_t action_for(const struct domain_config *config, int reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return config->on_poweroff;
    case SHUTDOWN_reboot:
        return config->on_reboot;
    case SHUTDOWN_crash:
        return config->on_crash;
    case SHUTDOWN_watchdog:
        return config->on_watchdog;
    case SHUTDOWN_soft_reset:
        return config->on_soft_reset;
    default:
        return ACTION_DESTROY; /* nothing here could resume a suspended one */
    }
}

/* The part of an action that there is; says so if that is not all of it. */
static uint64_t action_possible(const struct domain *d, uint64_t action)
{
    uint64_t possible = action == ACTION_COREDUMP_DESTROY   ? ACTION_DESTROY
                        : action == ACTION_COREDUMP_RESTART ? ACTION_RESTART
                        : action == ACTION_SOFT_RESET       ? ACTION_RESTART
                                                            : action;

    if (possible != action)
        log_info("%s: %s is not supported, doing %s", d->config.name, config_action_name(action),
                 config_action_name(possible));
    return possible;
}

/* Keep the ended domain under another name so that its own is free. */
static int move_aside(struct domain *d)
{
    char name[CONFIG_NAME_MAX + 16];

    snprintf(name, sizeof(name), "%.50s-%u", d->config.name, d->domid);
    char *copy = strdup(name);
    if (!copy || domain_find_name(name)) {
        free(copy);
        return -1;
    }
    free(d->config.name);
    d->config.name = copy;
    d->state = DOMAIN_ENDED;
    xsnodes_name(d->domid, d->config.uuid, copy);
    return 0;
}

static void destroy(struct domain *d, int reason)
{
    domid_t domid = d->domid;

    int rc = domain_destroy(domid, reason);
    if (rc < 0 && rc != -XEN_ESRCH) {
        log_error("domain %u: cannot destroy it: %s", domid, ctl_strerror(rc));
        d->state = DOMAIN_ENDED;
    }
}

static void restart(struct domain *d, int reason, bool keep)
{
    bool fast = plat_now_ns() - d->started_ns < FAST_NS;
    unsigned int restarts = fast ? d->fast_restarts + 1 : 0;
    struct domain_config config;
    struct domain *again;

    if (restarts > FAST_MAXIMUM) {
        log_error("%s: restarted %u times within a second each, not again", d->config.name,
                  FAST_MAXIMUM);
        destroy(d, reason);
        return;
    }
    if (config_copy(&config, &d->config) < 0) {
        log_error("%s: not enough memory to restart it", d->config.name);
        destroy(d, reason);
        return;
    }
    if (!keep)
        destroy(d, reason);
    else if (move_aside(d) < 0)
        log_error("%s: cannot rename it", config.name);
    if (domain_create(&config, false, &again) == 0)
        again->fast_restarts = restarts;
    config_free(&config);
}

static void handle_end(struct domain *d, int reason)
{
    pvcon_close(d->console, reason);
    xenstored_ended();
    switch (action_possible(d, action_for(&d->config, reason))) {
    case ACTION_RESTART:
        restart(d, reason, false);
        break;
    case ACTION_RENAME_RESTART:
        restart(d, reason, true);
        break;
    case ACTION_PRESERVE:
        d->state = DOMAIN_ENDED;
        break;
    default:
        destroy(d, reason);
    }
}

/* The first domain that has ended and is not handled, and why it ended. */
static struct domain *find_ended(int *reason)
{
    for (struct domain *d = domain_each(NULL); d; d = domain_each(d)) {
        struct xen_domctl_getdomaininfo info;

        if (d->state != DOMAIN_ALIVE)
            continue;
        int rc = ctl_domain_get_info(d->domid, &info);
        if (rc == -XEN_ESRCH || (rc == 0 && (info.flags & XEN_DOMINF_dying))) {
            *reason = CONSOLE_DESTROYED; /* somebody else did it */
            return d;
        }
        if (rc == 0 && (info.flags & XEN_DOMINF_shutdown)) {
            *reason = info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
            return d;
        }
    }
    return NULL;
}

void watch_check_all(void)
{
    struct domain *d;
    int reason;

    /* Handling one changes the list, hence from the start each time. */
    while ((d = find_ended(&reason)) != NULL)
        handle_end(d, reason);
}
