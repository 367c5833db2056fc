/* SPDX-License-Identifier: MIT */
/*
 * cmd_shutdown.c - xl shutdown and xl reboot: a domain is asked by xenstore,
 * and does as it likes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "libxl/domain.h"
#include "libxl/log.h"
#include "libxl/xsnodes.h"
#include "xenstored/xenstored.h"
#include "xl/attach.h"
#include "xl/cmdtable.h"
#include "xl/xl.h"

#include <xen/hvm/params.h>

struct wish {
    const char *what; /* for control/shutdown */
    unsigned int reason;
};

/*
 * As in Xen PV and PVH kernels are taken to look; of an HVM guest there must
 * be a sign: it uses xenstore, or it wants upcalls.
 */
static bool can_be_asked(const struct domain *d)
{
    uint64_t callback = 0;

    if (!d || d->config.type != DOMAIN_HVM)
        return d != NULL;
    return xenstored_used(d->domid) ||
           (ctl_hvm_get_param(d->domid, HVM_PARAM_CALLBACK_IRQ, &callback) == 0 && callback != 0);
}

/* Ask one domain; with @fallback one that cannot be asked is ended. */
static int ask(domid_t domid, const struct wish *wish, bool fallback)
{
    const char *name = domain_name(domid);
    bool asked = can_be_asked(domain_find_id(domid));
    int rc;

    if (!asked && !fallback) {
        log_error("domain '%s' shows no use of xenstore and cannot be asked (-F ends it at once)",
                  name);
        return XL_FAILED;
    }
    if (asked)
        rc = xsnodes_ask(domid, wish->what);
    else
        rc = ctl_domain_shutdown(domid, wish->reason);
    if (rc < 0) {
        log_error("cannot %s domain '%s': %s", wish->what, name, ctl_strerror(rc));
        return XL_FAILED;
    }
    return XL_OK;
}

/* Ask @domid, and keep its console for the wait. */
static int ask_and_keep(struct xl_call *call, const struct wish *wish, domid_t domid,
                        struct pvcon **console)
{
    const struct domain *d = domain_find_id(domid);

    if (d && d->console && xl_given(call, 'w'))
        *console = pvcon_get(d->console);
    int result = ask(domid, wish, xl_given(call, 'F'));
    if (result != XL_OK) {
        pvcon_put(*console);
        *console = NULL;
    }
    return result;
}

static int ask_all(struct xl_call *call, const struct wish *wish, struct pvcon **consoles)
{
    int result = XL_OK;

    for (struct domain *d = domain_each(NULL); d; d = domain_each(d)) {
        if (d->state == DOMAIN_ALIVE && ask_and_keep(call, wish, d->domid, consoles++) != XL_OK)
            result = XL_FAILED;
    }
    return result;
}

static int ask_one(struct xl_call *call, const struct wish *wish, struct pvcon **console)
{
    domid_t domid;

    if (domain_resolve(call->argv[0], &domid) < 0)
        return XL_FAILED;
    if (domid == 0) {
        log_error("cannot %s Domain-0, which runs this command", wish->what);
        return XL_FAILED;
    }
    return ask_and_keep(call, wish, domid, console);
}

static int run(struct xl_call *call, const struct wish *wish)
{
    bool all = xl_given(call, 'a');
    size_t nr = 1;

    if (all == (call->argc == 1)) {
        log_error("either a domain or -a is needed (see 'xl help %s')", call->command->name);
        return XL_USAGE;
    }
    for (struct domain *d = domain_each(NULL); d && all; d = domain_each(d))
        nr++;
    struct pvcon **consoles = calloc(nr, sizeof(*consoles));
    if (!consoles) {
        log_error("not enough memory in dom0");
        return XL_FAILED;
    }
    int result = all ? ask_all(call, wish, consoles) : ask_one(call, wish, consoles);
    bool waiting = true;
    for (size_t i = 0; i < nr; i++) {
        waiting = waiting && (!consoles[i] || attach_wait_end(consoles[i]));
        pvcon_put(consoles[i]);
    }
    free(consoles);
    return waiting ? result : XL_FAILED;
}

int cmd_shutdown(struct xl_call *call)
{
    static const struct wish wish = {"poweroff", SHUTDOWN_poweroff};

    return run(call, &wish);
}

int cmd_reboot(struct xl_call *call)
{
    static const struct wish wish = {"reboot", SHUTDOWN_reboot};

    return run(call, &wish);
}
