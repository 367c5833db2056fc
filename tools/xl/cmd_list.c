/* SPDX-License-Identifier: MIT */
/*
 * cmd_list.c - xl list and xl vcpu-list, with Xen's columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/domain.h"
#include "libxl/log.h"
#include "xl/cmdtable.h"
#include "libxl/cpulist.h"
#include "xl/json.h"
#include "xl/xl.h"

#define LIST_CHUNK 16

typedef struct xen_domctl_getdomaininfo domain_info;

static int shutdown_reason(const domain_info *info)
{
    return info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

/* Seconds with one digit, without floating point. */
static void print_time(uint64_t ns, int width)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu.%u", (unsigned long long)(ns / 1000000000),
             (unsigned int)(ns / 100000000 % 10));
    printf("%*s", width, text);
}

static void print_domain(const domain_info *info, bool verbose)
{
    uint32_t f = info->flags;
    bool down = f & XEN_DOMINF_shutdown;
    bool crashed = down && shutdown_reason(info) == SHUTDOWN_crash;

    printf("%-40s %5u %5llu %5u     %c%c%c%c%c%c  ", domain_name(info->domain), info->domain,
           (unsigned long long)(info->tot_pages >> 8), info->nr_online_vcpus,
           f & XEN_DOMINF_running ? 'r' : '-', f & XEN_DOMINF_blocked ? 'b' : '-',
           f & XEN_DOMINF_paused ? 'p' : '-', down && !crashed ? 's' : '-', crashed ? 'c' : '-',
           f & XEN_DOMINF_dying ? 'd' : '-');
    print_time(info->cpu_time, 8);
    if (verbose) {
        printf(" ");
        for (unsigned int i = 0; i < 16; i++)
            printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", info->handle[i]);
        printf(" %s", down ? domain_reason_name(shutdown_reason(info)) : "-");
    }
    printf("\n");
}

static void print_json_domain(struct json *j, const domain_info *info)
{
    struct domain *d = domain_find_id(info->domain);

    json_begin(j, NULL, '{');
    json_number(j, "domid", info->domain);
    if (d) {
        json_config(j, "config", &d->config);
    } else {
        json_begin(j, "config", '{');
        json_begin(j, "c_info", '{');
        json_string(j, "type", info->flags & XEN_DOMINF_hvm_guest ? "hvm" : "pv");
        json_string(j, "name", domain_name(info->domain));
        json_end(j, '}');
        json_begin(j, "b_info", '{');
        json_number(j, "max_vcpus", info->max_vcpu_id + 1);
        json_number(j, "target_memkb", info->tot_pages * 4);
        json_end(j, '}');
        json_end(j, '}');
    }
    json_end(j, '}');
}

static void print_vcpus(const domain_info *info)
{
    static uint32_t nr_cpus;
    struct xen_sysctl_physinfo host;

    if (!nr_cpus && ctl_host_get_info(&host) == 0)
        nr_cpus = host.max_cpu_id + 1;
    for (uint32_t i = 0; i <= info->max_vcpu_id && info->max_vcpu_id != XEN_INVALID_MAX_VCPU_ID;
         i++) {
        struct xen_domctl_getvcpuinfo vcpu;

        if (ctl_vcpu_get_info(info->domain, i, &vcpu) < 0)
            continue;
        printf("%-32s %5u %5u", domain_name(info->domain), info->domain, i);
        if (vcpu.online)
            printf(" %5u   %c%c- ", vcpu.cpu, vcpu.running ? 'r' : '-', vcpu.blocked ? 'b' : '-');
        else
            printf(" %5c   %c%cp ", '-', '-', '-');
        print_time(vcpu.cpu_time, 9);
        uint64_t cpus = ~0ull;
        char text[64];

        ctl_vcpu_get_affinity(info->domain, i, &cpus);
        cpulist_print(cpus, nr_cpus, text, sizeof(text));
        printf(" %s / all\n", text);
    }
}

enum list_form { FORM_TABLE, FORM_VERBOSE, FORM_JSON, FORM_VCPUS };

/* Print all domains, or only @only if @one.  Returns an enum xl_exit. */
static int list_domains(enum list_form form, bool one, domid_t only)
{
    domain_info info[LIST_CHUNK];
    struct json j = {.out = stdout};
    domid_t first = one ? only : 0;
    int nr;

    if (form == FORM_JSON)
        json_begin(&j, NULL, '[');
    do {
        nr = ctl_domain_list(first, info, one ? 1 : LIST_CHUNK);
        for (int i = 0; i < nr; i++) {
            first = info[i].domain + 1;
            if (one && info[i].domain != only)
                continue;
            if (form == FORM_JSON)
                print_json_domain(&j, &info[i]);
            else if (form == FORM_VCPUS)
                print_vcpus(&info[i]);
            else
                print_domain(&info[i], form == FORM_VERBOSE);
        }
    } while (!one && nr == LIST_CHUNK);
    if (form == FORM_JSON)
        json_end(&j, ']');
    if (nr < 0) {
        log_error("cannot list the domains: %s", ctl_strerror(nr));
        return XL_FAILED;
    }
    return XL_OK;
}

int cmd_list(struct xl_call *call)
{
    enum list_form form = xl_given(call, 'l')   ? FORM_JSON
                          : xl_given(call, 'v') ? FORM_VERBOSE
                                                : FORM_TABLE;
    domid_t only = 0;

    if (call->argc && domain_resolve(call->argv[0], &only) < 0)
        return XL_FAILED;
    if (form != FORM_JSON)
        printf("%-40s %5s %5s %5s\tState\tTime(s)%s\n", "Name", "ID", "Mem", "VCPUs",
               form == FORM_VERBOSE ? " UUID                                 Reason" : "");
    return list_domains(form, call->argc > 0, only);
}

int cmd_vcpu_list(struct xl_call *call)
{
    domid_t only = 0;

    if (call->argc && domain_resolve(call->argv[0], &only) < 0)
        return XL_FAILED;
    printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
           "Affinity (Hard / Soft)");
    return list_domains(FORM_VCPUS, call->argc > 0, only);
}
