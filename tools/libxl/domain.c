/* SPDX-License-Identifier: MIT */
/*
 * domain.c - see domain.h.  Owns the list of domains, oldest first.
 */
#include "libxl/domain.h"

#include <stdlib.h>
#include <string.h>

#include "libxl/log.h"
#include "libxl/xsnodes.h"

static struct domain *domains;

struct domain *domain_add(const struct domain_config *config)
{
    struct domain *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    if (config_copy(&d->config, config) < 0) {
        free(d);
        return NULL;
    }
    d->domid = DOMID_INVALID;
    d->state = DOMAIN_BUILDING;
    struct domain **tail = &domains;
    while (*tail)
        tail = &(*tail)->next;
    *tail = d;
    return d;
}

void domain_remove(struct domain *d)
{
    struct domain **at = &domains;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    pvcon_put(d->console);
    config_free(&d->config);
    free(d);
}

struct domain *domain_each(const struct domain *d)
{
    return d ? d->next : domains;
}

struct domain *domain_find_name(const char *name)
{
    struct domain *d = domains;

    while (d && strcmp(d->config.name, name) != 0)
        d = d->next;
    return d;
}

struct domain *domain_find_id(domid_t domid)
{
    struct domain *d = domains;

    while (d && d->domid != domid)
        d = d->next;
    return d;
}

const char *domain_name(domid_t domid)
{
    const struct domain *d = domain_find_id(domid);

    if (d)
        return d->config.name;
    return domid == 0 ? "Domain-0" : "(null)";
}

int domain_resolve(const char *text, domid_t *domid)
{
    struct xen_domctl_getdomaininfo info;
    const struct domain *d = domain_find_name(text);
    char *end;

    if (d && d->state == DOMAIN_BUILDING) {
        log_error("domain '%s' is still being built", text);
        return -1;
    }
    if (d) {
        *domid = d->domid;
        return 0;
    }
    if (strcmp(text, "Domain-0") == 0) {
        *domid = 0;
        return 0;
    }
    unsigned long number = strtoul(text, &end, 10);
    if (end != text && *end == '\0' && number < DOMID_FIRST_RESERVED &&
        ctl_domain_get_info(number, &info) == 0) {
        *domid = number;
        return 0;
    }
    log_error("no such domain: '%s' (see 'xl list')", text);
    return -1;
}

int domain_destroy(domid_t domid, int reason)
{
    struct domain *d = domain_find_id(domid);

    /* Stop it first: then what the console holds is complete. */
    ctl_domain_pause(domid);
    if (d) {
        pvcon_close(d->console, reason);
        xsnodes_remove(domid, d->config.uuid);
    }
    int rc = ctl_domain_destroy(domid);
    if (d && (rc == 0 || rc == -XEN_ESRCH))
        domain_remove(d);
    return rc;
}

const char *domain_reason_name(int reason)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",
        [SHUTDOWN_suspend] = "suspend",   [SHUTDOWN_crash] = "crash",
        [SHUTDOWN_watchdog] = "watchdog", [SHUTDOWN_soft_reset] = "soft-reset",
    };

    if (reason >= 0 && reason <= SHUTDOWN_MAX)
        return names[reason];
    return reason == CONSOLE_DESTROYED ? "destroyed" : "unknown";
}
