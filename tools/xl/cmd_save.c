/* SPDX-License-Identifier: MIT */
/*
 * cmd_save.c - xl save and xl restore: options and messages.
 */
#include <stdio.h>
#include <stdlib.h>

#include "libxl/host.h"
#include "libxl/log.h"
#include "libxl/save.h"
#include "plat.h"
#include "xenstored/xenstored.h"
#include "xl/cmdtable.h"
#include "xl/parse.h"
#include "xl/xl.h"

#define QUIET_TRIES 1000

static struct domain *find_domain(const char *text)
{
    domid_t domid;

    if (domain_resolve(text, &domid) < 0)
        return NULL;
    struct domain *d = domain_find_id(domid);
    if (!d || d->state != DOMAIN_ALIVE)
        log_error("cannot save '%s': no running domain of this toolstack", text);
    else if (d->config.type == DOMAIN_PV)
        log_error("cannot save '%s': only HVM and PVH domains can be saved", text);
    else
        return d;
    return NULL;
}

/* Pause it where no request to xenstore is half done: what the server has
 * taken is not in the file.  A guest that sends half requests only is told. */
static int pause_quiet(domid_t domid)
{
    for (unsigned int tries = 0; tries < QUIET_TRIES; tries++) {
        int rc = ctl_domain_pause(domid);

        if (rc < 0 || xenstored_quiet(domid))
            return rc;
        rc = ctl_domain_unpause(domid);
        if (rc < 0)
            return rc;
        plat_wait(1);
    }
    return -XEN_EBUSY;
}

int cmd_save(struct xl_call *call)
{
    struct domain *d = find_domain(call->argv[0]);
    const char *path = call->argv[1];

    if (!d)
        return XL_FAILED;
    int rc = pause_quiet(d->domid);
    if (rc < 0) {
        log_error("%s: cannot pause it: %s", d->config.name, ctl_strerror(rc));
        return XL_FAILED;
    }
    printf("Saving to %s\n", path);
    bool saved = domain_save(d, path) == 0;
    if (!saved || xl_given(call, 'c'))
        rc = ctl_domain_unpause(d->domid);
    else if (!xl_given(call, 'p'))
        rc = domain_destroy(d->domid, SHUTDOWN_suspend);
    if (rc < 0)
        log_error("domain '%s' stays paused: %s", call->argv[0], ctl_strerror(rc));
    return saved && rc == 0 ? XL_OK : XL_FAILED;
}

/* The file is whole and its configuration makes sense: make the domain. */
static int restore(struct xl_call *call, const struct stream *saved)
{
    const char *path = call->argv[0];
    struct domain_config config = {0};
    struct cfg cfg = {NULL};
    struct parse_error error;
    struct domain *d;
    int rc = -1;

    if (parse_cfg(&cfg, path, saved->config, saved->config_len, &error) < 0)
        report_place(true, error.place, error.text);
    else if (config_build(&config, &cfg, path, report_place) == 0) {
        if (config.type == DOMAIN_PV)
            log_error("cannot restore '%s': only HVM and PVH domains can be saved", path);
        else
            rc = domain_restore(&config, saved, xl_given(call, 'p'), &d);
    }
    config_free(&config);
    cfg_free(&cfg);
    return rc;
}

int cmd_restore(struct xl_call *call)
{
    const char *path = call->argv[0];
    struct stream saved;
    char why[200];
    size_t len;
    int rc = -1;

    char *file = host_read_file(path, &len, why, sizeof(why));
    if (!file) {
        log_error("%s", why);
        return XL_FAILED;
    }
    printf("Restoring from %s\n", path);
    const char *bad = stream_parse(file, len, &saved);
    if (bad)
        log_error("cannot restore '%s': %s", path, bad);
    else
        rc = restore(call, &saved);
    free(file);
    return rc < 0 ? XL_FAILED : XL_OK;
}
