/* SPDX-License-Identifier: MIT */
/*
 * cmd_domain.c - commands on one existing domain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/domain.h"
#include "libxl/log.h"
#include "plat.h"
#include "xl/attach.h"
#include "xl/cmdtable.h"
#include "xl/xl.h"

/* Resolve the first argument, do @act, tell @what failed. */
static int act_on_domain(struct xl_call *call, int (*act)(domid_t domid), const char *what)
{
    domid_t domid;

    if (domain_resolve(call->argv[0], &domid) < 0)
        return XL_FAILED;
    if (domid == 0) {
        log_error("cannot %s Domain-0, which runs this command", what);
        return XL_FAILED;
    }
    int rc = act(domid);
    if (rc < 0) {
        log_error("cannot %s domain '%s': %s", what, call->argv[0], ctl_strerror(rc));
        return XL_FAILED;
    }
    return XL_OK;
}

int cmd_pause(struct xl_call *call)
{
    return act_on_domain(call, ctl_domain_pause, "pause");
}

int cmd_unpause(struct xl_call *call)
{
    return act_on_domain(call, ctl_domain_unpause, "unpause");
}

static int destroy(domid_t domid)
{
    return domain_destroy(domid, CONSOLE_DESTROYED);
}

int cmd_destroy(struct xl_call *call)
{
    return act_on_domain(call, destroy, "destroy");
}

int cmd_domid(struct xl_call *call)
{
    domid_t domid;

    if (domain_resolve(call->argv[0], &domid) < 0)
        return XL_FAILED;
    printf("%u\n", domid);
    return XL_OK;
}

int cmd_domname(struct xl_call *call)
{
    domid_t domid;

    if (domain_resolve(call->argv[0], &domid) < 0)
        return XL_FAILED;
    printf("%s\n", domain_name(domid));
    return XL_OK;
}

/* "^]", "^A" or a single character; -1 for anything else. */
static int parse_escape(const char *text)
{
    if (text[0] == '^' && text[1] >= '@' && text[1] <= '_' && !text[2])
        return text[1] - '@';
    if (text[0] == '^' && text[1] >= 'a' && text[1] <= 'z' && !text[2])
        return text[1] - 'a' + 1;
    return text[0] && !text[1] ? text[0] : -1;
}

/* A console by name, or by the number of a domain that is there. */
static struct pvcon *find_console(const char *text)
{
    struct pvcon *console = pvcon_find(text);
    domid_t domid;

    if (console)
        return console;
    if (domain_resolve(text, &domid) < 0)
        return NULL;
    struct domain *d = domain_find_id(domid);
    if (!d || !d->console) {
        log_error("domain '%s' has no console that this toolstack knows", text);
        return NULL;
    }
    return pvcon_get(d->console);
}

int cmd_console(struct xl_call *call)
{
    const char *type = xl_value(call, 't'), *num = xl_value(call, 'n');
    int escape = xl_value(call, 'e') ? parse_escape(xl_value(call, 'e')) : ATTACH_ESCAPE;

    if (escape < 0 || (type && strcmp(type, "pv") != 0) || (num && strcmp(num, "0") != 0)) {
        log_error("no such console or escape character (see 'xl help console')");
        return XL_USAGE;
    }
    struct pvcon *console = find_console(call->argv[0]);
    if (!console)
        return XL_FAILED;
    /*
     * Nothing goes to stdout but the guest's output, whose last line programs
     * look at.
     */
    attach_console(console, escape);
    pvcon_put(console);
    return XL_OK;
}
