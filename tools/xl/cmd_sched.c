/* SPDX-License-Identifier: MIT */
/*
 * cmd_sched.c - xl sched-credit2 and xl vcpu-pin: who gets how much of the
 * CPUs, and of which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libctl/libctl.h"
#include "libxl/domain.h"
#include "libxl/log.h"
#include "xl/cmdtable.h"
#include "libxl/cpulist.h"
#include "xl/xl.h"

#define LIST_CHUNK 16

static int print_share(domid_t domid)
{
    uint16_t weight, cap;
    int rc = ctl_sched_get(domid, &weight, &cap);

    if (rc == 0)
        printf("%-33s %4u %6u %4u\n", domain_name(domid), domid, weight, cap);
    return rc;
}

static void print_header(void)
{
    printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
}

static int print_shares(void)
{
    struct xen_domctl_getdomaininfo info[LIST_CHUNK];
    domid_t first = 0;
    int nr;

    print_header();
    do {
        nr = ctl_domain_list(first, info, LIST_CHUNK);
        for (int i = 0; i < nr; i++) {
            first = info[i].domain + 1;
            int rc = print_share(info[i].domain);
            if (rc < 0)
                return rc;
        }
    } while (nr == LIST_CHUNK);
    return nr < 0 ? nr : 0;
}

/* A number of at most @max; false: something else. */
static bool parse_number(const char *text, unsigned int max, uint16_t *value)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    *value = n;
    return *text >= '0' && *text <= '9' && *end == '\0' && n <= max;
}

int cmd_sched_credit2(struct xl_call *call)
{
    const char *name = xl_value(call, 'd'), *w = xl_value(call, 'w'), *c = xl_value(call, 'c');
    uint16_t weight, cap;
    domid_t domid;
    int rc;

    if (!name && (w || c)) {
        log_error("-w and -c need a domain (see 'xl help sched-credit2')");
        return XL_USAGE;
    }
    if (!name) {
        rc = print_shares();
        if (rc < 0)
            log_error("cannot read the scheduler's settings: %s", ctl_strerror(rc));
        return rc < 0 ? XL_FAILED : XL_OK;
    }
    if (domain_resolve(name, &domid) < 0)
        return XL_FAILED;
    rc = ctl_sched_get(domid, &weight, &cap);
    if (rc == 0 && w && (!parse_number(w, 65535, &weight) || !weight)) {
        log_error("a weight is a number from 1 to 65535, not '%s'", w);
        return XL_FAILED;
    }
    if (rc == 0 && c && !parse_number(c, 65535, &cap)) {
        log_error("a cap is a number of percent, not '%s'", c);
        return XL_FAILED;
    }
    if (rc == 0 && (w || c))
        rc = ctl_sched_set(domid, weight, cap);
    else if (rc == 0) {
        print_header();
        rc = print_share(domid);
    }
    if (rc < 0)
        log_error("cannot change or read domain '%s': %s", name, ctl_strerror(rc));
    return rc < 0 ? XL_FAILED : XL_OK;
}

int cmd_vcpu_pin(struct xl_call *call)
{
    struct xen_domctl_getdomaininfo info;
    const char *which = call->argv[1];
    uint16_t first = 0, last;
    uint64_t cpus;
    domid_t domid;

    if (domain_resolve(call->argv[0], &domid) < 0)
        return XL_FAILED;
    if (cpulist_parse(call->argv[2], &cpus) < 0) {
        log_error("'%s' is no list of CPUs, such as all or 0-2,5", call->argv[2]);
        return XL_FAILED;
    }
    int rc = ctl_domain_get_info(domid, &info);
    last = rc == 0 ? info.max_vcpu_id : 0;
    if (strcmp(which, "all") != 0) {
        if (!parse_number(which, last, &first)) {
            log_error("'%s' is no vCPU of domain '%s'", which, call->argv[0]);
            return XL_FAILED;
        }
        last = first;
    }
    for (uint32_t i = first; rc == 0 && i <= last; i++)
        rc = ctl_vcpu_set_affinity(domid, i, cpus);
    if (rc < 0)
        log_error("cannot pin domain '%s' to CPUs %s: %s", call->argv[0], call->argv[2],
                  ctl_strerror(rc));
    return rc < 0 ? XL_FAILED : XL_OK;
}
