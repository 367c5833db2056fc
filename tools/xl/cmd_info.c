/* SPDX-License-Identifier: MIT */
/*
 * cmd_info.c - xl info, xl dmesg and xl debug-keys: the host.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libctl/libctl.h"
#include "libxl/host.h"
#include "libxl/log.h"
#include "xl/cmdtable.h"
#include "xl/xl.h"

#ifndef CAIRN_VERSION
#define CAIRN_VERSION "unknown"
#endif

/* Which field is asked for (NULL: all), and whether it was there. */
struct fields {
    const char *wanted;
    bool found;
};

__attribute__((format(printf, 3, 4))) static void field(struct fields *f, const char *name,
                                                        const char *format, ...)
{
    va_list args;

    if (f->wanted && strcmp(f->wanted, name) != 0)
        return;
    f->found = true;
    if (!f->wanted)
        printf("%-22s : ", name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

static void print_virt_caps(struct fields *f, uint32_t caps)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {XEN_SYSCTL_PHYSCAP_pv, "pv"},
        {XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
        {XEN_SYSCTL_PHYSCAP_hap, "hap"},
        {XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
        {XEN_SYSCTL_PHYSCAP_directio, "directio"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
    };
    char text[100] = "";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (caps & names[i].bit)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", *text ? " " : "",
                     names[i].name);
    }
    field(f, "virt_caps", "%s", text);
    if (!(caps & XEN_SYSCTL_PHYSCAP_hvm)) {
        char reason[120];

        host_hvm_reason(reason, sizeof(reason));
        field(f, "hvm_unavailable", "%s", reason);
    }
}

/* Memory of dom0 and of what is neither free nor any domain's. */
static void print_memory_use(struct fields *f, const struct xen_sysctl_physinfo *host)
{
    struct xen_domctl_getdomaininfo info[16];
    uint64_t domains = 0, dom0 = 0;
    domid_t first = 0;
    int nr;

    do {
        nr = ctl_domain_list(first, info, 16);
        for (int i = 0; i < nr; i++) {
            domains += info[i].tot_pages;
            dom0 += info[i].domain == 0 ? info[i].tot_pages : 0;
            first = info[i].domain + 1;
        }
    } while (nr == 16);
    uint64_t used = host->total_pages - host->free_pages;
    field(f, "xen_memory_used_kib", "%llu",
          (unsigned long long)(used > domains ? used - domains : 0) * 4);
    field(f, "dom0_memory_used_kib", "%llu", (unsigned long long)dom0 * 4);
}

static int print_host(struct fields *f)
{
    struct xen_sysctl_physinfo host;
    const uint32_t *cap = host.hw_cap;

    int rc = ctl_host_get_info(&host);
    if (rc < 0) {
        log_error("cannot ask the hypervisor about the host: %s", ctl_strerror(rc));
        return -1;
    }
    field(f, "host", "dom0");
    field(f, "release", "%s", CAIRN_VERSION);
    field(f, "version", "Cairn dom0");
    field(f, "machine", "x86_64");
    field(f, "nr_cpus", "%u", host.nr_cpus);
    field(f, "max_cpu_id", "%u", host.max_cpu_id);
    field(f, "nr_nodes", "%u", host.nr_nodes);
    field(f, "cores_per_socket", "%u", host.cores_per_socket);
    field(f, "threads_per_core", "%u", host.threads_per_core);
    field(f, "cpu_mhz", "%u.%03u", host.cpu_khz / 1000, host.cpu_khz % 1000);
    field(f, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", cap[0], cap[1], cap[2], cap[3],
          cap[4], cap[5], cap[6], cap[7]);
    print_virt_caps(f, host.capabilities);
    field(f, "total_memory", "%llu", (unsigned long long)(host.total_pages >> 8));
    field(f, "free_memory", "%llu", (unsigned long long)(host.free_pages >> 8));
    field(f, "free_memory_kib", "%llu", (unsigned long long)(host.free_pages * 4));
    field(f, "scrub_memory_kib", "%llu", (unsigned long long)(host.scrub_pages * 4));
    print_memory_use(f, &host);
    return 0;
}

static const char *scheduler_name(void)
{
    static const char *const names[] = {
        [4] = "sedf", [5] = "credit", [6] = "credit2", [7] = "arinc653", [8] = "rtds", [9] = "null",
    };
    uint32_t id;

    if (ctl_host_get_scheduler(&id) < 0 || id >= sizeof(names) / sizeof(names[0]) || !names[id])
        return "unknown";
    return names[id];
}

static void print_xen(struct fields *f)
{
    static union {
        xen_extraversion_t extra;
        xen_capabilities_info_t caps;
        xen_changeset_info_t changeset;
        xen_commandline_t cmdline;
        struct xen_compile_info compile;
        struct xen_platform_parameters platform;
    } u;
    unsigned long version = ctl_version(XENVER_version, NULL);
    unsigned int major = version >> 16 & 0xffff, minor = version & 0xffff;

    memset(&u, 0, sizeof(u));
    ctl_version(XENVER_extraversion, &u.extra);
    field(f, "xen_major", "%u", major);
    field(f, "xen_minor", "%u", minor);
    field(f, "xen_extra", "%.16s", u.extra);
    field(f, "xen_version", "%u.%u%.16s", major, minor, u.extra);
    memset(&u, 0, sizeof(u));
    ctl_version(XENVER_capabilities, &u.caps);
    field(f, "xen_caps", "%.1023s", u.caps);
    field(f, "xen_scheduler", "%s", scheduler_name());
    field(f, "xen_pagesize", "%ld", ctl_version(XENVER_pagesize, NULL));
    memset(&u, 0, sizeof(u));
    ctl_version(XENVER_platform_parameters, &u.platform);
    field(f, "platform_params", "virt_start=0x%lx", (unsigned long)u.platform.virt_start);
    memset(&u, 0, sizeof(u));
    ctl_version(XENVER_changeset, &u.changeset);
    field(f, "xen_changeset", "%.63s", u.changeset);
    memset(&u, 0, sizeof(u));
    ctl_version(XENVER_commandline, &u.cmdline);
    field(f, "xen_commandline", "%.1023s", u.cmdline);
    memset(&u, 0, sizeof(u));
    ctl_version(XENVER_compile_info, &u.compile);
    field(f, "cc_compiler", "%.63s", u.compile.compiler);
    field(f, "cc_compile_by", "%.15s", u.compile.compile_by);
    field(f, "cc_compile_domain", "%.31s", u.compile.compile_domain);
    field(f, "cc_compile_date", "%.31s", u.compile.compile_date);
    field(f, "xend_config_format", "4");
}

int cmd_info(struct xl_call *call)
{
    struct fields f = {.wanted = call->argc ? call->argv[0] : NULL};

    if (print_host(&f) < 0)
        return XL_FAILED;
    print_xen(&f);
    if (f.wanted && !f.found) {
        log_error("no field '%s' (see 'xl info')", f.wanted);
        return XL_FAILED;
    }
    return XL_OK;
}

int cmd_dmesg(struct xl_call *call)
{
    int rc;
    char *text = host_read_ring(xl_given(call, 'c'), &rc);

    if (!text) {
        log_error("cannot read the hypervisor's messages: %s", ctl_strerror(rc));
        return XL_FAILED;
    }
    fputs(text, stdout);
    free(text);
    return XL_OK;
}

int cmd_debug_keys(struct xl_call *call)
{
    int rc = ctl_debug_keys(call->argv[0]);

    if (rc < 0) {
        log_error("cannot press '%s': %s", call->argv[0], ctl_strerror(rc));
        return XL_FAILED;
    }
    return XL_OK;
}
